import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import { Random } from '../../src/simulator/random.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { runCloseWorker } from '../../src/workers/close/close-worker.ts'
import { ModelsFolder } from '../../src/workers/models-folder.ts'
import { build } from '../cli/run-closebell.ts'
import { featuresOf, loggedBits, messagesOf, repeats } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { silentLog } from '../silent-log.ts'
import { compiledChild } from './compiled-child.ts'
import { fed, smallMarket } from './simulated-day.ts'

/** Three instants in each run; CLOSEBELL_KILLS=10 draws more. */
const kills = Number(process.env['CLOSEBELL_KILLS'] ?? 3)
const random = new Random(seed, 71)

type Instant = readonly [where: 'message' | 'publish' | 'rename' | 'never', count: number]

const instants: readonly Instant[] = [
  ['publish', 2 + random.below(20)],
  ['rename', 2 + random.below(4)],
  ...Array.from({ length: kills - 2 }, (): Instant => ['message', 100 + random.below(200)]),
]

/** Without snapshots there is no rename to die at. */
const later: Instant = ['message', 120]

const market = smallMarket(seed)
const date = market.dates[0]
let folder = ''
let child = ''
let expected = new Map<string, string>()

/** Runs the child on a tape; how it ended and, when it lived, how many messages it was handed. */
function features(tape: string, state: string, [where, count]: Instant) {
  const run = spawn(process.execPath, [child, tape, state, where, String(count)])
  let handed = ''
  let errors = ''
  run.stdout.on('data', (bytes: Buffer) => (handed += bytes.toString()))
  run.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()))
  return new Promise<{ signal: string | null; handed: number; errors: string }>((resolve) =>
    run.once('close', (_, signal) => resolve({ signal, handed: Number(handed), errors })),
  )
}

/** A copy of the fed tape, worked off by a child that dies and by another that goes on; what the second was handed. */
async function killedAndStartedAgain(name: string, state: string, instant: Instant): Promise<number> {
  const tape = join(folder, name)
  cpSync(join(folder, 'fed'), tape, { recursive: true })
  expect(await features(tape, state, instant)).toMatchObject({ signal: 'SIGKILL' })
  const again = await features(tape, state, ['never', 0])
  expect(again).toMatchObject({ signal: null, errors: '' })
  return again.handed
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'closebell-kill-'))
  await build()
  child = compiledChild(join(import.meta.dirname, 'features-child.ts'), folder)
  const bus = openTape(join(folder, 'fed'), { clock: realClock })
  await fed(market, bus)
  await bus.close()
  cpSync(join(folder, 'fed'), join(folder, 'whole'), { recursive: true })
  const whole = openTape(join(folder, 'whole'), { clock: realClock })
  await featuresOf(whole).run()
  expected = await loggedBits(whole)
  await whole.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a features worker that is killed and started again', () => {
  it.each(instants)('at %s %i gives the same rows and one completed', { timeout: 300_000 }, async (...instant) => {
    const name = instant.join('-')
    const state = join(folder, `${name}-state`)
    const withSnapshot = await killedAndStartedAgain(name, state, instant)
    expect(readdirSync(state).some((file) => file.endsWith('.snapshot'))).toBe(true)
    const bus = openTape(join(folder, name), { clock: realClock })
    const store = await openDuckdb(join(folder, `${name}.duckdb`))
    await store.ensureTables()
    const close = () =>
      runCloseWorker({
        bus,
        store,
        clock: realClock,
        log: silentLog,
        profile: 'cn',
        models: new ModelsFolder(join(folder, 'models')),
        resultsTimeoutMs: 0,
        dates: [date],
      })
    expect(await loggedBits(bus)).toEqual(expected)
    for (const topic of ['minutes', 'days'] as const) expect((await repeats(bus, topic)).differing).toEqual([])
    expect(await close()).toHaveLength(1)
    expect(await close()).toHaveLength(0)
    expect(await messagesOf(bus, 'completed')).toHaveLength(1)
    await store.close()
    await bus.close()

    const fromTheOpen = await killedAndStartedAgain(`${name}-bare`, '-', instant[0] === 'rename' ? later : instant)
    expect(withSnapshot).toBeLessThan(fromTheOpen)
    expect(existsSync(join(folder, '-'))).toBe(false)
  })
})
