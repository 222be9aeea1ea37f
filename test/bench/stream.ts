import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FlowSizing } from '../../schemas/rows.ts'
import { openKafka } from '../../src/bus/kafka/index.ts'
import { systemClock } from '../../src/compose/clock.ts'
import type { Bus, Outgoing } from '../../src/ports/bus.ts'
import type { Log } from '../../src/ports/log.ts'
import { down, up } from '../../src/services/index.ts'
import { ColumnRoom, decode, kindOf } from '../../src/wire/index.ts'
import { loadDate, LoadMarket, type LoadOptions } from './load/market.ts'
import { costOf, machine, say } from './measure.ts'
import type { FromMember, MemberOptions, ToMember } from './stream-member.ts'

const partitions = 2
const full: LoadOptions = { seed: 20261130, instruments: 5500, parents: 10_000_000, partitions }
const tradesOnly: LoadOptions = { ...full, isTradesOnly: true }
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

interface Run {
  readonly name: string
  /** Deployment that holds the market. */
  readonly market: string
  readonly sizing: FlowSizing
  readonly members: number
  readonly written: Written
}

interface Broker {
  readonly address: string
  readonly pid: number
}

/** Features workers of one group, from the first tick in Kafka until the rows of the last minute are back there. */
async function work({ name, market, sizing, members, written }: Run, out: Bus, broker: Broker) {
  await out.createTopics(partitions)
  // What the runs before have written is not this one's to bring to the disk.
  execFileSync('sync')
  const options: MemberOptions = { brokers: [broker.address], market, out: name, share: partitions / members, sizing }
  const script = join(import.meta.dirname, 'stream-member.js')
  const workers = Array.from({ length: members }, () => fork(script, [JSON.stringify(options)]))
  const tell = (message: ToMember): void => workers.forEach((worker) => worker.send(message))
  const cpu = new Array<number>(members).fill(0)
  const rss = new Array<number>(members).fill(0)
  const over: Extract<FromMember, { kind: 'over' }>[] = []
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  let ready = 0
  let taken = 0
  let start = { wall: 0, broker: 0 }
  const since = () => ({
    seconds: (performance.now() - start.wall) / 1000,
    cpu_seconds: sum(cpu),
    broker_cpu_seconds: cpuSecondsOf(broker.pid) - start.broker,
    rss_mb: sum(rss),
  })
  let last = since()
  let middle = last
  const hear = (member: number, message: FromMember): void => {
    if (message.kind === 'over') over.push(message)
    else if (message.kind === 'ready') {
      if (++ready !== members) return
      start = { wall: performance.now(), broker: cpuSecondsOf(broker.pid) }
      tell('begin')
    } else {
      taken += message.messages
      cpu[member] = message.cpuSeconds
      rss[member] = message.rssMb
      if (taken <= written.messages / 2) middle = since()
      if (taken < written.messages) return
      last = since()
      tell('end')
    }
  }
  await Promise.all(
    workers.map(async (worker, member) => {
      worker.on('message', (message) => hear(member, message as FromMember))
      const [code] = (await once(worker, 'exit')) as [number]
      if (code !== 0) throw new RangeError(`a member ended with code ${code}`)
    }),
  )
  say(`${name}: ${Math.round(written.events / last.seconds)} events/s`)
  return {
    run: name,
    sizing,
    members,
    events: written.events,
    quarantined_and_late: sum(over.map(({ refused }) => refused)),
    events_per_second: Math.round(written.events / last.seconds),
    trades_per_second: Math.round(written.counts.trades / last.seconds),
    ...last,
    rss_mb_half_way: middle.rss_mb,
    rows: sum(over.map(({ rows }) => rows)),
  }
}

interface Scene {
  readonly broker: Broker
  readonly busOf: (prefix: string) => Bus
}

/** A broker of its own for each load: one that has served another for minutes has its memory and disk to tidy. */
async function onBroker<T>(play: (scene: Scene) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-bench-'))
  const buses: Bus[] = []
  try {
    const { kafka } = await up({ folder, questdb: false })
    if (kafka === null) throw new RangeError('Kafka was not started')
    const broker = { address: `${kafka.host}:${kafka.port}`, pid: kafka.pid }
    const busOf = (prefix: string): Bus => {
      const bus = openKafka({ brokers: [broker.address], prefix, clientId: 'bench', log, clock: systemClock })
      buses.push(bus)
      return bus
    }
    return await play({ broker, busOf })
  } finally {
    for (const bus of buses.reverse()) await bus.close()
    await down({ folder })
    rmSync(folder, { recursive: true, force: true })
  }
}

async function wholeMarket({ broker, busOf }: Scene) {
  const market = busOf('full')
  const written = await write(market, full)
  say(`${written.events} events, ${written.bytes} bytes`)
  const raw = await readRaw(market, false)
  const decoded = await readRaw(market, true)
  say(`read in ${raw.seconds} s, decoded in ${decoded.seconds} s`)
  const runs = []
  const all = [
    { sizing: 'order', members: 1 },
    { sizing: 'order', members: 2 },
    { sizing: 'filled', members: 2 },
  ] as const
  for (const { sizing, members } of all) {
    const name = `${sizing}-${members}`
    runs.push(await work({ name, market: 'full', sizing, members, written }, busOf(name), broker))
  }
  return { written, raw, decoded, runs }
}

async function capitalFlowAlone({ broker, busOf }: Scene) {
  const written = await write(busOf('trades'), tradesOnly)
  const runs = []
  for (const members of [1, 2]) {
    const name = `flow-${members}`
    runs.push(await work({ name, market: 'trades', sizing: 'filled', members, written }, busOf(name), broker))
  }
  return { runs }
}

/** Ticks in real Kafka to minute and day rows back in Kafka, broker included, beside what kafkajs alone can read. */
export async function stream(): Promise<object> {
  const { written, raw, decoded, runs } = await onBroker(wholeMarket)
  const flow = await onBroker(capitalFlowAlone)
  return {
    bench: 'stream',
    machine: machine(),
    load: { ...full, ...written },
    kafkajs_alone: { ...raw, events_per_second: Math.round(written.events / raw.seconds) },
    kafkajs_and_decoding: { ...decoded, events_per_second: Math.round(written.events / decoded.seconds) },
    runs: [...runs, ...flow.runs],
  }
}
