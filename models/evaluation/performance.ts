/** What a series of daily returns comes to; domain.md §9. NaN days are no days: they neither earn nor count. */

/** Net value at the close of each day from 1 before the first; NaN on days without a return. */
export function netValues(daily: ArrayLike<number>): Float64Array {
  let value = 1
  return Float64Array.from(daily, (r) => {
    if (Number.isNaN(r)) return NaN
    value *= 1 + r
    return value
  })
}

/** Drop of the net value from its highest so far, 0 or negative; NaN on days without a return. */
export function drawdowns(daily: ArrayLike<number>): Float64Array {
  let highest = 1
  return netValues(daily).map((value) => {
    if (Number.isNaN(value)) return NaN
    highest = Math.max(highest, value)
    return value / highest - 1
  })
}

export interface Performance {
  /** Geometric: net value at the end to the power of days a year over days, less 1. */
  readonly annualReturn: number
  /** Mean over sample deviation of the daily returns, times the root of the days a year. */
  readonly informationRatio: number
  /** Deepest drawdown, negative; 0 when there was none. */
  readonly maxDrawdown: number
  /** Days with a return. */
  readonly days: number
}

export function performanceOf(daily: ArrayLike<number>, daysPerYear: number): Performance {
  let value = 1
  let highest = 1
  let maxDrawdown = 0
  let sum = 0
  let days = 0
  for (let day = 0; day < daily.length; day++) {
    if (Number.isNaN(daily[day])) continue
    days++
    sum += daily[day]
    value *= 1 + daily[day]
    highest = Math.max(highest, value)
    maxDrawdown = Math.min(maxDrawdown, value / highest - 1)
  }
  if (days === 0) return { annualReturn: NaN, informationRatio: NaN, maxDrawdown: NaN, days }
  return {
    annualReturn: value > 0 ? value ** (daysPerYear / days) - 1 : -1,
    informationRatio: ratioOf(daily, sum / days, days) * Math.sqrt(daysPerYear),
    maxDrawdown,
    days,
  }
}

/** Mean over sample deviation (ddof 1); NaN with fewer than two days or without spread. */
function ratioOf(daily: ArrayLike<number>, mean: number, days: number): number {
  let squares = 0
  for (let day = 0; day < daily.length; day++) if (!Number.isNaN(daily[day])) squares += (daily[day] - mean) ** 2
  const deviation = Math.sqrt(squares / (days - 1))
  return days > 1 && deviation > 1e-14 * Math.abs(mean) ? mean / deviation : NaN
}

export interface Spread {
  readonly mean: number
  /** Sample deviation; NaN of one value. */
  readonly deviation: number
  readonly lowest: number
  readonly highest: number
  /** Values that are no NaN. */
  readonly count: number
}

/** Mean and spread of the values that are no NaN, such as those of the rebalance offsets. */
export function spreadOf(values: ArrayLike<number>): Spread {
  const kept = Float64Array.from(Array.from(values).filter((value) => !Number.isNaN(value)))
  const count = kept.length
  if (count === 0) return { mean: NaN, deviation: NaN, lowest: NaN, highest: NaN, count }
  const mean = kept.reduce((sum, value) => sum + value, 0) / count
  const squares = kept.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return {
    mean,
    deviation: count < 2 ? NaN : Math.sqrt(squares / (count - 1)),
    lowest: Math.min(...kept),
    highest: Math.max(...kept),
    count,
  }
}
