import { topExcess } from '../evaluation/groups.ts'
import { dateIndex } from '../inputs/panel.ts'

/** Periods that count, at most; domain.md §8b. */
const longOnlyPeriods = 12
/** The long side is the top tenth. */
const groups = 10

/** Weights of the sets; they sum to 1. Flags say where they were not found but assumed. */
export interface SetWeights {
  readonly weights: Float64Array
  readonly flags: readonly string[]
}

export interface LongOnlyHistory {
  /** Trading dates without gaps, ascending. */
  readonly dates: readonly string[]
  /** [dates][sets] top-tenth excess return of the factor of each date over its H days; NaN = none. */
  readonly excess: Float64Array
  readonly sets: number
}

/** Excess return of the top tenth of one factor over the mean of all scored names, from the day after on, H days. */
export const longOnlyExcess = (neutral: ArrayLike<number>, forwardReturns: ArrayLike<number>): number =>
  topExcess(neutral, forwardReturns, groups)

/**
 * w_k ∝ max(0, mean excess of factor k over the last 12 periods of H days that ended by the date, as many as exist).
 * Periods are counted back from the date without overlap: a factor of day t is bought on t+1 and ends on t+1+H.
 * No period at all: equal, flagged `equal-long-only`. None positive: equal. A set without periods of its own gets 0.
 */
export function longOnlyWeights(history: LongOnlyHistory, date: string, horizon: number): SetWeights {
  const { sets } = history
  const last = dateIndex(history, date) - 1 - horizon
  const sums = new Float64Array(sets)
  const counts = new Float64Array(sets)
  for (let period = 0; period < longOnlyPeriods; period++) {
    const day = last - period * horizon
    for (let set = 0; day >= 0 && set < sets; set++) {
      const excess = history.excess[day * sets + set]
      if (Number.isNaN(excess)) continue
      sums[set] += excess
      counts[set]++
    }
  }
  const positive = sums.map((sum, set) => (counts[set] === 0 ? 0 : Math.max(0, sum / counts[set])))
  const total = positive.reduce((sum, value) => sum + value, 0)
  const weights = total > 0 ? positive.map((value) => value / total) : equalWeights(sets)
  return { weights, flags: counts.some((count) => count > 0) ? [] : ['equal-long-only'] }
}

export const equalWeights = (sets: number): Float64Array => new Float64Array(sets).fill(1 / sets)
