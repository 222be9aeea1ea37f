export interface MeanTest {
  /** Values that entered; NaN days are left out. */
  readonly n: number
  readonly mean: number
  readonly standardError: number
  readonly t: number
}

/**
 * Mean of a series with the standard error of Newey and West (1987): Bartlett weights 1 − l/(lag + 1), variances over
 * n.
 * Overlapping H-day outcomes need lag H − 1; lag 0 is the plain error.
 * @param series in time order; NaN days are dropped, their neighbours then count as adjacent
 */
export function neweyWest(series: ArrayLike<number>, lag: number): MeanTest {
  const values = Float64Array.from(Array.from(series).filter((value) => !Number.isNaN(value)))
  const n = values.length
  if (n < 2) return { n, mean: n === 1 ? values[0] : NaN, standardError: NaN, t: NaN }
  let mean = 0
  for (const value of values) mean += value
  mean /= n
  let longRun = autocovariance(values, mean, 0)
  for (let l = 1; l <= Math.min(lag, n - 1); l++) {
    longRun += 2 * (1 - l / (lag + 1)) * autocovariance(values, mean, l)
  }
  const standardError = Math.sqrt(longRun / n)
  return { n, mean, standardError, t: mean / standardError }
}

/** Whether a exceeds b day by day: Newey-West over a − b on the days that both have. */
export function pairedTest(a: ArrayLike<number>, b: ArrayLike<number>, lag: number): MeanTest {
  return neweyWest(
    Array.from(a, (value, day) => value - b[day]),
    lag,
  )
}

export interface InformationRatio {
  /** Mean over all days. */
  readonly mean: number
  /** Mean of the ratios of the offsets. */
  readonly ratio: number
  /** Sample deviation of the ratios between the offsets; NaN with one offset. */
  readonly spread: number
}

/**
 * RankICIR: mean/sd (ddof 1) · √(days a year / horizon) of non-overlapping periods, averaged over the offsets at
 * which the periods can start; one offset alone moves by ±1.
 * @param series daily RankIC in time order
 * @param horizon days the outcome looks ahead
 */
export function informationRatio(series: ArrayLike<number>, horizon: number, daysPerYear: number): InformationRatio {
  const all = Array.from(series)
  const ratios: number[] = []
  for (let offset = 0; offset < horizon; offset++) {
    const picked = all.filter((value, day) => day % horizon === offset && !Number.isNaN(value))
    if (picked.length >= 2) ratios.push((meanOf(picked) / sampleDeviation(picked)) * Math.sqrt(daysPerYear / horizon))
  }
  return {
    mean: meanOf(all.filter((value) => !Number.isNaN(value))),
    ratio: meanOf(ratios),
    spread: sampleDeviation(ratios),
  }
}

function autocovariance(values: Float64Array, mean: number, lag: number): number {
  let sum = 0
  for (let i = lag; i < values.length; i++) sum += (values[i] - mean) * (values[i - lag] - mean)
  return sum / values.length
}

const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? NaN : values.reduce((sum, value) => sum + value, 0) / values.length

function sampleDeviation(values: readonly number[]): number {
  if (values.length < 2) return NaN
  const mean = meanOf(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1))
}
