import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codecs } from '../../src/wire/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { texts } from '../../src/ports/store.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { DayRecords } from '../../src/workers/close/day-records.ts'
import { Repeats } from '../../src/workers/sink/repeats.ts'
import { Sink } from '../../src/workers/sink/sink-worker.ts'
import { startHeartbeat, type Heartbeat } from '../../src/workers/status/heartbeat.ts'
import { messagesOf } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { silentLog } from '../silent-log.ts'
import { closedRecords, ClosingMarket, withPublish } from './closing-market.ts'

const folder = mkdtempSync(join(tmpdir(), 'closebell-coordinators-'))
let market: ClosingMarket

beforeAll(async () => {
  market = await ClosingMarket.make(folder)
  const bus = market.tape('closed', 'fed')
  await market.features(bus)
  await bus.close()
}, 120_000)
afterAll(async () => {
  await market.store.close()
  rmSync(folder, { recursive: true, force: true })
})

const beat = (bus: Bus, owner: string, intervalMs = 50): Heartbeat =>
  startHeartbeat({ bus, clock: realClock, log: silentLog, worker: 'close', owner, intervalMs })

describe('two close workers by mistake', () => {
  it('one stands down, whichever; the day is closed once', { timeout: 60_000 }, async () => {
    const bus = market.tape('two', 'closed')
    const beats = ['a', 'b'].map((owner) => beat(bus, owner))
    const dates = [market.date]
    const ended = await Promise.allSettled(
      // Only the first has a model worker beside it: what it scores is for whoever closes.
      beats.map((heartbeat, i) =>
        i === 0
          ? market.close(bus, { dates, heartbeat })
          : market.runAlone(bus, { dates, heartbeat, resultsTimeoutMs: 500 }),
      ),
    )
    const failures = ended.flatMap((end) => (end.status === 'rejected' ? [end.reason as { code: string }] : []))
    expect(failures.map(({ code }) => code)).toEqual(['CB_COORDINATOR'])
    const keys = (await closedRecords(bus, market.date)).map((record) => record.split(' ').slice(0, 2).join(' '))
    expect(new Set(keys).size).toBe(keys.length)
    await Promise.all(beats.map((one) => one.stop()))
    await bus.close()
  })

  it('one that comes while the other lives stands down; behind one that was killed it takes over', async () => {
    const bus = market.tape('later', 'closed')
    const first = beat(bus, 'a')
    first.watch(() => [{ stage: 'waiting' }])
    await expect.poll(async () => (await bus.offsets('status', 0)).next).toBeGreaterThan(0)
    const second = beat(bus, 'b')
    const dates = [market.date]
    await expect(market.runAlone(bus, { dates, heartbeat: second })).rejects.toMatchObject({
      code: 'CB_COORDINATOR',
      fact: 'a closes the days of this bus, and was there first',
    })
    // Killed: its last report stays what it is.
    first.watch(() => [])
    await expect(market.close(bus, { dates, heartbeat: second })).resolves.toHaveLength(1)
    await Promise.all([first.stop(), second.stop()])
    await bus.close()
  }, 60_000)
})

describe('a record that a rival wrote at the same time', () => {
  const date = '2024-01-02'
  const completed = (cause: string) =>
    codecs.completed.encode({
      date,
      revision: 0,
      degraded: cause !== '',
      retracted: false,
      cause,
      universe: 1,
      published: 0,
      sets: [],
      mlCHash: '',
      exclusions: [],
    })

  it('stands when it was logged first, with readers and in the store; ours is CB_COORDINATOR', async () => {
    const bus = market.tape('rival', 'before')
    const record = (cause: string) => ({ key: `${date}|0`, value: completed(cause) })
    const late = withPublish(bus, async (topic, messages) => {
      await bus.publish(topic, [{ partition: 0, date, ...record('of the rival') }])
      return bus.publish(topic, messages)
    })
    await expect(new DayRecords(late, date).publish('completed', [record('ours')])).rejects.toMatchObject({
      code: 'CB_COORDINATOR',
    })
    expect(await messagesOf(bus, 'completed')).toHaveLength(2)
    const [stands] = await new DayRecords(bus, date).publish('completed', [record('ours')])
    expect(codecs.completed.decode(stands).cause).toBe('of the rival')
    const store = await openDuckdb(join(folder, 'rival.duckdb'))
    await store.ensureTables()
    await new Sink(bus, store, 'live').drain(date)
    const rows = await store.panel({ table: 'completed', columns: ['event_time', 'cause'], from: date, to: date })
    expect(texts(rows, 'cause')).toEqual(['of the rival'])
    // A sink that starts in between looks back.
    const [first, second] = await messagesOf(bus, 'completed')
    expect(await new Repeats(bus).isRepeat(second)).toBe(true)
    expect(await new Repeats(bus).isRepeat(first)).toBe(false)
    await Promise.all([store.close(), bus.close()])
  })
})
