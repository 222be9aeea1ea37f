import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { networkSpec } from '../../models/network/spec.ts'
import { createReferenceEngine } from '../../models/network/reference/engine.ts'
import { decodeState, encodeState } from '../../models/training/state.ts'
import { defaultSchedule, train, type Member, type TrainingState } from '../../models/training/train.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { build } from '../cli/run-closebell.ts'
import { compiledChild } from '../faults/compiled-child.ts'
import { seed } from '../seed.ts'
import { plantedSections, spearman } from './market.ts'
import { drawYears, storeYears } from './stored-years.ts'

describe('a training that goes on from a saved state', () => {
  const spec = networkSpec({ family: 'gru+gat_sa', features: 3, lookback: 3, hidden: 8, heads: 2 })
  const days = plantedSections(seed, 20, { n: 30, lookback: 3, features: 3, k: 5 }, { own: 1, neighbours: 0, noise: 1 })
  const spans = { train: days.slice(0, 12), validate: days.slice(12) }
  const schedule = { ...defaultSchedule, seeds: [seed, 7], epochs: 4, every: 2, sectionShare: 0.5 }
  const engine = createReferenceEngine('test')
  const states: Uint8Array[] = []
  const run = (from: TrainingState | null): Promise<Member[]> =>
    train(engine, spec, spans, schedule, spearman, (_, state) => void states.push(encodeState('run', state)), from)
  let whole: Member[] = []
  beforeAll(async () => {
    whole = await run(null)
  })

  it('gives the same bits from every epoch on, the last one of a seed included', async () => {
    const saved = states.slice()
    for (const bytes of saved) expect(await run(decodeState('run', spec, bytes))).toEqual(whole)
  })

  it('refuses a state of another run, of another network, and one that is not whole', () => {
    const [bytes] = states as [Uint8Array]
    expect(() => decodeState('other', spec, bytes)).toThrow(/CB_ARTIFACT: the training state is of run, expected other/)
    expect(() => decodeState('run', { ...spec, hidden: 16 }, bytes)).toThrow(/CB_ARTIFACT: a training state of/)
    expect(() => decodeState('run', spec, bytes.subarray(0, bytes.length - 8))).toThrow(/CB_ARTIFACT/)
    expect(() => decodeState('run', spec, bytes.subarray(0, 40))).toThrow(/CB_ARTIFACT: the header/)
  })
})

describe('a training process that is killed and started again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-train-'))
  const years = drawYears(seed, 30, 120)
  const span = [20, 69, 70, 119].map((day) => years.dates[day] as string)
  let child = ''
  let whole = ''
  beforeAll(async () => {
    await build()
    child = compiledChild(join(import.meta.dirname, 'train-child.ts'), folder)
    const store = await openDuckdb(join(folder, 'years.duckdb'))
    await storeYears(store, years)
    await store.close()
    whole = (await training('whole', 'never', 0)).artifact
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function training(name: string, instant: string, count: number) {
    const file = join(folder, `${name}.duckdb`)
    cpSync(join(folder, 'years.duckdb'), file)
    const run = spawn(process.execPath, [child, file, join(folder, name), ...span, instant, String(count)])
    let output = ''
    let errors = ''
    run.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()))
    run.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()))
    return new Promise<{ signal: string | null; errors: string; artifact: string; epochs: number }>((resolve) =>
      run.once('close', (_, signal) => {
        const [artifact = '', epochs = ''] = output.trim().split(' ')
        resolve({ signal, errors, artifact, epochs: Number(epochs) })
      }),
    )
  }

  it.each([
    ['before', 1, 0],
    ['after', 2, 2],
    ['before', 6, 5],
    ['after', 8, 8],
  ] as const)('%s state %i makes the same artifact', async (instant, count, saved) => {
    const name = `${instant}-${count}`
    expect(await training(name, instant, count)).toMatchObject({ signal: 'SIGKILL', artifact: '' })
    const again = await training(name, 'never', 0)
    expect(again).toMatchObject({ signal: null, errors: '', artifact: whole, epochs: 8 - saved })
    expect(readdirSync(join(folder, name, 'training'))).toEqual([])
  })
})
