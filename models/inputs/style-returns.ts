import { styleNames } from '../sample.ts'
import { type DailyReturns } from './daily-returns.ts'
import { exposuresOn, type Exposures } from './exposures.ts'
import { isSolvable, solve } from './linear-system.ts'
import { dateIndex } from './panel.ts'

/** Returns of the pure factors of one day. */
export interface StyleReturns {
  readonly date: string
  /** [10] decimal, in the order of `styleNames`; NaN = masked. */
  readonly styles: Float64Array
  readonly country: number
  /** Industries that had a member, sorted, and their returns; Σ cap share · return = 0. */
  readonly industries: readonly string[]
  readonly industryReturns: Float64Array
  /** Weighted share of variance explained. */
  readonly r2: number
  /** Names that entered. */
  readonly n: number
}

/**
 * Style returns of a date: its returns on the exposures of the day before; domain.md §7.
 * @param industries [n] as known on the day before
 * @param indicators [n][36] as known on the day before; null = no company reports
 */
export function styleReturnsOn(
  history: DailyReturns,
  date: string,
  industries: readonly string[],
  indicators: Float64Array | null = null,
): StyleReturns {
  const day = dateIndex(history, date)
  const days = history.dates.length
  const returns = Float64Array.from(history.instruments, (_, name) => history.returns[name * days + day])
  if (day === 0) return masked(date, 0)
  return crossSection(date, returns, exposuresOn(history, history.dates[day - 1], industries, indicators))
}

/**
 * Regression of one day's returns on country, industries and styles, weighted by √cap, under Σ W_k f_k = 0 with W_k
 * the cap of industry k: f = R g, R eliminating the last industry, g = (R′X′VXR)⁻¹ R′X′V r.
 * A name enters with a return, a cap, an industry and every style that any name has.
 * @param returns [n] decimal; NaN = not traded
 */
export function crossSection(date: string, returns: Float64Array, exposures: Exposures): StyleReturns {
  const names = returns.length
  const styleAt = (style: number, i: number): number => exposures.values[style * names + i]
  const styles = styleNames.flatMap((_, style) =>
    returns.some((_r, i) => !Number.isNaN(styleAt(style, i))) ? [style] : [],
  )
  const members: number[] = []
  for (let i = 0; i < names; i++) {
    const whole = exposures.cap[i] > 0 && exposures.industries[i] !== '' && !Number.isNaN(returns[i])
    if (whole && styles.every((style) => !Number.isNaN(styleAt(style, i)))) members.push(i)
  }
  const industries = [...new Set(members.map((i) => exposures.industries[i]))].sort()
  if (members.length <= industries.length + styles.length) return masked(date, members.length)
  const industryCap = new Float64Array(industries.length)
  const industryOf = members.map((i) => industries.indexOf(exposures.industries[i]))
  members.forEach((i, m) => (industryCap[industryOf[m]] += exposures.cap[i]))
  const width = industries.length + styles.length
  const rows = members.map((i, m) => {
    const row = new Float64Array(width)
    row[0] = 1
    setIndustry(row, industryOf[m], industryCap)
    styles.forEach((style, s) => (row[industries.length + s] = styleAt(style, i)))
    return row
  })
  const weights = members.map((i) => Math.sqrt(exposures.cap[i]))
  const outcomes = members.map((i) => returns[i])
  const fit = weightedLeastSquares(rows, weights, outcomes, width)
  if (!isSolvable(fit)) return masked(date, members.length)
  const found = new Float64Array(styleNames.length).fill(NaN)
  styles.forEach((style, s) => (found[style] = fit[industries.length + s]))
  return {
    date,
    styles: found,
    country: fit[0],
    industries,
    industryReturns: constrained(fit, industryCap),
    r2: explained(rows, weights, outcomes, fit),
    n: members.length,
  }
}

/** Columns 1..K−1 hold the industries but the last one, whose members carry −W_k/W_K in each of them. */
function setIndustry(row: Float64Array, industry: number, industryCap: Float64Array): void {
  const last = industryCap.length - 1
  if (industry < last) row[1 + industry] = 1
  else for (let k = 0; k < last; k++) row[1 + k] = -industryCap[k] / industryCap[last]
}

function constrained(fit: Float64Array, industryCap: Float64Array): Float64Array {
  const last = industryCap.length - 1
  const found = new Float64Array(industryCap.length)
  for (let k = 0; k < last; k++) {
    found[k] = fit[1 + k]
    found[last] -= (industryCap[k] / industryCap[last]) * fit[1 + k]
  }
  return found
}

function weightedLeastSquares(
  rows: readonly Float64Array[],
  weights: readonly number[],
  outcomes: readonly number[],
  width: number,
): Float64Array {
  const normal = new Float64Array(width * width)
  const right = new Float64Array(width)
  const filled = new Int32Array(width)
  rows.forEach((row, m) => {
    // Of a hundred industries a name is in one: what is 0 adds nothing.
    let count = 0
    for (let a = 0; a < width; a++) if (row[a] !== 0) filled[count++] = a
    for (let i = 0; i < count; i++) {
      const a = filled[i]
      const weighted = weights[m] * row[a]
      right[a] += weighted * outcomes[m]
      for (let j = i; j < count; j++) normal[a * width + filled[j]] += weighted * row[filled[j]]
    }
  })
  for (let a = 0; a < width; a++) for (let b = 0; b < a; b++) normal[a * width + b] = normal[b * width + a]
  return solve(normal, right)
}

function explained(
  rows: readonly Float64Array[],
  weights: readonly number[],
  outcomes: readonly number[],
  fit: Float64Array,
): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const mean = outcomes.reduce((sum, r, m) => sum + weights[m] * r, 0) / total
  let residuals = 0
  let deviations = 0
  rows.forEach((row, m) => {
    let fitted = 0
    for (let a = 0; a < row.length; a++) fitted += row[a] * fit[a]
    residuals += weights[m] * (outcomes[m] - fitted) ** 2
    deviations += weights[m] * (outcomes[m] - mean) ** 2
  })
  return 1 - residuals / deviations
}

/** What a day without a solvable regression has: no returns, and the number of names that there were. */
const masked = (date: string, n: number): StyleReturns => ({
  date,
  styles: new Float64Array(styleNames.length).fill(NaN),
  country: NaN,
  industries: [],
  industryReturns: new Float64Array(0),
  r2: NaN,
  n,
})
