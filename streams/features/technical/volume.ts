import { ratio } from '../formula.ts'
import { meanOf, signOf, type TechnicalFormula } from './bars.ts'

/** G-28 g_obv_20: Σ₂₀ sgn(ΔC) · v / Σ₂₀ v. */
export const onBalance20: TechnicalFormula = ({ close, volume }, first, last) => {
  if (last - 20 < first) return Number.NaN
  let signed = 0
  let whole = 0
  for (let at = last - 19; at <= last; at++) {
    signed += signOf(close[at], close[at - 1]) * volume[at]
    whole += volume[at]
  }
  return ratio(signed, whole)
}

/** G-29 g_vr_26: (v⁺ + ½v⁰) / (v⁻ + ½v⁰), sums of v over 26 bars by the sign of ΔC. */
export const volumeRatio26: TechnicalFormula = ({ close, volume }, first, last) => {
  if (last - 26 < first) return Number.NaN
  let up = 0
  let down = 0
  for (let at = last - 25; at <= last; at++) {
    const sign = signOf(close[at], close[at - 1])
    if (sign > 0) up += volume[at]
    else if (sign < 0) down += volume[at]
    else {
      up += volume[at] / 2
      down += volume[at] / 2
    }
  }
  return ratio(up, down)
}

const overMean =
  (k: number): TechnicalFormula =>
  ({ volume }, first, last) =>
    last - k + 1 < first ? Number.NaN : ratio(volume[last], meanOf(volume, last, k))

/** G-31 g_vol_ma_5: v / MA5(v). */
export const volumeOverMean5 = overMean(5)
/** G-32 g_vol_ma_20: v / MA20(v). */
export const volumeOverMean20 = overMean(20)

/** G-33 g_close_vwap: close / VWAP − 1 of the day itself. */
export const closeOverVwap: TechnicalFormula = ({ close, vwap }, _, last) => close[last] / vwap[last] - 1

export const volumeFormulas: Readonly<Record<string, TechnicalFormula>> = {
  g_obv_20: onBalance20,
  g_vr_26: volumeRatio26,
  g_vol_ma_5: volumeOverMean5,
  g_vol_ma_20: volumeOverMean20,
  g_close_vwap: closeOverVwap,
}
