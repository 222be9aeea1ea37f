import { ClosebellError } from '../../schemas/errors.ts'
import { neutralise } from './neutralise.ts'

/** Share of the promoted sets that a name must have, as a fraction of whole numbers: 3 of 5. */
const requiredShare = [3, 5] as const

/** How many of the promoted sets must be there: 3 of five, 2 of three. */
export const requiredSets = (promoted: number): number => Math.ceil((promoted * requiredShare[0]) / requiredShare[1])

export interface CompositeInputs {
  /** [sets][n] neutral z-scores, NaN = none. */
  readonly factors: readonly Float64Array[]
  /** [sets], each summing to 1. */
  readonly saWeights: ArrayLike<number>
  readonly longOnlyWeights: ArrayLike<number>
  /** Factors that a name must have. */
  readonly requireAtLeast: number
  readonly lnFloatCap: ArrayLike<number>
  readonly industries: readonly string[]
}

export interface Composite {
  /** [sets] half of each part; they sum to 1. */
  readonly weights: Float64Array
  /** [n] weighted sum of the factors that a name has, its weights scaled to sum to 1. */
  readonly raw: Float64Array
  /** [n] neutral z-score of raw. */
  readonly neutral: Float64Array
}

/**
 * ML_C: Σ w_k f_k with w = ½ state-adaptive + ½ long-only weights, made neutral again; domain.md §8. A name with fewer
 * factors than required, or whose factors have no weight at all, is NaN.
 */
export function composeMlC(inputs: CompositeInputs): Composite {
  const sets = inputs.factors.length
  if (inputs.saWeights.length !== sets || inputs.longOnlyWeights.length !== sets) {
    const counts = `${inputs.saWeights.length} and ${inputs.longOnlyWeights.length}`
    throw new ClosebellError('CB_ENGINE_INPUT', `${sets} factors with ${counts} weights`)
  }
  const weights = Float64Array.from({ length: sets }, (_, k) => (inputs.saWeights[k] + inputs.longOnlyWeights[k]) / 2)
  const raw = Float64Array.from(inputs.industries, (_, i) => {
    let sum = 0
    let weight = 0
    let present = 0
    for (let k = 0; k < sets; k++) {
      if (Number.isNaN(inputs.factors[k][i])) continue
      sum += weights[k] * inputs.factors[k][i]
      weight += weights[k]
      present++
    }
    return present >= inputs.requireAtLeast && weight > 0 ? sum / weight : NaN
  })
  return { weights, raw, neutral: neutralise(raw, inputs.lnFloatCap, inputs.industries) }
}
