import { averageRanks } from './ranks.ts'

/**
 * Pearson correlation over the pairs in which both values are finite, each series with its own mean.
 * NaN when fewer than two pairs remain or one series is constant.
 */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let n = 0
  let meanA = 0
  let meanB = 0
  for (let i = 0; i < a.length; i++) {
    if (!Number.isFinite(a[i]) || !Number.isFinite(b[i])) continue
    n++
    meanA += a[i]
    meanB += b[i]
  }
  if (n < 2) return NaN
  meanA /= n
  meanB /= n
  let aa = 0
  let bb = 0
  let ab = 0
  for (let i = 0; i < a.length; i++) {
    if (!Number.isFinite(a[i]) || !Number.isFinite(b[i])) continue
    aa += (a[i] - meanA) ** 2
    bb += (b[i] - meanB) ** 2
    ab += (a[i] - meanA) * (b[i] - meanB)
  }
  // A constant series leaves only the rounding of its own mean.
  const constant = aa <= n * (1e-14 * meanA) ** 2 || bb <= n * (1e-14 * meanB) ** 2
  return constant ? NaN : ab / Math.sqrt(aa * bb)
}

/**
 * RankIC of one day: Spearman correlation with average ranks over the names that have a score and an outcome.
 * @param scores [n] factor values; NaN = none
 * @param outcomes [n] raw forward returns; NaN = none
 */
export function rankIc(scores: ArrayLike<number>, outcomes: ArrayLike<number>): number {
  const kept: number[] = []
  for (let i = 0; i < scores.length; i++) {
    if (Number.isFinite(scores[i]) && Number.isFinite(outcomes[i])) kept.push(i)
  }
  return pearson(averageRanks(kept.map((i) => scores[i])), averageRanks(kept.map((i) => outcomes[i])))
}
