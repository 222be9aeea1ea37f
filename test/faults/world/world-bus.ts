import { ClosebellError } from '../../../schemas/errors.ts'
import type { TopicName } from '../../../schemas/topics.ts'
import type { Bus, Logged, Outgoing, ReadOptions } from '../../../src/ports/bus.ts'
import type { Groups } from './groups.ts'
import type { Process } from './process.ts'
import type { PartitionLog, WorldLog } from './world-log.ts'

/** Messages that one request carries and one answer brings. */
export interface Sizes {
  readonly send: number
  readonly fetch: number
}

const unreachable = (): Error =>
  new ClosebellError('CB_BUS_UNREACHABLE', 'the broker gave no answer', { retriable: true })

/** The bus as one process sees it. */
export function busOf(process: Process, log: WorldLog, groups: Groups, sizes: Sizes): Bus {
  const ask = <T>(effect: () => T): Promise<T> => process.call(effect, unreachable)
  const bus: Bus = {
    createTopics: async () => undefined,
    partitions: (topic) => ask(() => log.topics.get(topic)?.length ?? 0),
    publish: async (topic, messages) => {
      const byPartition = new Map<number, Outgoing[]>()
      for (const message of messages) {
        const known = byPartition.get(message.partition)
        if (known === undefined) byPartition.set(message.partition, [message])
        else known.push(message)
      }
      const sent = [...byPartition].map(([partition, own]) => send(process, log, topic, partition, own, sizes.send))
      return (await Promise.all(sent))[0] ?? 0
    },
    read: (topic, partition, options) => read(process, log, topic, partition, options, sizes.fetch),
    offsets: (topic, partition) => ask(() => ({ first: 0, next: log.partition(topic, partition).next })),
    offsetOfDate: (topic, partition, date) => ask(() => log.partition(topic, partition).offsetOfDate(date)),
    committed: (_topic, group) => ask(() => groups.committedBy(group)),
    join: (topic, group, handlers) => ask(() => groups.join({ topic, group, process, bus, handlers })),
    close: async () => undefined,
  }
  return bus
}

/** Request after request, each of which is appended whole or not at all. */
async function send(
  process: Process,
  log: WorldLog,
  topic: TopicName,
  partition: number,
  messages: readonly Outgoing[],
  size: number,
): Promise<number> {
  let first = -1
  for (let at = 0; at < messages.length; at += size) {
    const part = messages.slice(at, at + size)
    const offset = await process.call(
      (fault) => {
        if (fault?.act === 'repeat') log.append(topic, partition, part)
        return log.append(topic, partition, part)
      },
      unreachable,
      `${topic}/${partition}`,
    )
    if (first < 0) first = offset
  }
  return first
}

async function* read(
  process: Process,
  log: WorldLog,
  topic: TopicName,
  partition: number,
  { from, until, signal }: ReadOptions,
  size: number,
): AsyncGenerator<readonly Logged[]> {
  const kept = log.partition(topic, partition)
  if (from > kept.next) throw new ClosebellError('CB_BUS_GAP', `offset ${from} of ${topic}/${partition} is not there`)
  const stop = until === 'end' ? kept.next : Infinity
  const isOver = (): boolean => signal?.aborted === true
  for (let at = from; at < stop && !isOver();) {
    if (at === kept.next) await more(process, kept, signal)
    else {
      const messages = await process.call(() => kept.messages.slice(at, Math.min(stop, at + size)), unreachable)
      if (isOver()) return
      at += messages.length
      yield messages
    }
  }
}

/** Resolves when a partition has a message more, or the signal comes. */
const more = (process: Process, log: PartitionLog, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    const stop = (): void => resolve()
    signal?.addEventListener('abort', stop, { once: true })
    log.waiting.push(() => {
      signal?.removeEventListener('abort', stop)
      void process.wait(1).then(resolve)
    })
  })
