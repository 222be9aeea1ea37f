import { evaluateFactor, type EvaluationRules } from '../../models/evaluation/factor-evaluation.ts'
import { factorCorrelation } from '../../models/evaluation/factor-series.ts'
import { spreadOf } from '../../models/evaluation/performance.ts'
import type { ArtifactManifest } from '../../models/training/artifact.ts'
import { capacityOf } from './capacity.ts'
import type { BacktestPrices } from './prices.ts'
import type { BacktestResult, MeasuredFactor } from './result.ts'
import type { ScoredFactor } from './score-factors.ts'

export interface MeasureRequest {
  readonly profile: string
  readonly from: string
  readonly to: string
  readonly horizon: number
  readonly inSample: boolean
  readonly prices: BacktestPrices
  readonly factors: readonly ScoredFactor[]
  /** Of the artifacts that scored them. */
  readonly manifests: readonly ArtifactManifest[]
}

export type Measured = Omit<BacktestResult, 'survivors' | 'labelPrice' | 'origins' | 'adjustedAsOf'>

/** Groups of a section; domain.md §9. */
const groups = 10
/** Days a year in every annual figure; domain.md §9. */
const daysPerYear = 252
/** Costs a side: none, the reading of thirty basis points a round trip, and twice that. */
const costs = [0, 0.0015, 0.003]

/** The metrics of factors that were scored, raw and neutral. */
export function measureFactors(request: MeasureRequest): Measured {
  const { prices, manifests, from, to, horizon, inSample, profile } = request
  const { first, last, market } = prices
  const rules: EvaluationRules = { horizon, groups, first, last, daysPerYear, costs }
  const factors = request.factors.map((factor): MeasuredFactor => ({
    factor,
    manifest: manifests.find(({ set }) => set === factor.set) ?? null,
    raw: evaluateFactor(factor.raw, market, rules),
    neutral: evaluateFactor(factor.neutral, market, rules),
    capacity: capacityOf(factor.raw, prices, groups),
  }))
  const correlation = request.factors.map((a) =>
    request.factors.map((b) => (a === b ? 1 : spreadOf(factorCorrelation(a.raw, b.raw, market)).mean)),
  )
  return { from, to, horizon, inSample, profile, rules, prices, factors, correlation }
}
