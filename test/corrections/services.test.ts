import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tables, type TableName } from '../../schemas/tables.ts'
import { factorTopic, type TopicName } from '../../schemas/topics.ts'
import { openKafka } from '../../src/bus/kafka/index.ts'
import { asObjects, storedRows } from '../../src/cli/stored-rows.ts'
import { importReference } from '../../src/import/import-reference.ts'
import { subscribe, type DayEvent, type SubscriptionEvent } from '../../src/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import type { Rows, Store } from '../../src/ports/store.ts'
import { Random } from '../../src/simulator/random.ts'
import { openQuestdb } from '../../src/store/questdb/index.ts'
import { codecs, kindOf, sha256 } from '../../src/wire/index.ts'
import { Sink } from '../../src/workers/sink/sink-worker.ts'
import { build, closebell, ended, start } from '../cli/run-closebell.ts'
import { ClosingMarket, outgoing, promoted } from '../faults/closing-market.ts'
import { messagesOf } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { ask } from '../serve/serving.ts'
import { withServices } from '../services/real-services.ts'
import { silentLog } from '../silent-log.ts'
import { late } from './corrected-tape.ts'

// Goal: a corrected day is, for whoever reads it, the day on which everything had come in time. Method: a deployment of
// compiled commands on real services closes a day of which a part comes late, and is held against a tape of the whole.

const services = await withServices('kafka', 'questdb')
const broker = `${services?.kafka.host}:${services?.kafka.port}`
const busUrl = `kafka://${broker}/corrections`
const prefix = `corrections_${process.pid}`
const storeUrl = `questdb://${services?.questdb.host}:${services?.questdb.port}/${prefix}`
const random = new Random(seed, 9)
const cwd = mkdtempSync(join(tmpdir(), 'closebell-corrected-services-'))
/** A look reads every table, which the services would rather have the time for. */
const patience = { timeout: 60_000, interval: 400 }

let market: ClosingMarket
/** The day as a tape of the whole log gives it. */
let whole: DayEvent
let rowsBefore: ReadonlyMap<string, Rows>
let wholeRows: ReadonlyMap<string, Rows>
let wholeFactors: readonly object[]
let bus: Bus
let store: Store
const started = new Map<string, ChildProcess>()
const said = new Map<string, string>()
let days: AsyncGenerator<SubscriptionEvent, void>

/** Of every revision of the same values the same. */
const valued = (name: string): boolean => !['revision', 'known_at', 'origin'].includes(name)
const revised = tables.filter(({ retractable }) => retractable === true)

/** Whatever the tables that are revised hold from a date on, as readers find it. */
async function rowsFrom(of: Store, from: string, to: string): Promise<Map<TableName, Rows>> {
  const found = new Map<TableName, Rows>()
  for (const { name, columns } of revised) {
    const names = columns.map((column) => column.name).filter(valued)
    found.set(name, await of.panel({ table: name, columns: names, from, to }))
  }
  return found
}

/** The next event that is no heartbeat. */
async function nextDay(of: AsyncGenerator<SubscriptionEvent, void>): Promise<SubscriptionEvent> {
  for (;;) {
    const { value } = await of.next()
    if (value === undefined) throw new RangeError('the subscription ended')
    if (value.type !== 'heartbeat') return value
  }
}

function service(name: string, ...args: readonly string[]): void {
  const child = start([name, ...args, '--bus', busUrl, '--log-level', 'info'], { cwd })
  started.set(name, child)
  child.stderr?.on('data', (bytes: Buffer) => said.set(name, `${said.get(name) ?? ''}${bytes.toString()}`))
}

const servingPort = (): number => Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(said.get('serve') ?? '')?.[1])

const published: readonly TopicName[] = ['days', 'minutes', 'panels', 'ml-c', ...promoted.map(factorTopic)]

/** What stands of the first revision of the day. */
async function firstRevision(): Promise<string[]> {
  const found: string[] = []
  for (const topic of published) {
    for (const { partition, key, value } of await messagesOf(bus, topic))
      if (key.startsWith(`${market.date}|0|`) || key === `${market.date}|0`)
        found.push(`${topic} ${partition} ${key} ${sha256(value)}`)
  }
  return found
}

/** The whole day on a tape and in the store of the days before. */
async function closeWhole(): Promise<void> {
  const tape = market.tape('whole', 'fed')
  await market.features(tape)
  await market.close(tape)
  await new Sink(tape, market.store, 'live').drain(market.date)
  const read = subscribe({ bus: `tape:${join(cwd, 'whole')}`, from: market.date })
  whole = (await nextDay(read)) as DayEvent
  await read.return()
  await tape.close()
  wholeRows = await rowsFrom(market.store, market.date, market.date)
  const dates = { from: market.date, to: market.date }
  wholeFactors = asObjects(await storedRows(market.store, { subject: 'factors', dates }))
}

/** What a long run would have left: records and reference data of the days before. */
async function bringDaysBefore(): Promise<void> {
  await importReference(store, join(cwd, 'reference'))
  const tape = market.tape('brought', 'before')
  for (const topic of ['inputs', 'panels', 'days'] as const)
    await bus.publish(topic, (await messagesOf(tape, topic)).map(outgoing))
  await tape.close()
}

describe.skipIf(services === null)('a day whose events came late, on real services', () => {
  beforeAll(async () => {
    await build()
    market = await ClosingMarket.make(cwd)
    bus = openKafka({ brokers: [broker], prefix: 'corrections', clientId: 'test', log: silentLog, clock: realClock })
    const { host = '', port = 0 } = services?.questdb ?? {}
    store = await openQuestdb({ host, httpPort: port, prefix, clock: realClock, log: silentLog })
    await bus.createTopics(2)
    await store.ensureTables()
    await bringDaysBefore()
    service('sink', '--store', storeUrl)
    service('features')
    service('model', '--models', 'models', '--engine', 'reference')
    service('serve', '--port', '0')
    rowsBefore = await rowsFrom(market.store, '2000-01-01', market.date)
    await closeWhole()
    days = subscribe({ bus: busUrl, from: market.date })
  }, 180_000)

  afterAll(async () => {
    await days?.return()
    for (const child of started.values()) if (child.exitCode === null) child.kill('SIGKILL')
    await Promise.all([bus?.close(), store?.close(), market?.store.close()])
    rmSync(cwd, { recursive: true, force: true })
  })

  it('is closed with what came in time', { timeout: 120_000 }, async () => {
    await expect.poll(() => rowsFrom(store, '2000-01-01', market.date), patience).toEqual(rowsBefore)
    service('close', '--store', storeUrl, '--models', 'models')
    await bus.publish('inputs', market.inputs.map(outgoing))
    for (const messages of late(market.market, random)) await bus.publish('market', messages.map(outgoing))
    const first = await nextDay(days)
    expect(first).toMatchObject({ type: 'day', date: market.date, revision: 0, degraded: false, cause: '' })
    const ends = (await messagesOf(bus, 'days')).filter(
      ({ date, value }) => date === market.date && kindOf(value) === 'partitionClosed',
    )
    const counts = ends.map(({ value }) => codecs.partitionClosed.decode(value).eventsLate)
    const inLate = (await messagesOf(bus, 'late')).map(({ value }) => codecs.late.decode(value).partition)
    expect(counts).toEqual([0, 1].map((partition) => inLate.filter((one) => one === partition).length))
    expect(inLate.length).toBeGreaterThan(0)
  })

  it('is corrected to the day as it would have come in time, for every reader', { timeout: 120_000 }, async () => {
    const before = await firstRevision()
    const cause = 'late-events'
    const ran = await closebell(['correct', '--date', market.date, '--cause', cause, '--bus', busUrl, '--json'], {
      cwd,
    })
    expect([ran.code, ran.stdout === '' ? ran.stderr : JSON.parse(ran.stdout)]).toEqual([
      0,
      { date: market.date, revision: 1, retracted: false, cause },
    ])
    const second = (await nextDay(days)) as DayEvent
    expect(second).toMatchObject({ type: 'day', date: market.date, revision: 1, degraded: false, cause })
    expect([second.factors, second.weights, second.exclusions]).toEqual([
      whole.factors,
      whole.weights,
      whole.exclusions,
    ])
    await expect.poll(() => rowsFrom(store, market.date, market.date), patience).toEqual(wholeRows)
    expect(await firstRevision()).toEqual(before)
    expect(await servedRevisions()).toEqual([
      [200, 1, [...(whole.factors.ML_C?.neutral ?? [])]],
      [200, 0, expect.any(Array)],
    ])
    const shown = await closebell(['show', 'factors', '--date', market.date, '--store', storeUrl, '--json'], { cwd })
    expect([shown.code, JSON.parse(shown.stdout)]).toEqual([0, wholeFactors])
  })

  it('is taken back, and given values again by the next correction', { timeout: 120_000 }, async () => {
    const correct = ['correct', '--date', market.date, '--bus', busUrl]
    const cause = 'prices-of-another-day'
    expect((await closebell([...correct, '--retract', '--cause', cause], { cwd })).code).toBe(0)
    expect(await nextDay(days)).toMatchObject({ type: 'retracted', date: market.date, revision: 2, cause })
    const left = async (): Promise<number[]> =>
      [...(await rowsFrom(store, market.date, market.date)).values()].map(({ count }) => count)
    await expect.poll(left, patience).toEqual(revised.map(() => 0))
    const served = await ask(servingPort(), `/v1/days/${market.date}/factors/ML_C`)
    expect([served.status, served.text]).toEqual([410, expect.stringContaining('CB_RETRACTED')])
    const shown = await closebell(['show', 'factors', '--date', market.date, '--store', storeUrl], { cwd })
    expect([shown.code, shown.stdout]).toEqual([1, ''])
    expect(shown.lastLine).toMatch(new RegExp(`^CB_RETRACTED: ${market.date} was retracted by r3: ${cause}`))
    expect((await closebell([...correct, '--cause', 'prices-are-right'], { cwd })).code).toBe(0)
    const fourth = (await nextDay(days)) as DayEvent
    expect([fourth.revision, fourth.factors]).toEqual([3, whole.factors])
    await expect.poll(() => rowsFrom(store, market.date, market.date), patience).toEqual(wholeRows)
  })

  it('leaves its services in order', { timeout: 120_000 }, async () => {
    const names = [...started.keys()]
    const ends = names.map((name) => ended(started.get(name) as ChildProcess))
    for (const child of started.values()) child.kill('SIGTERM')
    expect((await Promise.all(ends)).map(({ code }, i) => [names[i], code])).toEqual(names.map((name) => [name, 0]))
  })
})

/** ML_C as it is served, of the newest revision and of the first. */
async function servedRevisions(): Promise<unknown[]> {
  const found: unknown[] = []
  for (const query of ['', '?revision=0']) {
    const { status, text } = await ask(servingPort(), `/v1/days/${market.date}/factors/ML_C${query}`)
    const { revision, neutral } = JSON.parse(text) as { revision: number; neutral: number[] }
    found.push([status, revision, neutral])
  }
  return found
}
