/** Weights of a window by age in days: 0.5^(age / half-life). */
export type Decay = Float64Array

export const decay = (window: number, halfLife: number): Decay =>
  Float64Array.from({ length: window }, (_, age) => 0.5 ** (age / halfLife))

/** A descriptor needs a quarter of its window. */
const minimumShare = 0.25

/** Days that momentum leaves out, and days of a month. */
const momentumLag = 21
const monthDays = 21
const months = 12

export interface Risk {
  /** Slope of r on the index, weighted by `slow`. */
  readonly beta: number
  /** DASTD: deviation of r, weighted by `fast`. */
  readonly deviation: number
  /** HSIGMA: deviation of the residuals of the beta regression, weighted by `slow`. */
  readonly residualDeviation: number
}

/**
 * Beta, DASTD and HSIGMA of one name over the days of the window on which it and the index have a return. The
 * risk-free rate is taken as 0. All NaN with fewer returns than a quarter of the window (63 of 252 days).
 * @param returns of the name, the last one that of the day
 * @param market returns of the index from the same first day on
 */
export function riskOf(returns: Float64Array, market: Float64Array, slow: Decay, fast: Decay): Risk {
  const last = returns.length - 1
  const first = Math.max(0, last - slow.length + 1)
  let count = 0
  let slowWeight = 0
  let fastWeight = 0
  let meanX = 0
  let meanY = 0
  let fastMeanY = 0
  for (let day = first; day <= last; day++) {
    if (Number.isNaN(returns[day] + market[day])) continue
    count++
    slowWeight += slow[last - day]
    fastWeight += fast[last - day]
    meanX += slow[last - day] * market[day]
    meanY += slow[last - day] * returns[day]
    fastMeanY += fast[last - day] * returns[day]
  }
  if (count < minimumShare * slow.length) return { beta: NaN, deviation: NaN, residualDeviation: NaN }
  meanX /= slowWeight
  meanY /= slowWeight
  fastMeanY /= fastWeight
  let xx = 0
  let xy = 0
  let yy = 0
  let fastYy = 0
  for (let day = first; day <= last; day++) {
    if (Number.isNaN(returns[day] + market[day])) continue
    const x = market[day] - meanX
    const y = returns[day] - meanY
    xx += slow[last - day] * x * x
    xy += slow[last - day] * x * y
    yy += slow[last - day] * y * y
    fastYy += fast[last - day] * (returns[day] - fastMeanY) ** 2
  }
  const beta = xy / xx
  return {
    beta,
    deviation: Math.sqrt(fastYy / fastWeight),
    residualDeviation: Math.sqrt(Math.max(0, yy - beta * xy) / slowWeight),
  }
}

/**
 * RSTR: weighted mean of ln(1 + r) over 504 days that end 21 days ago. The mean, not the sum, so that a suspended day
 * does not count as a return of 0. NaN with fewer returns than a quarter of the window (126).
 * @param logReturns of the name, the last one that of the day
 */
export function momentum(logReturns: Float64Array, weights: Decay): number {
  const last = logReturns.length - 1 - momentumLag
  let sum = 0
  let weight = 0
  let count = 0
  for (let day = Math.max(0, last - weights.length + 1); day <= last; day++) {
    if (Number.isNaN(logReturns[day])) continue
    sum += weights[last - day] * logReturns[day]
    weight += weights[last - day]
    count++
  }
  return count < minimumShare * weights.length ? NaN : sum / weight
}

/**
 * CMRA: range of the cumulative log return over the last 1 to 12 months of 21 days. ln(1 + Z) of the original is not
 * defined after a fall of 63 % in a year, so that Z itself is compared. Months that hold no return end it; NaN with
 * fewer returns than a quarter of the window (63).
 * @param logReturns of the name, the last one that of the day
 */
export function cumulativeRange(logReturns: Float64Array): number {
  let total = 0
  let count = 0
  let lowest = Infinity
  let highest = -Infinity
  for (let month = 0; month < months; month++) {
    const end = logReturns.length - month * monthDays
    if (end < monthDays) break
    for (let day = end - monthDays; day < end; day++) {
      if (Number.isNaN(logReturns[day])) continue
      total += logReturns[day]
      count++
    }
    lowest = Math.min(lowest, total)
    highest = Math.max(highest, total)
  }
  return count < minimumShare * months * monthDays ? NaN : highest - lowest
}

export interface Liquidity {
  /** STOM: ln of the turnover of a month of 21 days. */
  readonly month: number
  /** STOQ, STOA: ln of the mean monthly turnover over 3 and over 12 months. */
  readonly quarter: number
  readonly year: number
}

/**
 * STOM, STOQ and STOA. A window's sum is its days times the mean over the days with trades, so that a suspension does
 * not read as illiquidity; NaN with trades on fewer days than a quarter of the window.
 * @param turnover volume over float shares of the name, the last one that of the day
 */
export function liquidity(turnover: Float64Array): Liquidity {
  const monthly = (days: number): number => {
    let sum = 0
    let count = 0
    for (let day = Math.max(0, turnover.length - days); day < turnover.length; day++) {
      if (!(turnover[day] > 0)) continue
      sum += turnover[day]
      count++
    }
    return count < minimumShare * days ? NaN : Math.log((monthDays * sum) / count)
  }
  return { month: monthly(monthDays), quarter: monthly(3 * monthDays), year: monthly(months * monthDays) }
}
