import type { EvaluationRules, FactorEvaluation } from '../../models/evaluation/factor-evaluation.ts'
import type { ArtifactManifest, LabelPrice } from '../../models/training/artifact.ts'
import type { Capacity } from './capacity.ts'
import type { BacktestPrices } from './prices.ts'
import type { ScoredFactor } from './score-factors.ts'
import type { Survivors } from './survivors.ts'

export interface MeasuredFactor {
  readonly factor: ScoredFactor
  /** Null for ML_C. */
  readonly manifest: ArtifactManifest | null
  readonly raw: FactorEvaluation
  readonly neutral: FactorEvaluation
  readonly capacity: Capacity
}

/** Everything that report, document and exports are made of. */
export interface BacktestResult {
  readonly from: string
  readonly to: string
  readonly horizon: number
  readonly inSample: boolean
  readonly profile: string
  /** What RankIC's returns are taken at: the price of the artifacts' labels. */
  readonly labelPrice: LabelPrice
  readonly rules: EvaluationRules
  readonly prices: BacktestPrices
  readonly factors: readonly MeasuredFactor[]
  /** [factors][factors] mean daily Spearman correlation of the raw scores. */
  readonly correlation: readonly (readonly number[])[]
  readonly survivors: readonly Survivors[]
  /** Where the rows of the span come from: imported, simulated, backfill, live. */
  readonly origins: readonly string[]
  /** Date up to which the vendor had adjusted the prices; '' where none had. */
  readonly adjustedAsOf: string
}
