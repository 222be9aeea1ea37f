import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { storeWaitStage } from '../../schemas/day.ts'
import type { TableName } from '../../schemas/tables.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { systemClock } from '../../src/compose/clock.ts'
import type { Bus } from '../../src/ports/bus.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Log } from '../../src/ports/log.ts'
import type { Store } from '../../src/ports/store.ts'
import { codecs } from '../../src/wire/index.ts'
import { runCloseWorker } from '../../src/workers/close/close-worker.ts'
import { Sink } from '../../src/workers/sink/sink-worker.ts'
import { startHeartbeat } from '../../src/workers/status/heartbeat.ts'
import { readStatusBoard } from '../../src/workers/status/status-board.ts'
import { StorePatience } from '../../src/workers/store-patience.ts'
import { fed, smallMarket } from '../faults/simulated-day.ts'
import { featuresOf } from '../integration/logged-rows.ts'
import { seed } from '../seed.ts'
import { silentLog } from '../silent-log.ts'
import { ask, openReal, prefixOf, realQuestdb } from '../store/real-questdb.ts'

const date = '2024-01-02'
const names = 6
const poll = { timeout: 20_000, interval: 50 }
/** Waits are as many as in earnest, and shorter. */
const clock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 100), signal) }

let folder = ''
let bus: Bus
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'closebell-sink-store-'))
  bus = openTape(folder, { clock })
  await fed(smallMarket(seed, names), bus)
  await featuresOf(bus).run()
  const completed = { date, revision: 0, degraded: false, retracted: false, cause: '', universe: names, published: 0 }
  const value = codecs.completed.encode({ ...completed, sets: [], mlCHash: '', exclusions: [] })
  await bus.publish('completed', [{ partition: 0, date, key: `${date}|0`, value }])
})
afterEach(async () => {
  await bus.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Topics and partitions of which a position was committed, and of which messages are being worked on. */
function watchGroups(): { committed: Set<string>; handed: Map<string, number> } {
  const committed = new Set<string>()
  const handed = new Map<string, number>()
  const join = bus.join.bind(bus)
  bus.join = async (topic, group, handlers) => {
    const membership = await join(topic, group, {
      ...handlers,
      messages: (partition, messages, epoch) => {
        const place = `${topic}/${partition}`
        handed.set(place, (handed.get(place) ?? 0) + 1)
        return handlers.messages(partition, messages, epoch)
      },
    })
    const commit = membership.commit.bind(membership)
    membership.commit = async (partition, position) => {
      await commit(partition, position)
      committed.add(`${topic}/${partition}`)
    }
    return membership
  }
  return { committed, handed }
}

function errorsOf(): { errors: object[]; log: Log } {
  const errors: object[] = []
  return { errors, log: { ...silentLog, error: (_, facts) => void errors.push(facts ?? {}) } }
}

describe.skipIf(realQuestdb === null)('a suspended table of a real QuestDB', () => {
  const prefix = prefixOf('sinkstore')
  let store: Store
  beforeAll(async () => {
    store = await openReal(prefix)
    await store.ensureTables()
  })
  beforeEach(async () => {
    for (const table of ['pv', 'completed']) await ask(`TRUNCATE TABLE "${prefix}_${table}"`)
    await store.applied()
    await ask(`ALTER TABLE "${prefix}_pv" SUSPEND WAL WITH 'DISK FULL', 'no space left'`)
  })
  afterEach(() => ask(`ALTER TABLE "${prefix}_pv" RESUME WAL`))
  afterAll(() => store?.close())

  const count = (table: TableName) =>
    store.panel({ table, columns: ['event_time'], from: date, to: date }).then((rows) => rows.count)
  const logged = async () =>
    Number((await ask(`SELECT sequencerTxn FROM wal_tables() WHERE name = '${prefix}_pv'`))[0]?.[0])

  it('lets the sink commit nothing of it, nor the end of the day, until its rows can be read', async () => {
    const { committed } = watchGroups()
    const { errors, log } = errorsOf()
    const stop = new AbortController()
    onTestFinished(() => stop.abort())
    const heartbeat = startHeartbeat({ bus, clock, log, worker: 'sink', owner: 'a', intervalMs: 100 })
    const patience = new StorePatience({ store, clock, log, signal: stop.signal })
    const following = new Sink(bus, store, 'live', patience).follow(stop.signal, heartbeat)
    const reported = async () => (await readStatusBoard(bus)).reports('sink')[0]
    await expect.poll(async () => (await reported())?.stage, poll).toBe(storeWaitStage)
    expect((await reported())?.detail).toMatch(/CB_STORE_SUSPENDED: .*_pv stands at .*no space left/)
    await expect.poll(() => [...committed].sort(), poll).toEqual(['minutes/0', 'minutes/1'])
    const before = await logged()
    await clock.sleep(100)
    expect([...committed].sort()).toEqual(['minutes/0', 'minutes/1'])
    expect(await logged()).toBe(before)
    expect([await count('pv'), await count('completed')]).toEqual([0, 0])
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatchObject({ code: 'CB_STORE_SUSPENDED' })
    // Whoever resumes behind what was refused loses rows that the server had acknowledged.
    await ask(`ALTER TABLE "${prefix}_pv" RESUME WAL FROM TRANSACTION ${before}`)
    await expect.poll(() => count('completed'), poll).toBe(1)
    expect(await count('pv')).toBe(names)
    await expect.poll(async () => [(await reported())?.stage, (await reported())?.lag], poll).toEqual(['following', 0])
    expect([...committed].sort()).toEqual(['completed/0', 'days/0', 'days/1', 'minutes/0', 'minutes/1'])
    stop.abort()
    await following
    await heartbeat.stop()
  }, 60_000)

  it('lets the close publish nothing until what it reads can be read', async () => {
    await store.append('pv', { count: 1, columns: { ...oneRow } })
    const { errors, log } = errorsOf()
    const closing = runCloseWorker({
      bus,
      store,
      clock,
      log,
      profile: 'cn',
      models: null,
      resultsTimeoutMs: 1000,
      dates: [date],
    })
    await expect.poll(() => errors, poll).toHaveLength(1)
    expect((await bus.offsets('panels', 0)).next).toBe(0)
    await ask(`ALTER TABLE "${prefix}_pv" RESUME WAL`)
    expect((await closing).map((summary) => summary.date)).toEqual([date])
    expect((await bus.offsets('panels', 0)).next).toBeGreaterThan(0)
  }, 60_000)
})

const oneRow = { event_time: Float64Array.of(0), instrument: ['a'], revision: Float64Array.of(0) }

describe('a store that is slow', () => {
  it('holds back the reading of each partition, and gets everything in the end', async () => {
    const { handed } = watchGroups()
    const rows = new Map<TableName, number>()
    let answer = (): void => undefined
    const answered = new Promise<void>((resolve) => (answer = resolve))
    const store: Pick<Store, 'append' | 'applied' | 'panel'> = {
      append: async (table, { count }) => {
        await answered
        rows.set(table, (rows.get(table) ?? 0) + count)
      },
      applied: async () => undefined,
      panel: async () => ({ count: 0, columns: { event_time: new Float64Array(0), value: [] } }),
    }
    const stop = new AbortController()
    onTestFinished(() => stop.abort())
    const following = new Sink(bus, store as Store, 'live').follow(stop.signal)
    const busy = ['days/0', 'days/1', 'minutes/0', 'minutes/1']
    await expect.poll(() => [...handed.keys()].sort(), poll).toEqual(['completed/0', ...busy])
    for (let revision = 1; revision <= 5; revision++) {
      const value = codecs.completed.encode({
        ...{ date, revision, degraded: false, retracted: false, cause: '', universe: 0, published: 0 },
        ...{ sets: [], mlCHash: '', exclusions: [] },
      })
      await bus.publish('completed', [{ partition: 0, date, key: `${date}|${revision}`, value }])
      await clock.sleep(20)
    }
    expect([...handed.values()]).toEqual([1, 1, 1, 1, 1])
    answer()
    await expect.poll(() => rows.get('completed'), poll).toBe(6)
    expect(rows.get('pv')).toBe(names)
    stop.abort()
    await following
  }, 60_000)
})
