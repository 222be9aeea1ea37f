import type { TickBatch } from '../../schemas/market.ts'
import { barColumns } from '../../schemas/rows.ts'
import * as accumulators from '../accumulators.ts'
import type { Accumulators } from '../accumulators.ts'

// Bound here: a module's own constant is one to the compiler too, an imported one is read and checked at each use.
const { Acc, accStride, Bar } = accumulators

/** Adds the print in row `i` of a batch to its bar. */
export function addPrint(state: Accumulators, row: number, bar: number, batch: TickBatch, i: number): void {
  const at = state.barAt(row, bar)
  const bars = state.bar
  const price = batch.price[i]
  const quantity = batch.quantity[i]
  if (bars[at + Bar.trades] === 0) {
    bars[at + Bar.open] = price
    bars[at + Bar.high] = price
    bars[at + Bar.low] = price
  } else {
    if (price > bars[at + Bar.high]) bars[at + Bar.high] = price
    if (price < bars[at + Bar.low]) bars[at + Bar.low] = price
  }
  bars[at + Bar.close] = price
  bars[at + Bar.volume] += quantity
  bars[at + Bar.amount] += price * quantity
  bars[at + Bar.trades] += 1
}

/**
 * Takes a finished bar into the minute statistics: r_m = ln(c_m / c_{m−1}), with r_0 = ln(c_0 / open). An empty minute
 * carries the close and has r = 0. The amount in the illiquidity is in currency units.
 */
export function stepMinute(state: Accumulators, row: number, bar: number): void {
  const acc = state.acc
  const base = row * accStride
  const at = state.barAt(row, bar)
  const isTraded = state.bar[at + Bar.trades] > 0
  if (bar === 0) {
    acc[base + Acc.carriedClose] = isTraded ? state.bar[at + Bar.close] : Number.NaN
    return
  }
  if (bar === state.bars - 1) {
    if (isTraded) acc[base + Acc.carriedClose] = state.bar[at + Bar.close]
    return
  }
  acc[base + Acc.minutes] += 1
  if (!isTraded) return
  const close = state.bar[at + Bar.close]
  const carried = acc[base + Acc.carriedClose]
  const before = Number.isNaN(carried) ? acc[base + Acc.open] : carried
  const r = Math.log(close / before)
  const amount = state.bar[at + Bar.amount] / (acc[base + Acc.priceScale] * acc[base + Acc.quantityScale])
  acc[base + Acc.carriedClose] = close
  acc[base + Acc.tradedMinutes] += 1
  acc[base + Acc.sumR2] += r * r
  acc[base + Acc.sumR3] += r * r * r
  acc[base + Acc.sumIlliquidity] += Math.abs(r) / amount
}

/**
 * At the close the statistics are stepped again over whole bars: prints stamped behind a phase's end have joined them.
 */
export function restepMinutes(state: Accumulators, row: number): void {
  const base = row * accStride
  for (const field of [Acc.minutes, Acc.tradedMinutes, Acc.sumR2, Acc.sumR3, Acc.sumIlliquidity])
    state.acc[base + field] = 0
  state.acc[base + Acc.carriedClose] = Number.NaN
  for (let bar = 0; bar < state.bars; bar++) stepMinute(state, row, bar)
}

/**
 * One bar as a row gives it: prices in currency units, NaN where an empty minute has none, close carried over.
 * @param carried close before the bar in the feed's integers, NaN before the first print
 * @returns the close carried behind the bar
 */
export function writeBar(
  state: Accumulators,
  row: number,
  bar: number,
  carried: number,
  out: Float64Array,
  to: number,
  step: number,
): number {
  const base = row * accStride
  const at = state.barAt(row, bar)
  const price = state.acc[base + Acc.priceScale]
  const quantity = state.acc[base + Acc.quantityScale]
  const trades = state.bar[at + Bar.trades]
  const isEmpty = trades === 0
  const close = isEmpty ? (Number.isNaN(carried) ? state.acc[base + Acc.open] : carried) : state.bar[at + Bar.close]
  out[to] = isEmpty ? Number.NaN : state.bar[at + Bar.open] / price
  out[to + step] = isEmpty ? Number.NaN : state.bar[at + Bar.high] / price
  out[to + 2 * step] = isEmpty ? Number.NaN : state.bar[at + Bar.low] / price
  out[to + 3 * step] = close / price
  out[to + 4 * step] = isEmpty ? 0 : state.bar[at + Bar.volume] / quantity
  out[to + 5 * step] = isEmpty ? 0 : state.bar[at + Bar.amount] / (price * quantity)
  out[to + 6 * step] = trades
  return close
}

/** Minute block of a day row: each of the seven columns `bars` long. */
export function writeMinuteBlock(state: Accumulators, row: number): Float64Array {
  const out = new Float64Array(state.bars * barColumns.length)
  let carried = Number.NaN
  for (let bar = 0; bar < state.bars; bar++) carried = writeBar(state, row, bar, carried, out, bar, state.bars)
  return out
}
