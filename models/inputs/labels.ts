import { ClosebellError } from '../../schemas/errors.ts'
import { averageRanks } from '../evaluation/ranks.ts'
import { normalQuantile } from './normal-quantile.ts'
import { placesOf } from './panel.ts'
import { winsorise, zScore } from './section.ts'

/** Days after the planned exit in which a suspended name may still be sold. */
export const exitGrace = 5

/** Prices of many names, as traded. */
export interface PriceGrid {
  /** Trading dates, ascending. */
  readonly dates: readonly string[]
  readonly instruments: readonly string[]
  /** [dates][instruments] daily VWAP; NaN on a day without trades. */
  readonly prices: Float64Array
  /** [dates][instruments] cumulative adjustment factors; without them prices count as adjusted. */
  readonly factors?: Float64Array
}

export interface ForwardReturns {
  readonly dates: readonly string[]
  readonly instruments: readonly string[]
  readonly horizon: number
  /** [dates][instruments] decimal; NaN = no label, or not known yet. */
  readonly returns: Float64Array
  /** [dates][instruments] index of the date at whose close the return is known; -1 where there is none. */
  readonly knownAt: Int32Array
}

/**
 * y of day d = P(d+1+H)/P(d+1) − 1 on adjusted VWAP: bought on the day after the score, sold H days later.
 * No label when the name did not trade on d+1. When it does not trade at the exit, the next price within 5 days
 * counts, else the last one. NaN where that future is not in the grid.
 */
export function forwardReturns(grid: PriceGrid, horizon: number): ForwardReturns {
  const days = grid.dates.length
  const names = grid.instruments.length
  checkGrid(grid)
  const returns = new Float64Array(days * names).fill(NaN)
  const knownAt = new Int32Array(days * names).fill(-1)
  const adjusted = grid.factors === undefined ? grid.prices : grid.prices.map((p, i) => p * grid.factors![i])
  for (let day = 0; day + 1 + horizon < days; day++) {
    for (let name = 0; name < names; name++) {
      const entry = adjusted[(day + 1) * names + name]
      if (!(entry > 0)) continue
      const exit = exitOf(adjusted, names, name, day + 1, day + 1 + horizon, days)
      if (exit === null) continue
      returns[day * names + name] = exit.price / entry - 1
      knownAt[day * names + name] = exit.knownAt
    }
  }
  return { dates: grid.dates, instruments: grid.instruments, horizon, returns, knownAt }
}

function exitOf(
  prices: Float64Array,
  names: number,
  name: number,
  entryDay: number,
  exitDay: number,
  days: number,
): { price: number; knownAt: number } | null {
  const lastTry = exitDay + exitGrace
  for (let day = exitDay; day <= Math.min(lastTry, days - 1); day++) {
    const price = prices[day * names + name]
    if (price > 0) return { price, knownAt: day }
  }
  if (lastTry >= days) return null
  for (let day = exitDay - 1; day > entryDay; day--) {
    const price = prices[day * names + name]
    if (price > 0) return { price, knownAt: lastTry }
  }
  return { price: prices[entryDay * names + name], knownAt: lastTry }
}

/** Raw returns of one day over the given names, those known before the date of index `before` only; others NaN. */
export function knownReturns(
  forward: ForwardReturns,
  day: number,
  instruments: readonly string[],
  before: number = Infinity,
): Float64Array {
  const returns = new Float64Array(instruments.length).fill(NaN)
  placesOf(instruments, forward.instruments).forEach((place, i) => {
    const at = day * forward.instruments.length + place
    if (place >= 0 && forward.knownAt[at] >= 0 && forward.knownAt[at] < before) returns[i] = forward.returns[at]
  })
  return returns
}

/** How a raw return becomes a target: by rank through the normal quantile (default), or clipped and z-scored. */
export type LabelScaling = 'rank-gauss' | 'winsorised'

/**
 * Targets of one section with mean 0 and population deviation 1; NaN stays NaN.
 * rank-gauss: Φ⁻¹((rank − ½)/N), average ranks, then z-score. winsorised: median ± 5 · 1.4826 · MAD, then z-score.
 * @param raw [n] forward returns
 */
export function scaleLabel(raw: Float64Array, scaling: LabelScaling = 'rank-gauss'): Float32Array {
  return Float32Array.from(zScore(scaling === 'rank-gauss' ? rankGauss(raw) : winsorise(raw.slice())))
}

function rankGauss(raw: Float64Array): Float64Array {
  const ranks = averageRanks(raw)
  const count = ranks.reduce((n, rank) => (Number.isNaN(rank) ? n : n + 1), 0)
  return ranks.map((rank) => (Number.isNaN(rank) ? NaN : normalQuantile((rank - 0.5) / count)))
}

/** When the label of day `day` (an index of the calendar) is known: at the close of d+1+H, by its VWAP. */
export const labelKnownOn = (day: number, horizon: number): number => day + 1 + horizon

/**
 * Days of a training span whose labels are known before the next span begins; the rest is the embargo.
 * Single names that leave later than planned are cut by `knownReturns(…, before)`.
 * @param days indices of the calendar
 * @param nextSpan index of the first day of the span that follows
 */
export const beforeEmbargo = (days: readonly number[], horizon: number, nextSpan: number): number[] =>
  days.filter((day) => labelKnownOn(day, horizon) < nextSpan)

function checkGrid(grid: PriceGrid): void {
  const cells = grid.dates.length * grid.instruments.length
  if (grid.prices.length === cells && (grid.factors === undefined || grid.factors.length === cells)) return
  throw new ClosebellError(
    'CB_ENGINE_INPUT',
    `${grid.dates.length} dates of ${grid.instruments.length} names need ${cells} prices and factors; ` +
      `there are ${grid.prices.length} and ${grid.factors?.length ?? 0}`,
  )
}
