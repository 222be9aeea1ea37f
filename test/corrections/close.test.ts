import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Panel } from '../../schemas/day.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import type { Bus, Logged } from '../../src/ports/bus.ts'
import { numbers, type Store } from '../../src/ports/store.ts'
import { Random } from '../../src/simulator/random.ts'
import { simulateMarket } from '../../src/simulator/market.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { codecs } from '../../src/wire/index.ts'
import { correctDate } from '../../src/workers/correct.ts'
import { runCloseWorker } from '../../src/workers/close/close-worker.ts'
import { ModelsFolder } from '../../src/workers/models-folder.ts'
import { Sink } from '../../src/workers/sink/sink-worker.ts'
import { followDays, type SubscriptionEvent } from '../../src/workers/subscription/follow-days.ts'
import { fed } from '../faults/simulated-day.ts'
import { MemoryBus } from '../feeds/memory-bus.ts'
import { featuresOf, messagesOf } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { silentLog } from '../silent-log.ts'
import { append, correctionRecords, late, partitions } from './corrected-tape.ts'

const random = new Random(seed, 8)
const market = simulateMarket({ seed, instruments: 6, days: 2, eventsPerDay: 200, earlierDays: 5 })
const [first, second] = market.dates

interface Deployment {
  readonly bus: Bus
  readonly store: Store
  readonly folder: string
}

const open: Deployment[] = []

async function deployment(): Promise<Deployment> {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-corrected-'))
  const bus = openTape(join(folder, 'tape'), { clock: realClock })
  const store = await openDuckdb(join(folder, 'store.duckdb'))
  await store.ensureTables()
  await bus.createTopics(partitions)
  open.push({ bus, store, folder })
  return open[open.length - 1]
}

afterEach(async () => {
  for (const { bus, store, folder } of open.splice(0)) {
    await bus.close()
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

/** Both days as they came in time, by date and partition. */
async function logs(): Promise<Logged[][][]> {
  const bus = new MemoryBus()
  await fed(market, bus, partitions)
  return [first, second].map((date) => bus.log.map((messages) => messages.filter((one) => one.date === date)))
}

const closing = ({ bus, store, folder }: Deployment) => ({
  bus,
  store,
  clock: realClock,
  log: silentLog,
  profile: 'cn',
  models: new ModelsFolder(join(folder, 'models')),
  resultsTimeoutMs: 0,
})

async function close(at: Deployment, date: string): Promise<void> {
  const { bus, store } = at
  await runCloseWorker({ ...closing(at), dates: [date] })
  await new Sink(bus, store, 'live').drain(first)
}

/** Features and close of a day whose log is appended. */
async function run(at: Deployment, log: readonly Logged[][], date: string): Promise<void> {
  await append(at.bus, log)
  await featuresOf(at.bus, { date, minuteRows: false }).run()
  await close(at, date)
}

async function panelsOf(bus: Bus, date: string, revision: number): Promise<Map<string, Partial<Panel>>> {
  const panels = (await messagesOf(bus, 'panels')).map(({ value }) => codecs.panel.decode(value))
  const own = panels.filter((panel) => panel.date === date && panel.revision === revision)
  return new Map(own.map(({ set, instruments, values, quality }) => [set, { instruments, values, quality }]))
}

async function eventsOf(bus: Bus, count: number): Promise<SubscriptionEvent[]> {
  const events: SubscriptionEvent[] = []
  for await (const event of followDays({ bus, clock: realClock, from: first, sets: ['PV', 'ML_C'] })) {
    if (events.push(event) === count) break
  }
  return events
}

const seen = (events: readonly SubscriptionEvent[]) =>
  events.map((event) => (event.type === 'heartbeat' ? [event.type] : [event.type, event.date, event.revision]))

const volumes = async (store: Store, asOf?: number): Promise<Float64Array> =>
  numbers(
    await store.panel({
      table: 'pv',
      columns: ['pv_volume'],
      from: first,
      to: first,
      ...(asOf === undefined ? {} : { asOf }),
    }),
    'pv_volume',
  )

describe('a correction of a day', () => {
  it('closes it again behind a later day, whole, and leaves what was published', async () => {
    const [one, two] = await logs()
    const whole = await deployment()
    await run(whole, one, first)
    const at = await deployment()
    await run(at, late(one, random), first)
    await run(at, two, second)
    const before = await panelsOf(at.bus, first, 0)
    const known = Date.now() * 1000
    const early = await volumes(at.store)
    const cause = 'late batches'
    expect(await correctDate({ bus: at.bus, date: first, cause, retract: false })).toMatchObject({ revision: 1 })
    await featuresOf(at.bus, { date: second, minuteRows: false }).run()
    await close(at, first)
    expect(await panelsOf(at.bus, first, 1)).toEqual(await panelsOf(whole.bus, first, 0))
    expect(await panelsOf(at.bus, first, 0)).toEqual(before)
    expect(await volumes(at.store)).toEqual(await volumes(whole.store))
    expect(await volumes(at.store, known)).toEqual(early)

    await correctDate({ bus: at.bus, date: first, cause: 'not to be mended', retract: true })
    await close(at, first)
    const events = await eventsOf(at.bus, 4)
    expect(seen(events)).toEqual([
      ['day', first, 0],
      ['day', second, 0],
      ['day', first, 1],
      ['retracted', first, 2],
    ])
    expect(events[2]).toMatchObject({ cause, degraded: false })
    expect(events[3]).toMatchObject({ cause: 'not to be mended' })
  })

  it('is closed by a close worker that waits for the day that is open', async () => {
    const [one, two] = await logs()
    const at = await deployment()
    await run(at, late(one, random), first)
    await append(
      at.bus,
      two.map((messages) => messages.slice(0, 5)),
    )
    const stop = new AbortController()
    const closed: string[] = []
    const ending = runCloseWorker({
      ...closing(at),
      signal: stop.signal,
      onClosed: ({ date, revision }) => {
        closed.push(`${date}|${revision}`)
        stop.abort()
      },
    })
    await correctDate({ bus: at.bus, date: first, cause: 'late batches', retract: false })
    const working = new AbortController()
    const features = featuresOf(at.bus, { end: 'never', signal: working.signal }).run()
    await ending
    working.abort()
    await features
    expect(closed).toEqual([`${first}|1`])
  })
})

describe('a correction that never gets its rows', () => {
  /** Started, and never brought to the partitions. */
  const stuck = (bus: Bus) =>
    bus.publish('corrections', [
      {
        partition: 0,
        date: second,
        key: `${first}|1`,
        value: codecs.correction.encode({ date: first, partition: -1, revision: 1, cause: 'stuck', retract: false }),
      },
    ])

  it('holds up neither that of another day nor a later one of its own', async () => {
    const [one, two] = await logs()
    const at = await deployment()
    await run(at, one, first)
    await run(at, late(two, random), second)
    await stuck(at.bus)
    await correctDate({ bus: at.bus, date: second, cause: 'late batches', retract: false })
    await featuresOf(at.bus, { date: second, minuteRows: false }).run()
    const stop = new AbortController()
    await runCloseWorker({ ...closing(at), signal: stop.signal, onClosed: () => stop.abort() })
    await correctDate({ bus: at.bus, date: first, cause: 'not to be mended', retract: true })
    await close(at, first)
    const completed = [`${first}|0`, `${second}|0`, `${second}|1`, `${first}|2`]
    const keys = async () => (await messagesOf(at.bus, 'completed')).map(({ key }) => key)
    expect(await keys()).toEqual(completed)

    // Its rows come after all: behind the later one it is closed no more.
    await featuresOf(at.bus, { date: second, minuteRows: false }).run()
    expect((await messagesOf(at.bus, 'days')).filter(({ key }) => key === `${first}|1|closed`)).toHaveLength(partitions)
    await correctDate({ bus: at.bus, date: first, cause: 'mended', retract: false })
    await featuresOf(at.bus, { date: second, minuteRows: false }).run()
    await close(at, first)
    expect(await keys()).toEqual([...completed, `${first}|3`])
  })
})

describe('a correction that stands behind the first records of the next day', () => {
  it('has its rows filed behind those of that day', async () => {
    const [one, two] = await logs()
    const { bus } = await deployment()
    await append(bus, one)
    await featuresOf(bus, { date: first, minuteRows: false }).run()
    await append(
      bus,
      two.map((messages) => messages.slice(0, messages.length >> 1)),
    )
    await bus.publish('market', correctionRecords(first, 1))
    const stop = new AbortController()
    const worker = featuresOf(bus, { end: 'never', signal: stop.signal })
    const working = worker.run()
    await expect.poll(() => worker.summary.corrected, { timeout: 30_000 }).toEqual([`${first} r2`])
    stop.abort()
    await working
    for (const topic of ['minutes', 'days'] as const) {
      for (let partition = 0; partition < partitions; partition++) {
        const own = (await messagesOf(bus, topic)).filter((message) => message.partition === partition)
        const dates = own.map(({ date }) => date)
        expect(dates).toEqual([...dates].sort())
      }
    }
  })
})

describe('what is corrected', () => {
  it('is a day that was opened and is closed', async () => {
    const [one] = await logs()
    const { bus } = await deployment()
    const correct = (date: string) => correctDate({ bus, date, cause: 'any', retract: false })
    await expect(correct(first)).rejects.toMatchObject({ code: 'CB_ABSENT' })
    await append(bus, one)
    await expect(correct(second)).rejects.toMatchObject({ code: 'CB_ABSENT' })
    await expect(correct(first)).rejects.toMatchObject({ code: 'CB_NOT_CLOSED' })
    await featuresOf(bus, { date: first, minuteRows: false }).run()
    expect(await correct(first)).toMatchObject({ revision: 1 })
    expect(await correct(first)).toMatchObject({ revision: 2 })
  })

  it('is brought to the partitions that lack it by the next start', async () => {
    const [one] = await logs()
    const { bus } = await deployment()
    await append(bus, one)
    await featuresOf(bus, { date: first, minuteRows: false }).run()
    let left = 2
    const dying: Bus = new Proxy(bus, {
      get: (target, name: keyof Bus) =>
        name === 'publish' && left-- <= 0 ? () => Promise.reject(new RangeError('dead')) : target[name].bind(target),
    })
    const options = { date: first, cause: 'late batches', retract: false }
    await expect(correctDate({ ...options, bus: dying })).rejects.toThrow('dead')
    expect(await correctDate({ ...options, bus })).toMatchObject({ revision: 1 })
    expect(await messagesOf(bus, 'corrections')).toHaveLength(1)
    const market = (await messagesOf(bus, 'market')).filter(({ value }) => Buffer.from(value).includes('late batches'))
    expect(market.map(({ partition }) => partition)).toEqual([0, 1])
  })
})
