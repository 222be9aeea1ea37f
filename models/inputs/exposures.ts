import { styleNames } from '../sample.ts'
import { type DailyReturns } from './daily-returns.ts'
import { dateIndex } from './panel.ts'
import { clipTo, median, moments } from './section.ts'
import { isSolvable, solve } from './linear-system.ts'
import { cumulativeRange, type Decay, decay, momentum, riskOf } from './style-descriptors.ts'

/** Style exposures of a section on the close of a date. */
export interface Exposures {
  readonly date: string
  readonly instruments: readonly string[]
  /** [n] as known on the date; '' = unknown. */
  readonly industries: readonly string[]
  /** [n] total cap. */
  readonly cap: Float64Array
  /** [10][n] in the order of `styleNames`; NaN for styles that are masked and for names without the data. */
  readonly values: Float64Array
}

const [size, beta, momentumStyle, residualVolatility] = [0, 1, 2, 3]

/** Weights of DASTD, CMRA and HSIGMA in residual volatility (CNE5). */
const residualWeights = [0.74, 0.16, 0.1] as const

/**
 * Size, beta, momentum and residual volatility of CNE5; the other six styles are masked. Descriptors and composites
 * are winsorised at ±3 deviations, missing ones filled by the median of the industry, then shifted and scaled to
 * cap-weighted mean 0 and equal-weighted deviation 1; residual volatility is made orthogonal to beta and size, weighted
 * by √cap. A style stays NaN for all until the histories are long enough: see `riskOf` and `momentum`.
 * @param industries [n] as known on the date
 */
export function exposuresOn(history: DailyReturns, date: string, industries: readonly string[]): Exposures {
  const day = dateIndex(history, date)
  const names = history.instruments.length
  const cap = history.totalCap.slice(day * names, (day + 1) * names)
  const raw = descriptorsOn(history, day)
  const scale = (values: Float64Array): Float64Array => standardiseStyle(fillByIndustry(values, industries), cap)
  const values = new Float64Array(styleNames.length * names).fill(NaN)
  const sizes = scale(cap.map(Math.log))
  const betas = scale(raw.beta)
  const parts = [raw.dastd, raw.cmra, raw.hsigma].map(scale)
  const volatility = parts[0].map((_, i) => parts.reduce((sum, part, p) => sum + residualWeights[p] * part[i], 0))
  values.set(sizes, size * names)
  values.set(betas, beta * names)
  values.set(scale(raw.momentum), momentumStyle * names)
  const residual = orthogonal(standardiseStyle(volatility, cap), [betas, sizes], cap)
  values.set(toUnits(residual, cap), residualVolatility * names)
  return { date, instruments: history.instruments, industries, cap, values }
}

interface Descriptors {
  readonly beta: Float64Array
  readonly momentum: Float64Array
  readonly dastd: Float64Array
  readonly cmra: Float64Array
  readonly hsigma: Float64Array
}

const slow: Decay = decay(252, 63)
const fast: Decay = decay(252, 42)
const longRun: Decay = decay(504, 126)

function descriptorsOn(history: DailyReturns, day: number): Descriptors {
  const names = history.instruments.length
  const days = history.dates.length
  const column = (): Float64Array => new Float64Array(names)
  const all = { beta: column(), momentum: column(), dastd: column(), cmra: column(), hsigma: column() }
  for (let name = 0; name < names; name++) {
    const returns = history.returns.subarray(name * days, name * days + day + 1)
    const logs = history.logReturns.subarray(name * days, name * days + day + 1)
    const risk = riskOf(returns, history.market, slow, fast)
    all.beta[name] = risk.beta
    all.dastd[name] = risk.deviation
    all.hsigma[name] = risk.residualDeviation
    all.momentum[name] = momentum(logs, longRun)
    all.cmra[name] = cumulativeRange(logs)
  }
  return all
}

/** Fills NaN by the median of the industry's others; an industry without any keeps NaN. */
function fillByIndustry(values: Float64Array, industries: readonly string[]): Float64Array {
  if (!values.some(Number.isNaN)) return values
  const medians = new Map<string, number>()
  return values.map((value, i) => {
    if (!Number.isNaN(value)) return value
    const known = medians.get(industries[i]) ?? median(values.filter((_, j) => industries[j] === industries[i]))
    medians.set(industries[i], known)
    return known
  })
}

/** Winsorised at ±3 deviations, then cap-weighted mean 0 and equal-weighted population deviation 1; domain.md §7. */
export function standardiseStyle(values: Float64Array, cap: Float64Array): Float64Array {
  const { mean, deviation } = moments(values)
  return toUnits(clipTo(values.slice(), mean - 3 * deviation, mean + 3 * deviation), cap)
}

/** An affine map only, so that what was orthogonal stays so. */
function toUnits(values: Float64Array, cap: Float64Array): Float64Array {
  let sum = 0
  let weights = 0
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i]) || Number.isNaN(cap[i])) continue
    sum += cap[i] * values[i]
    weights += cap[i]
  }
  const { deviation } = moments(values)
  return values.map((value) => (deviation > 0 ? (value - sum / weights) / deviation : value * 0))
}

/** Residual of a regression with intercept on other styles, weighted by √cap; NaN where one of them is missing. */
function orthogonal(values: Float64Array, others: readonly Float64Array[], cap: Float64Array): Float64Array {
  const width = others.length + 1
  const normal = new Float64Array(width * width)
  const right = new Float64Array(width)
  const rowOf = (i: number): number[] => [1, ...others.map((other) => other[i])]
  for (let i = 0; i < values.length; i++) {
    const row = rowOf(i)
    const weight = Math.sqrt(cap[i])
    if (!Number.isFinite(values[i] + weight + row.reduce((sum, x) => sum + x, 0))) continue
    for (let a = 0; a < width; a++) {
      right[a] += weight * row[a] * values[i]
      for (let b = 0; b < width; b++) normal[a * width + b] += weight * row[a] * row[b]
    }
  }
  const fit = solve(normal, right)
  if (!isSolvable(fit)) return values.map(() => NaN)
  return values.map((value, i) => value - rowOf(i).reduce((sum, x, a) => sum + x * fit[a], 0))
}
