import type { TopicName } from '../../schemas/topics.ts'
import type { Bus, Logged } from '../../src/ports/bus.ts'
import { FeaturesWorker, type FeaturesOptions } from '../../src/workers/features/features-worker.ts'
import type { StreamOutput } from '../../src/workers/features/partition-stream.ts'
import { decode } from '../../src/wire/index.ts'
import { realClock } from '../real-clock.ts'
import { silentLog } from '../silent-log.ts'
import { rowBits } from '../streams/reduce.ts'

/** Every message that a topic has by now, partition after partition. */
export async function messagesOf(bus: Bus, topic: TopicName): Promise<Logged[]> {
  const all: Logged[] = []
  for (let partition = 0; partition < (await bus.partitions(topic)); partition++) {
    const { first, next } = await bus.offsets(topic, partition)
    if (first === next) continue
    for await (const messages of bus.read(topic, partition, { from: first, until: 'end' })) all.push(...messages)
  }
  return all
}

/** Outputs of the features workers as they stand on the bus. */
export async function loggedOutputs(bus: Bus): Promise<StreamOutput[]> {
  const messages = [...(await messagesOf(bus, 'minutes')), ...(await messagesOf(bus, 'days'))]
  return messages.map(({ value }) => decode(value) as unknown as StreamOutput)
}

/** Bits of the last row under each key, by instrument: comparable whatever the number of partitions. */
export const loggedBits = async (bus: Bus): Promise<Map<string, string>> => rowBits(await loggedOutputs(bus))

/** Keys that stand in a topic more than once, and those of them whose repeats differ. */
export async function repeats(bus: Bus, topic: TopicName): Promise<{ repeated: string[]; differing: string[] }> {
  const first = new Map<string, Uint8Array>()
  const repeated: string[] = []
  const differing: string[] = []
  for (const { partition, key, value } of await messagesOf(bus, topic)) {
    const place = `${partition} ${key}`
    const known = first.get(place)
    if (known === undefined) first.set(place, value)
    else {
      repeated.push(place)
      if (Buffer.compare(known, value) !== 0) differing.push(place)
    }
  }
  return { repeated, differing }
}

/** A features worker in this process that ends with the day. */
export const featuresOf = (bus: Bus, more: Partial<FeaturesOptions> = {}): FeaturesWorker =>
  new FeaturesWorker({
    bus,
    clock: realClock,
    log: silentLog,
    profile: 'cn',
    sizing: 'order',
    snapshotIntervalMs: Infinity,
    end: 'until-close',
    minuteRows: true,
    ...more,
  })
