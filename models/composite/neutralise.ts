import { moments, zScore } from '../inputs/section.ts'

/**
 * z-score of the residual of an OLS on ln float cap and industry dummies; domain.md §4.5. Demeaning within industries
 * leaves one regressor (Frisch, Waugh and Lovell), so that no matrix is solved.
 * @param raw [n] factor; NaN stays NaN
 * @param lnFloatCap [n]; a name without one is NaN in the result
 * @param industries [n]; the unknown ('') are an industry of their own
 * @returns [n] mean 0, population deviation 1
 */
export function neutralise(
  raw: ArrayLike<number>,
  lnFloatCap: ArrayLike<number>,
  industries: readonly string[],
): Float64Array {
  const used = Uint8Array.from(industries, (_, i) =>
    Number.isFinite(raw[i]) && Number.isFinite(lnFloatCap[i]) ? 1 : 0,
  )
  const y = demeaned(raw, industries, used)
  const x = demeaned(lnFloatCap, industries, used)
  let xy = 0
  let xx = 0
  let scale = 0
  for (let i = 0; i < x.length; i++) {
    if (used[i] === 0) continue
    xy += x[i] * y[i]
    xx += x[i] * x[i]
    scale += lnFloatCap[i] ** 2
  }
  // Caps that are equal within every industry leave rounding only.
  const slope = xx > 1e-24 * scale ? xy / xx : 0
  const residual = y.map((value, i) => value - slope * x[i])
  return moments(residual).deviation > 1e-12 * spread(raw, used) ? zScore(residual) : residual.map((value) => value * 0)
}

function demeaned(values: ArrayLike<number>, industries: readonly string[], used: Uint8Array): Float64Array {
  const sums = new Map<string, { sum: number; count: number }>()
  industries.forEach((industry, i) => {
    if (used[i] === 0) return
    const group = sums.get(industry) ?? { sum: 0, count: 0 }
    group.sum += values[i]
    group.count++
    sums.set(industry, group)
  })
  return Float64Array.from(industries, (industry, i) => {
    const group = sums.get(industry)
    return used[i] === 0 || group === undefined ? NaN : values[i] - group.sum / group.count
  })
}

const spread = (values: ArrayLike<number>, used: Uint8Array): number =>
  moments(Float64Array.from(used, (flag, i) => (flag === 1 ? values[i] : NaN))).deviation
