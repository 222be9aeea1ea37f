import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Status } from '../../schemas/day.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import type { Log } from '../../src/ports/log.ts'
import { codecs } from '../../src/wire/index.ts'
import { startHeartbeat, type Heartbeat } from '../../src/workers/status/heartbeat.ts'
import { livenessOf, readStatusBoard, StatusBoard } from '../../src/workers/status/status-board.ts'
import { fed, smallMarket } from '../faults/simulated-day.ts'
import { featuresOf, loggedOutputs, messagesOf } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { silentLog } from '../silent-log.ts'
import { statusOf } from '../top/status-of.ts'

let folder = ''
const open: Bus[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'closebell-heartbeat-'))
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((bus) => bus.close()))
  rmSync(folder, { recursive: true, force: true })
})

const tape = (name = 'tape'): Bus => {
  const bus = openTape(join(folder, name), { clock: realClock })
  open.push(bus)
  return bus
}

const beating = (bus: Bus, worker: string, log: Log = silentLog): Heartbeat =>
  startHeartbeat({ bus, clock: realClock, log, worker, owner: `${worker}-a`, intervalMs: 60_000 })

const statuses = async (bus: Bus): Promise<Status[]> =>
  (await messagesOf(bus, 'status')).map(({ value }) => codecs.status.decode(value))

/** Everything that came of the market log, status aside. */
async function outcome(bus: Bus): Promise<string[]> {
  const outputs = await loggedOutputs(bus)
  return outputs.map((output) => JSON.stringify(output))
}

describe('heartbeat', () => {
  it('tells at each change what the worker is at, and last that it stopped', async () => {
    const bus = tape()
    await bus.createTopics(1)
    const heartbeat = beating(bus, 'close')
    let stage = 'partitions'
    heartbeat.watch(() => [{ stage, date: '2024-01-02', done: 1, total: 4 }])
    await expect.poll(async () => (await statuses(bus)).length).toBe(1)
    stage = 'panels'
    heartbeat.beat()
    await expect.poll(async () => (await statuses(bus)).at(-1)?.stage).toBe('panels')
    await heartbeat.stop()
    const all = await statuses(bus)
    expect(all.map((status) => status.stage)).toEqual(['partitions', 'panels', 'stopped'])
    expect(all[0]).toMatchObject({ worker: 'close', owner: 'close-a', partition: -1, done: 1, total: 4, interval: 60 })
  })

  it('on a tape that another process reports on stays silent, says so once and costs no work', async () => {
    const [first, second] = [tape(), tape()]
    await first.createTopics(1)
    await first.publish('status', [{ partition: 0, date: '2024-01-02', key: 'x', value: Buffer.from('x') }])
    const lines: string[] = []
    const heartbeat = beating(second, 'sink', { ...silentLog, info: (line) => lines.push(line) })
    heartbeat.watch(() => [{ stage: 'following' }])
    for (let i = 0; i < 3; i++) {
      await realClock.sleep(5)
      heartbeat.beat()
    }
    await heartbeat.stop()
    expect(lines).toEqual(['no heartbeats: another process writes them on this tape'])
    expect(await messagesOf(first, 'status')).toHaveLength(1)
  })

  it('of a features worker names its partitions and changes no row', async () => {
    const [quiet, told] = [tape('quiet'), tape('told')]
    for (const bus of [quiet, told]) await fed(smallMarket(seed, 4), bus)
    await featuresOf(quiet).run()
    const heartbeat = beating(told, 'features')
    await featuresOf(told, { heartbeat }).run()
    await heartbeat.stop()
    expect(await outcome(told)).toEqual(await outcome(quiet))
    expect(await messagesOf(quiet, 'status')).toEqual([])
    const board = await readStatusBoard(told)
    expect(board.reports('features').map(({ partition, stage }) => [partition, stage])).toEqual([
      [0, 'stopped'],
      [1, 'stopped'],
    ])
    const closed = (await statuses(told)).filter((status) => status.stage === 'closed')
    expect(closed.length).toBeGreaterThan(0)
    expect(closed.some(({ events }) => events > 0)).toBe(true)
    expect(new Set(closed.map(({ owner }) => owner))).toEqual(new Set(['features-a']))
  })
})

describe('status board', () => {
  const status = (rest: Partial<Status>): { value: Buffer } => ({ value: codecs.status.encode(statusOf(rest)) })

  it('keeps the newest report of each partition, whoever owns it, and of each process of the others', () => {
    const board = new StatusBoard()
    board.take([status({}), status({ owner: 'b', reportedAt: 3000 }), status({ owner: 'a', reportedAt: 2000 })])
    board.take([status({ worker: 'model', partition: -1 }), status({ worker: 'model', partition: -1, owner: 'b' })])
    board.take([{ value: Buffer.from('no report at all') }])
    expect(board.reports().map(({ worker, owner }) => `${worker} ${owner}`)).toEqual([
      'features b',
      'model a',
      'model b',
    ])
  })

  it('tells a worker that ended from one that fell silent', () => {
    const [live] = [codecs.status.decode(status({}).value)]
    expect(livenessOf(live, 10_999)).toBe('live')
    expect(livenessOf(live, 11_001)).toBe('silent')
    expect(livenessOf({ ...live, stage: 'stopped' }, 99_000)).toBe('stopped')
  })
})
