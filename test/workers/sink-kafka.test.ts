import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openKafka } from '../../src/bus/kafka/index.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { codecs } from '../../src/wire/index.ts'
import { readStatusBoard } from '../../src/workers/status/status-board.ts'
import { startHeartbeat } from '../../src/workers/status/heartbeat.ts'
import { Sink } from '../../src/workers/sink/sink-worker.ts'
import { fed, smallMarket } from '../faults/simulated-day.ts'
import { featuresOf } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { withServices } from '../services/real-services.ts'
import { silentLog } from '../silent-log.ts'

const services = await withServices('kafka')
const folder = mkdtempSync(join(tmpdir(), 'closebell-sink-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(services === null)('the sink on Kafka', () => {
  it('follows every topic, not those of one group member alone, and reports how far it is', async () => {
    const { host, port } = services?.kafka ?? { host: '', port: 0 }
    const prefix = `sink${Date.now()}`
    const bus = openKafka({ brokers: [`${host}:${port}`], prefix, clientId: prefix, clock: realClock, log: silentLog })
    const store = await openDuckdb(join(folder, 'store.duckdb'))
    await store.ensureTables()
    await fed(smallMarket(seed, 6), bus)
    await featuresOf(bus).run()
    const date = '2024-01-02'
    const completed = { date, revision: 0, degraded: false, retracted: false, cause: '', universe: 6, published: 0 }
    const value = codecs.completed.encode({ ...completed, sets: [], mlCHash: '', exclusions: [] })
    await bus.publish('completed', [{ partition: 0, date, key: `${date}|0`, value }])
    const stop = new AbortController()
    const heartbeat = startHeartbeat({
      bus,
      clock: realClock,
      log: silentLog,
      worker: 'sink',
      owner: 'sink-a',
      intervalMs: 200,
    })
    const following = new Sink(bus, store, 'live').follow(stop.signal, heartbeat)
    const stored = async (): Promise<readonly number[]> => {
      const count = (table: 'pv' | 'pv_minutes' | 'completed') =>
        store.panel({ table, columns: ['event_time'], from: date, to: date }).then((rows) => rows.count)
      return [await count('pv'), Math.sign(await count('pv_minutes')), await count('completed')]
    }
    await expect.poll(stored, { timeout: 60_000, interval: 200 }).toEqual([6, 1, 1])
    const stage = async () => (await readStatusBoard(bus)).reports('sink').map((status) => [status.stage, status.lag])
    await expect.poll(stage, { timeout: 20_000, interval: 200 }).toEqual([['following', 0]])
    stop.abort()
    await following
    await heartbeat.stop()
    await Promise.all([bus.close(), store.close()])
  }, 120_000)
})
