import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { neweyWest, type MeanTest } from '../../models/evaluation/significance.ts'
import type { ModelsFolder } from '../../src/workers/models-folder.ts'
import type { Signal } from '../../src/simulator/options.ts'
import { prepareMarket, type CheckedMarket } from './checked-market.ts'
import { judgeOf, mlCRankIcs, plantedRankIcs } from './outcomes.ts'
import { closeTestDays, horizon, spansOf, trainLine, type ClosedDay, type Spans } from './trained-line.ts'
import { Comparison } from './variants.ts'

export const instruments = 150

export interface CheckedLine {
  readonly checked: CheckedMarket
  readonly models: ModelsFolder
  readonly spans: Spans
  readonly days: readonly ClosedDay[]
  readonly mlC: MeanTest
  readonly planted: MeanTest
  readonly comparison: Comparison
  close(): Promise<void>
}

/** A market with a planted signal, the line trained on its first days and closed on its last ones; prints what came. */
export async function checkedLine(signal: Signal, seed: number, days: number): Promise<CheckedLine> {
  const folder = await mkdtemp(join(tmpdir(), 'closebell-check-'))
  const checked = await prepareMarket({ seed, instruments, days, signal, horizon }, folder)
  const spans = spansOf(checked.market.dates)
  const models = await trainLine(checked, spans, { name: 'models' })
  const closed = await closeTestDays(checked, models, spans.test)
  const judge = await judgeOf(checked)
  const comparison = await Comparison.of(checked, judge, models, spans)
  const mlC = neweyWest(mlCRankIcs(judge, closed), horizon - 1)
  const planted = neweyWest(plantedRankIcs(checked, judge, closed), horizon - 1)
  console.info(`${signal} seed ${seed}: ML_C ${told(mlC)}, planted ${told(planted)}, ratio ${ratio(mlC, planted)}`)
  const close = async (): Promise<void> => {
    await checked.close()
    await rm(folder, { recursive: true })
  }
  return { checked, models, spans, days: closed, mlC, planted, comparison, close }
}

const ratio = (a: MeanTest, b: MeanTest): string => (a.mean / b.mean).toFixed(2)

export const told = ({ n, mean, t }: MeanTest): string => `${mean.toFixed(4)} (t ${t.toFixed(1)}, ${n} days)`
