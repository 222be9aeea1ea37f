import { finiteOrder } from './ranks.ts'

/**
 * Mean outcome of equal-count groups by score, lowest scores first; equal scores in symbol order.
 * A scored name without an outcome keeps its place in its group and is left out of the mean: it could not be bought.
 * @param scores [n] over symbols in sorted order; NaN = not scored
 * @param outcomes [n] forward returns; NaN = none
 * @returns [groups]; NaN for a group without outcomes
 */
export function groupReturns(scores: ArrayLike<number>, outcomes: ArrayLike<number>, groups: number): Float64Array {
  const order = finiteOrder(scores)
  const sums = new Float64Array(groups)
  const counts = new Float64Array(groups)
  for (let place = 0; place < order.length; place++) {
    const outcome = outcomes[order[place]]
    if (!Number.isFinite(outcome)) continue
    const group = Math.floor((place * groups) / order.length)
    sums[group] += outcome
    counts[group]++
  }
  return sums.map((sum, group) => (counts[group] === 0 ? NaN : sum / counts[group]))
}

/** Long-short return of one period: mean outcome of the top group minus that of the bottom group. */
export function topMinusBottom(scores: ArrayLike<number>, outcomes: ArrayLike<number>, groups: number): number {
  const means = groupReturns(scores, outcomes, groups)
  return means[groups - 1] - means[0]
}

/** Long-only return of one period: mean outcome of the top group minus the mean over all scored names. */
export function topExcess(scores: ArrayLike<number>, outcomes: ArrayLike<number>, groups: number): number {
  return groupReturns(scores, outcomes, groups)[groups - 1] - groupReturns(scores, outcomes, 1)[0]
}
