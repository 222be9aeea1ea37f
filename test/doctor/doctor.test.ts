import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ClosebellError } from '../../schemas/errors.ts'
import { topics } from '../../schemas/topics.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { checkRetention, checkTopics, checkWorkers, judgeClock } from '../../src/cli/doctor/bus-checks.ts'
import { canRun, fail, lineOf, ok, sorted, summaryOf, warn } from '../../src/cli/doctor/finding.ts'
import {
  checkArtifacts,
  checkCalendar,
  checkEngine,
  judgeDisk,
  tapeDayBytes,
} from '../../src/cli/doctor/local-checks.ts'
import { checkTables, checkYesterday } from '../../src/cli/doctor/store-checks.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { dateToEventTime, type Store } from '../../src/ports/store.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { codecs } from '../../src/wire/index.ts'
import { ModelsFolder } from '../../src/workers/models-folder.ts'
import { realClock } from '../real-clock.ts'
import { statusOf } from '../top/status-of.ts'

let folder = ''
let bus: Bus
let store: Store
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'closebell-doctor-'))
  bus = openTape(join(folder, 'tape'), { clock: realClock })
  store = await openDuckdb(join(folder, 'store.duckdb'))
})
afterEach(async () => {
  await Promise.all([bus.close(), store.close()])
  rmSync(folder, { recursive: true, force: true })
})

describe('findings', () => {
  it('come worst last, each with its remedy, under one line that says whether the day can run', () => {
    const findings = sorted([
      fail('engine', 'CB_ENGINE_ABSENT: no library', 'Run npm run setup:tensorflow.'),
      ok('yesterday', '2026-02-27 r1 applied'),
      warn('disk', '88 % full, 4 days left', 'Free 40 GB.'),
    ])
    expect(findings.map((finding) => lineOf(finding, 9))).toEqual([
      'ok    yesterday  2026-02-27 r1 applied',
      'warn  disk       88 % full, 4 days left. Free 40 GB.',
      'fail  engine     CB_ENGINE_ABSENT: no library. Run npm run setup:tensorflow.',
    ])
    expect(summaryOf(findings)).toBe('1 fail, 1 warn: the day cannot run.')
    expect([canRun(findings), canRun(findings.slice(0, 2))]).toEqual([false, true])
    expect(summaryOf([ok('bus', 'tape:x')])).toBe('1 ok: the day can run.')
  })
})

describe('bus', () => {
  it('topics: none yet, all, and another P than the one that is set', async () => {
    expect(await checkTopics(bus, null)).toMatchObject({ status: 'warn' })
    await bus.createTopics(3)
    expect(await checkTopics(bus, null)).toMatchObject({
      status: 'ok',
      fact: `${topics.length}, market with 3 partitions`,
    })
    expect(await checkTopics(bus, 3)).toMatchObject({ status: 'ok' })
    expect(await checkTopics(bus, 4)).toMatchObject({ status: 'fail' })
  })

  it('retention: as long as the definition says, or longer', async () => {
    const day = 86_400_000
    const kept = (market: number, completed: number) => ({
      retention: async () => new Map([['market', market] as const, ['completed', completed] as const]),
      close: async () => undefined,
    })
    expect(await checkRetention(null)).toMatchObject({ status: 'ok' })
    expect(await checkRetention(kept(14 * day, Infinity))).toMatchObject({ status: 'ok' })
    const short = await checkRetention(kept(7 * day, 90 * day))
    expect(short).toMatchObject({
      status: 'fail',
      fact: 'too short: market 7.0 days for 14, completed 90.0 days for ever',
    })
  })

  it('workers: each by its heartbeat; missing ones stop a morning, not a look at noon', async () => {
    await bus.createTopics(2)
    const now = 1_700_000_000_000
    const report = async (rest: object) =>
      bus.publish('status', [
        {
          partition: 0,
          date: '2024-01-02',
          key: 'k',
          value: codecs.status.encode(statusOf({ reportedAt: now, ...rest })),
        },
      ])
    await report({ partition: 0 })
    const some = await checkWorkers(bus, now, false)
    expect(some).toMatchObject({
      status: 'warn',
      fact: 'heartbeats of features on 1 of 2 partitions, 0 close, 0 model, 0 sink',
      remedy: 'Start closebell features, closebell close, closebell model, closebell sink.',
    })
    expect(await checkWorkers(bus, now, true)).toMatchObject({ status: 'fail' })
    await report({ partition: 1 })
    for (const worker of ['close', 'model', 'sink']) await report({ worker, partition: -1 })
    expect(await checkWorkers(bus, now, true)).toMatchObject({ status: 'ok' })
    expect(await checkWorkers(bus, now + 60_000, true)).toMatchObject({ status: 'fail' })
  })

  it('clock: green to 0.1 s, amber to 1 s, red past it', () => {
    const off = (seconds: number) => judgeClock([{ against: 'the store', seconds }]).status
    expect([off(0.1), off(0.2), off(1), off(1.1)]).toEqual(['ok', 'warn', 'warn', 'fail'])
    expect(judgeClock([]).status).toBe('ok')
  })
})

describe('this machine', () => {
  it('engine: one that is there is named, one that is absent fails', async () => {
    const absent = async (): Promise<never> => {
      throw new ClosebellError('CB_ENGINE_ABSENT', 'there is no library')
    }
    expect(await checkEngine('tensorflow', absent)).toEqual(
      fail('engine', 'CB_ENGINE_ABSENT: there is no library', 'No TensorFlow library. Run npm run setup:tensorflow.'),
    )
    const wasm = async () => ({ name: 'wasm', device: 'cpu', kernelBuild: 'wasm f32' }) as never
    expect(await checkEngine('auto', wasm)).toMatchObject({ status: 'ok', fact: 'wasm on cpu, wasm f32' })
  })

  it('artifacts: none is a warning, one in force that cannot be read a failure', async () => {
    const models = new ModelsFolder(join(folder, 'models'))
    expect(await checkArtifacts(models)).toMatchObject({ status: 'warn', fact: '0, none in force' })
    const hash = 'ab'.repeat(32)
    const place = join(folder, 'models', 'PV', hash)
    mkdirSync(place, { recursive: true })
    writeFileSync(join(place, 'manifest.json'), '{}')
    writeFileSync(join(place, 'weights.f32'), '')
    expect(await checkArtifacts(models)).toMatchObject({
      status: 'warn',
      fact: `damaged, not in force: PV ${hash.slice(0, 12)}`,
    })
    writeFileSync(join(folder, 'models', 'PV', 'promoted.json'), JSON.stringify([hash]))
    expect(await checkArtifacts(models)).toMatchObject({ status: 'fail', fact: /^PV in force: CB_ARTIFACT/ as never })
  })

  it('calendar: a day in it, one near its end and one behind it (CB_CALENDAR_END)', () => {
    expect(checkCalendar('cn', '2024-01-02')).toEqual(ok('calendar', 'cn: 2024-01-02 is a trading day'))
    expect(checkCalendar('cn', '2024-01-01').fact).toBe('cn: 2024-01-01 is no trading day, the next is 2024-01-02')
    const behind = checkCalendar('cn', '2099-01-05')
    expect([behind.status, behind.fact.slice(0, 15)]).toEqual(['fail', 'CB_CALENDAR_END'])
  })

  it('disk: by how full it is, and by the days that are left of it', () => {
    const space = (free: number, daily = 0) => ({ place: 'tape', size: 1000e9, free, daily })
    expect(judgeDisk([space(500e9)])).toEqual(ok('disk', '50 % full in tape'))
    expect(judgeDisk([space(500e9), space(120e9, 30e9)])).toEqual(
      warn('disk', '88 % full, 4 days left in tape', 'Free 30 GB.'),
    )
    expect(judgeDisk([space(20e9)]).status).toBe('fail')
    expect(judgeDisk([space(200e9, 300e9)]).status).toBe('fail')
  })

  it('a day of a tape is what its files of that date take', async () => {
    await bus.createTopics(1)
    for (const [date, bytes] of [
      ['2024-01-02', 4000],
      ['2024-01-03', 100],
    ] as const) {
      await bus.publish('minutes', [{ partition: 0, date, key: 'k', value: new Uint8Array(bytes) }])
    }
    expect(await tapeDayBytes(join(folder, 'tape'))).toBeGreaterThan(4000)
    expect(await tapeDayBytes(join(folder, 'none'))).toBe(0)
  })
})

describe('store', () => {
  it('tables: an empty store lacks them all, and nothing is made by looking', async () => {
    for (let look = 0; look < 2; look++) {
      expect(await checkTables(store, null, '2024-01-03')).toMatchObject({ status: 'warn' })
    }
    await store.ensureTables()
    expect(await checkTables(store, null, '2024-01-03')).toMatchObject({ status: 'ok' })
    const suspended = { now: async () => 0, suspended: async () => [{ table: 'pv', error: 'no space left' }] }
    expect(await checkTables(store, suspended, '2024-01-03')).toEqual(
      fail('tables', 'CB_STORE_SUSPENDED: pv (no space left)', 'Mend the cause, then ALTER TABLE pv RESUME WAL.'),
    )
  })

  const completed = (date: string) =>
    codecs.completed.encode({
      date,
      revision: 0,
      degraded: false,
      retracted: false,
      cause: '',
      universe: 9,
      published: 9,
      sets: [],
      mlCHash: '',
      exclusions: [],
    })
  const question = (today: string) => ({ bus, store, profile: 'cn', today })
  const complete = (date: string) =>
    bus.publish('completed', [{ partition: 0, date, key: `${date}|0`, value: completed(date) }])

  it('yesterday: nothing yet, in the log alone, applied, and older than yesterday', async () => {
    await bus.createTopics(1)
    await store.ensureTables()
    expect(await checkYesterday(question('2024-01-03'))).toMatchObject({ status: 'warn' })
    await complete('2024-01-02')
    expect(await checkYesterday(question('2024-01-03'))).toMatchObject({
      status: 'fail',
      remedy: 'Run closebell sink --from 2024-01-02.',
    })
    await store.append('completed', {
      count: 1,
      columns: { event_time: Float64Array.of(dateToEventTime('2024-01-02')), revision: Float64Array.of(0) },
    })
    expect(await checkYesterday(question('2024-01-03'))).toEqual(ok('yesterday', '2024-01-02 r1 applied'))
    expect(await checkYesterday(question('2024-01-04'))).toMatchObject({
      status: 'warn',
      fact: '2024-01-02 r1 applied, nothing of 2024-01-03',
    })
  })

  it('yesterday: a day that waits for a chain is named with it, and with what ends the wait', async () => {
    await bus.createTopics(1)
    await store.ensureTables()
    const date = '2024-01-02'
    await bus.publish('market', [{ partition: 0, date, key: 'k', value: new Uint8Array([1]) }])
    const value = codecs.status.encode(statusOf({ date, waiting: ['cn-l2/sse-6'], reportedAt: Date.now() }))
    await bus.publish('status', [{ partition: 0, date, key: 'k', value }])
    expect(await checkYesterday(question('2024-01-03'))).toEqual(
      fail(
        'yesterday',
        '2024-01-02 is not completed, partition 0 waits for cn-l2/sse-6',
        'Let the feed end the chain, or end the day without it: closebell close --date 2024-01-02 --deadline 15:45.',
      ),
    )
  })
})
