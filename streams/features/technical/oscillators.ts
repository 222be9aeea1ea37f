import { ratio } from '../formula.ts'
import { exceeds, highestOf, lowestOf, signOf, type TechnicalFormula } from './bars.ts'

/** Bars that a recursion needs before what it was seeded with has faded. */
const recursionBars = 120

/** Wilder's means of rises and falls: that of the first k changes, then each change weighs 1/k. */
const relativeStrength = (k: number): TechnicalFormula => {
  const weight = 1 / k
  const kept = (k - 1) / k
  return ({ close }, first, last) => {
    if (last - first + 1 < recursionBars) return Number.NaN
    let up = 0
    let down = 0
    for (let at = first + 1; at <= first + k; at++) {
      const change = close[at] - close[at - 1]
      up += Math.max(change, 0)
      down += Math.max(-change, 0)
    }
    up /= k
    down /= k
    for (let at = first + k + 1; at <= last; at++) {
      const change = close[at] - close[at - 1]
      up = kept * up + weight * Math.max(change, 0)
      down = kept * down + weight * Math.max(-change, 0)
    }
    return ratio(100 * up, up + down)
  }
}

/** G-12 g_rsi_6: 100 U / (U + D), Wilder-6 means of max(ΔC, 0) and max(−ΔC, 0); NaN where no price ever moved. */
export const relativeStrength6 = relativeStrength(6)
/** G-13 g_rsi_14: the same with 14. */
export const relativeStrength14 = relativeStrength(14)

/** G-17 g_wr_14: −100 (H14 − C) / (H14 − L14); NaN where the 14 bars have one price. */
export const williams14: TechnicalFormula = ({ high, low, close }, first, last) => {
  const from = last - 13
  if (from < first) return Number.NaN
  const highest = highestOf(high, from, last)
  const lowest = lowestOf(low, from, last)
  // Written as C − H14, so that a close at the high is 0 and not −0.
  return exceeds(highest, lowest) ? (100 * (close[last] - highest)) / (highest - lowest) : Number.NaN
}

const typicalPrice = (high: Float64Array, low: Float64Array, close: Float64Array, at: number): number =>
  (high[at] + low[at] + close[at]) / 3

/** G-18 g_cci_14: (TP − MA14(TP)) / (0.015 · mean |TP_i − MA14(TP)|), TP = (H + L + C) / 3; NaN where TP is flat. */
export const commodityChannel14: TechnicalFormula = ({ high, low, close }, first, last) => {
  const from = last - 13
  if (from < first) return Number.NaN
  let sum = 0
  let highest = -Infinity
  let lowest = Infinity
  for (let at = from; at <= last; at++) {
    const typical = typicalPrice(high, low, close, at)
    sum += typical
    highest = Math.max(highest, typical)
    lowest = Math.min(lowest, typical)
  }
  if (!exceeds(highest, lowest)) return Number.NaN
  const mean = sum / 14
  let deviation = 0
  for (let at = from; at <= last; at++) deviation += Math.abs(typicalPrice(high, low, close, at) - mean)
  return (typicalPrice(high, low, close, last) - mean) / (0.015 * (deviation / 14))
}

/** G-27 g_mfi_14: 100 P / (P + N), sums over 14 bars of TP · v where TP rose and where it fell. */
export const moneyFlow14: TechnicalFormula = ({ high, low, close, volume }, first, last) => {
  if (last - 14 < first) return Number.NaN
  let up = 0
  let down = 0
  let before = typicalPrice(high, low, close, last - 14)
  for (let at = last - 13; at <= last; at++) {
    const typical = typicalPrice(high, low, close, at)
    const sign = signOf(typical, before)
    if (sign > 0) up += typical * volume[at]
    else if (sign < 0) down += typical * volume[at]
    before = typical
  }
  return ratio(100 * up, up + down)
}

/** G-30 g_psy_12: 100 · share of the last 12 bars with ΔC > 0. */
export const psychologicalLine12: TechnicalFormula = ({ close }, first, last) => {
  if (last - 12 < first) return Number.NaN
  let rises = 0
  for (let at = last - 11; at <= last; at++) if (exceeds(close[at], close[at - 1])) rises++
  return (100 * rises) / 12
}

export const oscillatorFormulas: Readonly<Record<string, TechnicalFormula>> = {
  g_rsi_6: relativeStrength6,
  g_rsi_14: relativeStrength14,
  g_wr_14: williams14,
  g_cci_14: commodityChannel14,
  g_mfi_14: moneyFlow14,
  g_psy_12: psychologicalLine12,
}
