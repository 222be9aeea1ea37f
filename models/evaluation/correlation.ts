import { rankInto } from './ranks.ts'

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

/** Names that a day needs for a RankIC or for groups that mean something. */
export const minimumNames = 10

/**
 * RankIC of one day: Spearman correlation with average ranks over the names that have a score and an outcome.
 * NaN when fewer than two names have both, or one side is constant.
 * @param scores [n] factor values; NaN = none
 * @param outcomes [n] raw forward returns; NaN = none
 */
export function rankIc(scores: ArrayLike<number>, outcomes: ArrayLike<number>): number {
  const isLong = scores.length > pairs
  const a = isLong ? new Float64Array(scores.length) : ranksA
  const b = isLong ? new Float64Array(scores.length) : ranksB
  let n = 0
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]
    const outcome = outcomes[i]
    // The difference of a finite number to itself is 0.
    if (score - score !== 0 || outcome - outcome !== 0) continue
    a[n] = score
    b[n++] = outcome
  }
  if (n < 2) return NaN
  rankInto(a, n, a)
  rankInto(b, n, b)
  return correlationOfRanks(a, b, n)
}

/** Working memory for any market's section: allocating it anew for each would cost as much as the ranks. */
const pairs = 1 << 14
const ranksA = new Float64Array(pairs)
const ranksB = new Float64Array(pairs)

/** Pearson correlation of ranks 1..n, whose mean is known; NaN when one side is constant. */
function correlationOfRanks(a: Float64Array, b: Float64Array, n: number): number {
  const mean = (n + 1) / 2
  let aa = 0
  let bb = 0
  let ab = 0
  for (let i = 0; i < n; i++) {
    const da = a[i] - mean
    const db = b[i] - mean
    aa += da * da
    bb += db * db
    ab += da * db
  }
  return aa === 0 || bb === 0 ? NaN : ab / Math.sqrt(aa * bb)
}
