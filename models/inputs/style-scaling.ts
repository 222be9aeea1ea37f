import { isSolvable, solve } from './linear-system.ts'
import { clipTo, median, moments } from './section.ts'

/** Winsorised at ±3 deviations, then cap-weighted mean 0 and equal-weighted population deviation 1; domain.md §7. */
export function standardiseStyle(values: Float64Array, cap: Float64Array): Float64Array {
  const { mean, deviation } = moments(values)
  return toUnits(clipTo(values.slice(), mean - 3 * deviation, mean + 3 * deviation), cap)
}

/** An affine map only, so that what was orthogonal stays so. */
export function toUnits(values: Float64Array, cap: Float64Array): Float64Array {
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

/** Without a cap a name is no member of the section. */
const ofMembers = (values: Float64Array, cap: Float64Array): Float64Array =>
  values.map((value, i) => (Number.isNaN(cap[i]) ? NaN : value))

/** A style of which fewer names than this share of the section have a value of their own is none. */
const ownShare = 0.5

/**
 * Fills NaN by the median of the industry's others, and of the section where the industry has none.
 * @returns all NaN when fewer than half of the names with a cap have a value; NaN for names without a cap
 */
export function fillByIndustry(values: Float64Array, industries: readonly string[], cap: Float64Array): Float64Array {
  const own = ofMembers(values, cap)
  const [known, members] = [own, cap].map((all) => moments(all).count)
  if (known === members) return own
  if (known < ownShare * members) return own.fill(NaN)
  const medians = new Map<string, number>()
  const all = median(own)
  return own.map((value, i) => {
    if (Number.isNaN(cap[i]) || !Number.isNaN(value)) return value
    const industry = industries[i]
    const filled = medians.get(industry) ?? median(own.filter((_, j) => industries[j] === industry))
    medians.set(industry, filled)
    return Number.isNaN(filled) ? all : filled
  })
}

/** Weighted mean of standardised descriptors, the weights of those that a name lacks given to its others. */
export function combine(parts: readonly Float64Array[], weights: readonly number[], cap: Float64Array): Float64Array {
  const scaled = parts.map((part) => standardiseStyle(ofMembers(part, cap), cap))
  return cap.map((_, i) => {
    let [sum, present] = [0, 0]
    scaled.forEach((part, p) => {
      if (Number.isNaN(part[i])) return
      sum += weights[p] * part[i]
      present += weights[p]
    })
    return sum / present
  })
}

/** Residual of a regression with intercept on other styles, weighted by √cap; NaN where one of them is missing. */
export function orthogonal(values: Float64Array, others: readonly Float64Array[], cap: Float64Array): Float64Array {
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
