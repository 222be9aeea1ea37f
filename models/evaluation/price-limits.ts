/** Bars of many names over trading dates, prices comparable over time; [dates][instruments], NaN = not traded. */
export interface DailyBars {
  readonly dates: readonly string[]
  readonly instruments: readonly string[]
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly vwap: Float64Array
}

/** [dates][instruments] flags. */
export interface PriceLimits {
  /** The close stands at the upper limit: left out of the RankIC, since nobody could buy there. */
  readonly closesUp: Uint8Array
  /** One price all day, up: cannot be bought. */
  readonly lockedUp: Uint8Array
  /** One price all day, down: cannot be sold. */
  readonly lockedDown: Uint8Array
}

/** Share of the daily limit from which a day with one single price counts as locked: names under a narrower limit. */
const lockedShare = 0.45
/** A limit is a price rounded to ticks, and so is the close before it: half a percent for shares of two yuan. */
const rounding = 0.005
/** Prices that differ by less, as a share, are the same price multiplied by the same factor. */
const samePrice = 1e-9

/**
 * Days at the price limit, told from bars alone: vendors' daily files carry no limits. domain.md §4.7.
 * @param close [dates][instruments] carried over days without trades
 * @param limitOf daily limit of a name on a date, as a share of the previous close
 */
export function priceLimits(
  bars: DailyBars,
  close: Float64Array,
  limitOf: (instrument: string, date: string) => number,
): PriceLimits {
  const names = bars.instruments.length
  const cells = bars.dates.length * names
  const flags = (): Uint8Array => new Uint8Array(cells)
  const found = { closesUp: flags(), lockedUp: flags(), lockedDown: flags() }
  for (let at = names; at < cells; at++) {
    const change = bars.close[at] / close[at - names] - 1
    if (!(Math.abs(change) > 0.01)) continue
    const limit = limitOf(bars.instruments[at % names], bars.dates[Math.floor(at / names)])
    const isAtHigh = bars.close[at] >= bars.high[at] * (1 - samePrice)
    if (isAtHigh && change > limit - rounding) found.closesUp[at] = 1
    const isOnePrice = bars.low[at] >= bars.high[at] * (1 - samePrice)
    if (!isOnePrice || Math.abs(change) < lockedShare * limit) continue
    if (change > 0) found.closesUp[at] = found.lockedUp[at] = 1
    else found.lockedDown[at] = 1
  }
  return found
}

/** Closes with the last one carried over days without trades; NaN before the first. */
export function carriedCloses(close: Float64Array, names: number): Float64Array {
  const carried = close.slice()
  for (let at = names; at < carried.length; at++) if (Number.isNaN(carried[at])) carried[at] = carried[at - names]
  return carried
}
