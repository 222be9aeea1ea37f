import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FlowSizing } from '../../schemas/rows.ts'
import { openKafka } from '../../src/bus/kafka/index.ts'
import { systemClock } from '../../src/compose/clock.ts'
import type { Bus, GroupHandlers, Outgoing } from '../../src/ports/bus.ts'
import type { Log } from '../../src/ports/log.ts'
import { down, up } from '../../src/services/index.ts'
import { ColumnRoom, decode, kindOf } from '../../src/wire/index.ts'
import { FeaturesWorker } from '../../src/workers/features/features-worker.ts'
import { loadDate, LoadMarket, type LoadOptions } from './load/market.ts'
import { costOf, machine, say } from './measure.ts'

const partitions = 2
const full: LoadOptions = { seed: 20261130, instruments: 5500, parents: 10_000_000, partitions }
const tradesOnly: LoadOptions = { ...full, parents: 6_000_000, isTradesOnly: true }
/** One publish carries at most this of a partition. */
const publishBytes = 900 * 1024
const ticksPerSecond = 100

const nothing = (): void => undefined
const log: Log = { debug: nothing, info: nothing, warn: (message) => say(message), error: (message) => say(message) }

/** CPU seconds of a process so far. */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Writes the market to Kafka. @returns what is there now */
async function write(bus: Bus, options: LoadOptions) {
  await bus.createTopics(partitions)
  const market = new LoadMarket(options)
  const waiting: Outgoing[][] = Array.from({ length: partitions }, () => [])
  const sizes = new Array<number>(partitions).fill(0)
  const total = { events: 0, messages: 0, bytes: 0 }
  const send = async (partition: number): Promise<void> => {
    const messages = waiting[partition].splice(0)
    sizes[partition] = 0
    if (messages.length > 0) await bus.publish('market', messages)
  }
  for (const { partition, value, events } of market.messages()) {
    // The day goes on: what is measured is a part of it.
    if (kindOf(value) === 'chainEnded') continue
    if (sizes[partition] + value.length > publishBytes) await send(partition)
    waiting[partition].push({ partition, date: loadDate, key: '', value })
    sizes[partition] += value.length
    total.events += events
    total.messages++
    total.bytes += value.length
  }
  for (let partition = 0; partition < partitions; partition++) await send(partition)
  return { ...total, counts: { ...market.counts }, seconds: market.seconds }
}

type Written = Awaited<ReturnType<typeof write>>

/** What kafkajs alone needs for the topic, and with it the decoding. */
async function readRaw(bus: Bus, isDecoding: boolean) {
  const room = new ColumnRoom()
  const { seconds, cpuSeconds } = await costOf(() =>
    Promise.all(
      Array.from({ length: partitions }, async (_, partition) => {
        for await (const messages of bus.read('market', partition, { from: 0, until: 'end' })) {
          if (!isDecoding) continue
          for (const { value } of messages) {
            const decoded = decode(value, room)
            if (decoded.kind === 'tickBatch' || decoded.kind === 'bookBatch')
              room.giveBack(decoded.value.instrument.buffer as ArrayBuffer)
          }
        }
      }),
    ),
  )
  return { seconds, cpuSeconds }
}

/** Reads the market from one bus and has everything else on another, so that a market is written once. */
const besideMarket = (market: Bus, rest: Bus, name: string, onMessages: (count: number) => void): Bus => ({
  createTopics: (count) => rest.createTopics(count),
  partitions: (topic) => (topic === 'market' ? market : rest).partitions(topic),
  publish: (topic, messages) => rest.publish(topic, messages),
  read: (topic, partition, options) => (topic === 'market' ? market : rest).read(topic, partition, options),
  offsets: (topic, partition) => (topic === 'market' ? market : rest).offsets(topic, partition),
  offsetOfDate: (topic, partition, date) => (topic === 'market' ? market : rest).offsetOfDate(topic, partition, date),
  join: (topic, group, handlers: GroupHandlers) =>
    market.join(topic, `${name}-${group}`, {
      assigned: (assignments, epoch) => handlers.assigned(assignments, epoch),
      messages: async (partition, messages, epoch) => {
        await handlers.messages(partition, messages, epoch)
        onMessages(messages.length)
      },
    }),
  close: () => rest.close(),
})

/** One features worker, from the first tick in Kafka until the rows of the last minute that was run are back there. */
async function work(market: Bus, out: Bus, name: string, sizing: FlowSizing, written: Written, broker: number) {
  await out.createTopics(partitions)
  const start = { wall: performance.now(), cpu: process.cpuUsage(), broker: cpuSecondsOf(broker) }
  const since = () => {
    const { user, system } = process.cpuUsage(start.cpu)
    return {
      seconds: (performance.now() - start.wall) / 1000,
      cpu_seconds: (user + system) / 1e6,
      broker_cpu_seconds: cpuSecondsOf(broker) - start.broker,
      rss_mb: Math.round(process.memoryUsage().rss / 2 ** 20),
    }
  }
  let taken = 0
  let last = since()
  let middle = last
  const isOver = new AbortController()
  const bus = besideMarket(market, out, name, (count) => {
    taken += count
    if (taken <= written.messages / 2) middle = since()
    if (taken < written.messages) return
    last = since()
    isOver.abort()
  })
  const worker = new FeaturesWorker({
    bus,
    clock: systemClock,
    log,
    profile: 'cn',
    sizing,
    snapshotIntervalMs: Number.POSITIVE_INFINITY,
    end: 'never',
    date: loadDate,
    minuteRows: true,
    signal: isOver.signal,
  })
  const summary = await worker.run()
  say(`${name}: ${Math.round(written.events / last.seconds)} events/s`)
  return {
    run: name,
    sizing,
    events: written.events,
    quarantined_and_late: summary.quarantined + summary.late,
    events_per_second: Math.round(written.events / last.seconds),
    trades_per_second: Math.round(written.counts.trades / last.seconds),
    ...last,
    rss_mb_half_way: middle.rss_mb,
    rows: summary.rows,
  }
}

/** Ticks in real Kafka to minute and day rows back in Kafka, broker included, beside what kafkajs alone can read. */
export async function stream(): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-bench-'))
  const buses: Bus[] = []
  try {
    const { kafka } = await up({ folder, questdb: false })
    if (kafka === null) throw new RangeError('Kafka was not started')
    const busOf = (prefix: string): Bus => {
      const brokers = [`${kafka.host}:${kafka.port}`]
      const bus = openKafka({ brokers, prefix, clientId: 'bench', log, clock: systemClock })
      buses.push(bus)
      return bus
    }
    const market = busOf('full')
    const written = await write(market, full)
    say(`${written.events} events, ${written.bytes} bytes`)
    const raw = await readRaw(market, false)
    const decoded = await readRaw(market, true)
    say(`read in ${raw.seconds} s, decoded in ${decoded.seconds} s`)
    const runs = []
    for (const sizing of ['order', 'filled'] as const)
      runs.push(await work(market, busOf(sizing), sizing, sizing, written, kafka.pid))
    const flow = busOf('trades')
    const trades = await write(flow, tradesOnly)
    runs.push(await work(flow, busOf('flow'), 'capital flow alone', 'filled', trades, kafka.pid))
    return {
      bench: 'stream',
      machine: machine(),
      load: { ...full, ...written },
      kafkajs_alone: { ...raw, events_per_second: Math.round(written.events / raw.seconds) },
      kafkajs_and_decoding: { ...decoded, events_per_second: Math.round(written.events / decoded.seconds) },
      runs,
    }
  } finally {
    for (const bus of buses.reverse()) await bus.close()
    await down({ folder })
    rmSync(folder, { recursive: true, force: true })
  }
}
