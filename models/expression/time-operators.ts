import type { OperatorName } from './operators.ts'

/** Share of a window's days that must have a value. */
const validShare = 0.8

export const validDays = (window: number): number => Math.ceil(validShare * window - 1e-9)

/** Equal within this share of the compared value counts as equal: adjustment alone moves a price by as much. */
const equalWithin = 1e-9

/**
 * What a name's window gives.
 * @param values the valid ones, oldest first, in the first `count` places
 * @param ages days before the last of the window, for each of them; the last day is there when ages[count − 1] is 0
 */
type Reducer = (values: Float64Array, ages: Int32Array, count: number, window: number) => number

function mean(values: Float64Array, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += values[i]
  return sum / count
}

/** [lowest, highest] */
function range(values: Float64Array, count: number): [number, number] {
  let [low, high] = [Infinity, -Infinity]
  for (let i = 0; i < count; i++) {
    low = Math.min(low, values[i])
    high = Math.max(high, values[i])
  }
  return [low, high]
}

function deviation(values: Float64Array, count: number): number {
  const [low, high] = range(values, count)
  if (low === high) return 0
  const centre = mean(values, count)
  let squares = 0
  for (let i = 0; i < count; i++) squares += (values[i] - centre) ** 2
  return Math.sqrt(squares / count)
}

function median(values: Float64Array, count: number): number {
  const sorted = values.slice(0, count).sort()
  const half = count >> 1
  return count % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/** (average rank − ½)/count of the last day's value. */
function lastRank(values: Float64Array, ages: Int32Array, count: number): number {
  if (ages[count - 1] !== 0) return NaN
  const last = values[count - 1]
  let [below, equal] = [0, 0]
  for (let i = 0; i < count; i++) {
    if (values[i] < last) below++
    else if (values[i] === last) equal++
  }
  return (below + equal / 2) / count
}

/** Weights window, …, 2, 1 from the last day back, over those of valid days. */
function decayed(values: Float64Array, ages: Int32Array, count: number, window: number): number {
  let [sum, weights] = [0, 0]
  for (let i = 0; i < count; i++) {
    sum += (window - ages[i]) * values[i]
    weights += window - ages[i]
  }
  return sum / weights
}

function signOfDifference(values: Float64Array, ages: Int32Array, count: number): number {
  if (ages[count - 1] !== 0) return NaN
  const centre = mean(values, count)
  const difference = values[count - 1] - centre
  return Math.abs(difference) <= equalWithin * Math.abs(centre) ? 0 : Math.sign(difference)
}

const reducers: Partial<Record<OperatorName, Reducer>> = {
  ts_sum: (values, _, count, window) => window * mean(values, count),
  ts_mean: (values, _, count) => mean(values, count),
  ts_median: (values, _, count) => median(values, count),
  ts_std: (values, _, count) => deviation(values, count),
  ts_max_to_min: (values, _, count) => {
    const [low, high] = range(values, count)
    return high - low
  },
  ts_rank: lastRank,
  decay_linear: decayed,
  diff_sign: signOfDifference,
  // Its input has been ranked over the section by then.
  ts_meanrank: (values, _, count) => mean(values, count),
}

/** A grid of days by names, the rows of the days before the first result included. */
export interface Window {
  /** Names of a day. */
  readonly width: number
  /** Days of each window. */
  readonly window: number
  /** [result days][names]: 1 where a name traded; elsewhere the result is NaN. */
  readonly traded: Uint8Array
}

/**
 * An operator over windows of one input.
 * @param x [result days + window − 1][names]
 * @returns [result days][names]
 */
export function overWindow(operator: OperatorName, x: Float64Array, { width, window, traded }: Window): Float64Array {
  const reduce = reducers[operator] as Reducer
  const result = new Float64Array(traded.length).fill(NaN)
  const values = new Float64Array(window)
  const ages = new Int32Array(window)
  const needed = validDays(window)
  for (let cell = 0; cell < traded.length; cell++) {
    if (traded[cell] === 0) continue
    let count = 0
    for (let step = 0, at = cell; step < window; step++, at += width) {
      if (Number.isNaN(x[at])) continue
      values[count] = x[at]
      ages[count++] = window - 1 - step
    }
    if (count >= needed) result[cell] = reduce(values, ages, count, window)
  }
  return result
}

/** Pearson's correlation; NaN when either side is constant. */
function correlation(x: Float64Array, y: Float64Array, count: number): number {
  const [lowX, highX] = range(x, count)
  const [lowY, highY] = range(y, count)
  if (lowX === highX || lowY === highY) return NaN
  const [centreX, centreY] = [mean(x, count), mean(y, count)]
  let [xx, xy, yy] = [0, 0, 0]
  for (let i = 0; i < count; i++) {
    const [dx, dy] = [x[i] - centreX, y[i] - centreY]
    xx += dx * dx
    xy += dx * dy
    yy += dy * dy
  }
  return xy / Math.sqrt(xx * yy)
}

/** Mean of x on the `taken` days of lowest or highest y; of equal y the earlier day is taken first. */
function meanOfCut(x: Float64Array, y: Float64Array, count: number, taken: number, highest: boolean): number {
  const order = Array.from({ length: count }, (_, i) => i)
  order.sort((a, b) => (highest ? y[b] - y[a] : y[a] - y[b]) || a - b)
  let sum = 0
  for (let i = 0; i < taken; i++) sum += x[order[i]]
  return sum / taken
}

type PairReducer = (x: Float64Array, y: Float64Array, count: number, taken: number) => number

const pairReducers: Partial<Record<OperatorName, PairReducer>> = {
  ts_corr: correlation,
  rolling_selmean_top: (x, y, count, taken) => meanOfCut(x, y, count, taken, true),
  rolling_selmean_btm: (x, y, count, taken) => meanOfCut(x, y, count, taken, false),
  rolling_selmean_diff: (x, y, count, taken) =>
    meanOfCut(x, y, count, taken, true) - meanOfCut(x, y, count, taken, false),
}

/**
 * An operator over windows of two inputs; a day is valid when both have a value.
 * @param taken days of a cut
 * @returns [result days][names]
 */
export function overPairs(
  operator: OperatorName,
  inputs: readonly [Float64Array, Float64Array],
  { width, window, traded }: Window,
  taken: number,
): Float64Array {
  const reduce = pairReducers[operator] as PairReducer
  const result = new Float64Array(traded.length).fill(NaN)
  const [x, y] = [new Float64Array(window), new Float64Array(window)]
  const needed = validDays(window)
  for (let cell = 0; cell < traded.length; cell++) {
    if (traded[cell] === 0) continue
    let count = 0
    for (let step = 0, at = cell; step < window; step++, at += width) {
      if (Number.isNaN(inputs[0][at] + inputs[1][at])) continue
      x[count] = inputs[0][at]
      y[count++] = inputs[1][at]
    }
    if (count >= needed) result[cell] = reduce(x, y, count, taken)
  }
  return result
}

/**
 * The value `window` days ago, or today's less that.
 * @param x [result days + window][names]
 */
export function overDelay(operator: OperatorName, x: Float64Array, { width, window, traded }: Window): Float64Array {
  const back = window * width
  const of = operator === 'delta' ? (at: number): number => x[at + back] - x[at] : (at: number): number => x[at]
  return Float64Array.from(traded, (isTraded, at) => (isTraded === 1 ? of(at) : NaN))
}
