import { averageRanks } from '../evaluation/ranks.ts'
import type { OperatorName } from './operators.ts'

/** A regression over fewer names says nothing. */
const regressionNames = 30

/** (average rank − ½)/count, in (0, 1). */
function ranked(x: Float64Array): Float64Array {
  const ranks = averageRanks(x)
  let count = 0
  for (const rank of ranks) if (!Number.isNaN(rank)) count++
  return ranks.map((rank) => (rank - 0.5) / count)
}

interface Spread {
  readonly count: number
  readonly mean: number
  readonly constant: boolean
}

function spreadOf(x: Float64Array): Spread {
  let [count, sum, low, high] = [0, 0, Infinity, -Infinity]
  for (const value of x) {
    if (Number.isNaN(value)) continue
    count++
    sum += value
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return { count, mean: sum / count, constant: low >= high }
}

/** Population z-score; NaN where the section has no spread. */
function zScored(x: Float64Array): Float64Array {
  const { count, mean, constant } = spreadOf(x)
  let squares = 0
  for (const value of x) if (!Number.isNaN(value)) squares += (value - mean) ** 2
  const deviation = constant ? NaN : Math.sqrt(squares / count)
  return x.map((value) => (value - mean) / deviation)
}

function demeaned(x: Float64Array): Float64Array {
  const { mean } = spreadOf(x)
  return x.map((value) => value - mean)
}

/** Residual of y on x with intercept over the names with both; all NaN below 30 of them, or when x is constant. */
function residual(y: Float64Array, x: Float64Array): Float64Array {
  const isWhole = (i: number): boolean => !Number.isNaN(x[i] + y[i])
  const wholeX = x.map((value, i) => (isWhole(i) ? value : NaN))
  const wholeY = y.map((value, i) => (isWhole(i) ? value : NaN))
  const [ofX, ofY] = [spreadOf(wholeX), spreadOf(wholeY)]
  if (ofX.count < regressionNames || ofX.constant) return wholeY.fill(NaN)
  let [xx, xy] = [0, 0]
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(wholeX[i])) continue
    xx += (x[i] - ofX.mean) ** 2
    xy += (x[i] - ofX.mean) * (y[i] - ofY.mean)
  }
  return wholeY.map((value, i) => value - ofY.mean - (xy / xx) * (wholeX[i] - ofX.mean))
}

function rankSum(x: Float64Array, y: Float64Array): Float64Array {
  const other = ranked(y)
  return ranked(x).map((rank, i) => rank + other[i])
}

type SectionStep = (x: Float64Array, y: Float64Array) => Float64Array

const steps: Partial<Record<OperatorName, SectionStep>> = {
  cs_rank: ranked,
  cs_zscore: zScored,
  cs_demean: demeaned,
  rank_add: rankSum,
  ols_residual: residual,
}

/**
 * An operator over the names of each day: those with a value, in their order.
 * @param inputs [days][names] each, one or two
 * @returns [days][names]
 */
export function overSections(operator: OperatorName, inputs: readonly Float64Array[], width: number): Float64Array {
  const step = steps[operator] as SectionStep
  const [x, y = x] = inputs
  const result = new Float64Array(x.length)
  for (let from = 0; from < x.length; from += width)
    result.set(step(x.subarray(from, from + width), y.subarray(from, from + width)), from)
  return result
}
