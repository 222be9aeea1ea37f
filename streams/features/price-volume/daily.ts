import { Acc } from '../../accumulators.ts'
import { ratio, type Formula } from '../formula.ts'

const priced =
  (field: number): Formula =>
  (acc, base) =>
    acc[base + field] / acc[base + Acc.priceScale]

/** PV-01 pv_open: first price of the day, auction included; NaN on an empty day. */
export const open: Formula = priced(Acc.open)

/** PV-02 pv_high: highest trade price; NaN on an empty day. */
export const high: Formula = priced(Acc.high)

/** PV-03 pv_low: lowest trade price; NaN on an empty day. */
export const low: Formula = priced(Acc.low)

/** PV-04 pv_close: last trade price (no feed of ours states another close); NaN on an empty day. */
export const close: Formula = priced(Acc.last)

/** PV-05 pv_vwap: Amt / V; NaN on an empty day. */
export const vwap: Formula = (acc, base) =>
  ratio(acc[base + Acc.amount], acc[base + Acc.volume]) / acc[base + Acc.priceScale]

/** PV-06 pv_volume: V in shares; NaN on an empty day. */
export const volume: Formula = (acc, base) =>
  acc[base + Acc.trades] === 0 ? Number.NaN : acc[base + Acc.volume] / acc[base + Acc.quantityScale]

export const priceVolumeFormulas: Readonly<Record<string, Formula>> = {
  pv_open: open,
  pv_high: high,
  pv_low: low,
  pv_close: close,
  pv_vwap: vwap,
  pv_volume: volume,
}
