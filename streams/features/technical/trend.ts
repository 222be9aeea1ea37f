import { exceeds, highestOf, lowestOf, meanOf, type TechnicalFormula } from './bars.ts'

const returnOver =
  (lag: number): TechnicalFormula =>
  ({ close }, first, last) =>
    last - lag < first ? Number.NaN : close[last] / close[last - lag] - 1

/** G-01 g_ret_1: C / C₋1 − 1. */
export const return1 = returnOver(1)
/** G-02 g_ret_5: C / C₋5 − 1. */
export const return5 = returnOver(5)
/** G-03 g_ret_10: C / C₋10 − 1. */
export const return10 = returnOver(10)
/** G-04 g_ret_20: C / C₋20 − 1. */
export const return20 = returnOver(20)

const gapToMean =
  (k: number): TechnicalFormula =>
  ({ close }, first, last) =>
    last - k + 1 < first ? Number.NaN : close[last] / meanOf(close, last, k) - 1

/** G-05 g_ma_gap_5: C / MA5 − 1. */
export const gap5 = gapToMean(5)
/** G-06 g_ma_gap_10: C / MA10 − 1. */
export const gap10 = gapToMean(10)
/** G-07 g_ma_gap_20: C / MA20 − 1. */
export const gap20 = gapToMean(20)
/** G-08 g_ma_gap_60: C / MA60 − 1. */
export const gap60 = gapToMean(60)

/** G-25 g_roc_12: 100 (C / C₋12 − 1). */
export const rateOfChange12: TechnicalFormula = ({ close }, first, last) =>
  last - 12 < first ? Number.NaN : 100 * (close[last] / close[last - 12] - 1)

/** Bars of the Bollinger band, and how many deviations it lies off the mean. */
const bandBars = 20
const bandWidth = 2

/** Mean and population deviation of the last 20 closes; a flat price has deviation 0 whatever rounding makes of it. */
function bollinger(close: Float64Array, last: number): { mean: number; deviation: number } {
  const from = last - bandBars + 1
  const mean = meanOf(close, last, bandBars)
  if (!exceeds(highestOf(close, from, last), lowestOf(close, from, last))) return { mean, deviation: 0 }
  let squares = 0
  for (let at = from; at <= last; at++) squares += (close[at] - mean) ** 2
  return { mean, deviation: Math.sqrt(squares / bandBars) }
}

/** G-19 g_boll_pctb: (C − lo) / (up − lo) with lo, up = MA20 ∓ 2 population sd; NaN for a flat price. */
export const bollingerPosition: TechnicalFormula = ({ close }, first, last) => {
  if (last - bandBars + 1 < first) return Number.NaN
  const { mean, deviation } = bollinger(close, last)
  const half = bandWidth * deviation
  return half === 0 ? Number.NaN : (close[last] - (mean - half)) / (2 * half)
}

/** G-20 g_boll_width: (up − lo) / MA20. */
export const bollingerWidth: TechnicalFormula = ({ close }, first, last) => {
  if (last - bandBars + 1 < first) return Number.NaN
  const { mean, deviation } = bollinger(close, last)
  return (2 * bandWidth * deviation) / mean
}

const newExtreme =
  (k: number): TechnicalFormula =>
  ({ close }, first, last) => {
    if (last - k < first) return Number.NaN
    if (exceeds(close[last], highestOf(close, last - k, last - 1))) return 1
    return exceeds(lowestOf(close, last - k, last - 1), close[last]) ? -1 : 0
  }

/** G-80 g_new_ext_20: +1 if C exceeds each of the 20 closes before, −1 if it lies below each, else 0. */
export const newExtreme20 = newExtreme(20)
/** G-81 g_new_ext_60: the same over 60 closes. */
export const newExtreme60 = newExtreme(60)

export const trendFormulas: Readonly<Record<string, TechnicalFormula>> = {
  g_ret_1: return1,
  g_ret_5: return5,
  g_ret_10: return10,
  g_ret_20: return20,
  g_ma_gap_5: gap5,
  g_ma_gap_10: gap10,
  g_ma_gap_20: gap20,
  g_ma_gap_60: gap60,
  g_roc_12: rateOfChange12,
  g_boll_pctb: bollingerPosition,
  g_boll_width: bollingerWidth,
  g_new_ext_20: newExtreme20,
  g_new_ext_60: newExtreme60,
}
