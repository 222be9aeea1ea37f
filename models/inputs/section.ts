/** Statistics over one cross-section. All work in place on a scratch column; NaN is left alone and never counted. */

/** MAD of a normal sample times this is its standard deviation. */
const madToDeviation = 1.4826

/** Median of the values that are no NaN, the mean of the two middle ones; NaN when there are none. */
export function median(values: Float64Array): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort()
  const half = sorted.length >> 1
  if (sorted.length === 0) return NaN
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/** Clips to median ± width · 1.4826 · MAD. With a MAD of 0 nothing is an outlier by this measure: left as it is. */
export function winsorise(values: Float64Array, width = 5): Float64Array {
  const centre = median(values)
  const mad = median(values.map((value) => Math.abs(value - centre)))
  if (!(mad > 0)) return values
  return clipTo(values, centre - width * madToDeviation * mad, centre + width * madToDeviation * mad)
}

export interface Moments {
  readonly count: number
  readonly mean: number
  /** Population deviation; exactly 0 when the values differ by rounding only. */
  readonly deviation: number
}

/** Two-pass mean and population deviation. */
export function moments(values: Float64Array): Moments {
  let count = 0
  let sum = 0
  let largest = 0
  for (const value of values) {
    if (Number.isNaN(value)) continue
    count++
    sum += value
    largest = Math.max(largest, Math.abs(value))
  }
  if (count === 0) return { count, mean: NaN, deviation: NaN }
  const mean = sum / count
  let squares = 0
  for (const value of values) if (!Number.isNaN(value)) squares += (value - mean) ** 2
  const deviation = Math.sqrt(squares / count)
  return { count, mean, deviation: deviation > 1e-12 * largest ? deviation : 0 }
}

/** z-score with the population deviation. A section without spread carries no order: 0 for every value. */
export function zScore(values: Float64Array): Float64Array {
  const { mean, deviation } = moments(values)
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) values[i] = standardise(values[i], mean, deviation)
  }
  return values
}

/** (value − mean)/deviation, 0 where the section has no spread. */
export const standardise = (value: number, mean: number, deviation: number): number =>
  deviation > 0 ? (value - mean) / deviation : 0

export const clip = (values: Float64Array, bound: number): Float64Array => clipTo(values, -bound, bound)

export function clipTo(values: Float64Array, low: number, high: number): Float64Array {
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) values[i] = low
    else if (values[i] > high) values[i] = high
  }
  return values
}
