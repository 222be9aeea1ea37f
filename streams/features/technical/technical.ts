import { dayRules } from '../../../schemas/catalogue/index.ts'
import { barsMax, type TechnicalFormula, type TradedBars } from './bars.ts'
import { oscillatorFormulas } from './oscillators.ts'
import { trendFormulas } from './trend.ts'
import { volumeFormulas } from './volume.ts'

/**
 * The G rows of one instrument.
 *
 *     technicalDays(bars: DailyBars, from = 0): Float64Array   [days - from][24], every day from one on, in one pass
 *     technicalDay(bars: DailyBars): Float64Array              [24], the last day of the bars alone, for the close
 *
 * Values are in the order of dayRules.G. Both give the same bits, as long as the bars hold the last 250 traded ones of
 * the day. A day that is not traded is all NaN.
 */

/**
 * Stored daily bars of one instrument, one element a day, oldest first. Days without trades may be left out, or stand
 * there with NaN or 0 as volume. price × factor is comparable across days; a factor that is NaN counts as 1.
 */
export interface DailyBars {
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly vwap: Float64Array
  /** Shares. */
  readonly volume: Float64Array
  /** Without factors the prices are comparable as they are. */
  readonly factor?: Float64Array
}

const formulas: readonly TechnicalFormula[] = dayRules.G.map(({ id, rule }) => {
  const formula = trendFormulas[id] ?? oscillatorFormulas[id] ?? volumeFormulas[id]
  if (formula === undefined) throw new RangeError(`${rule} ${id} has no formula`)
  return formula
})

/** Whether a day of bars was traded. */
const isTraded = (bars: DailyBars, day: number): boolean => bars.volume[day] > 0 && bars.close[day] > 0

const factorOn = (bars: DailyBars, day: number): number => {
  const factor = bars.factor?.[day] ?? 1
  return Number.isNaN(factor) ? 1 : factor
}

/** Traded days as bars that are adjusted as of one of them after another. */
class AdjustedBars implements TradedBars {
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly vwap: Float64Array
  readonly volume: Float64Array
  private readonly raw: DailyBars
  private readonly days: Int32Array
  private count = 0
  private asOf = Number.NaN

  constructor(raw: DailyBars, room: number) {
    this.raw = raw
    this.high = new Float64Array(room)
    this.low = new Float64Array(room)
    this.close = new Float64Array(room)
    this.vwap = new Float64Array(room)
    this.volume = new Float64Array(room)
    this.days = new Int32Array(room)
  }

  /** Appends a traded day; a new factor adjusts the bars that its window holds anew, from what is stored. */
  add(day: number): void {
    const factor = factorOn(this.raw, day)
    this.days[this.count++] = day
    const from = factor === this.asOf ? this.count - 1 : this.first
    this.asOf = factor
    for (let at = from; at < this.count; at++) this.adjust(at, factor)
  }

  /** Appends traded days, of which the last one's bars alone are asked for. */
  addAll(days: readonly number[]): void {
    this.days.set(days, this.count)
    this.count += days.length
    this.asOf = factorOn(this.raw, this.days[this.count - 1])
    for (let at = 0; at < this.count; at++) this.adjust(at, this.asOf)
  }

  private adjust(at: number, factor: number): void {
    const { raw } = this
    const day = this.days[at]
    const scale = factorOn(raw, day) / factor
    this.high[at] = raw.high[day] * scale
    this.low[at] = raw.low[day] * scale
    this.close[at] = raw.close[day] * scale
    this.vwap[at] = raw.vwap[day] * scale
    this.volume[at] = raw.volume[day] / scale
  }

  /** First bar of the window that ends with the last one. */
  get first(): number {
    return Math.max(0, this.count - barsMax)
  }

  write(out: Float64Array, to: number): void {
    const { first } = this
    const last = this.count - 1
    for (let i = 0; i < formulas.length; i++) out[to + i] = formulas[i](this, first, last)
  }
}

/** Every day of the bars from one on; those before it are only looked back at. @returns [days - from][rules] */
export function technicalDays(bars: DailyBars, from = 0): Float64Array {
  const days = bars.close.length
  const values = new Float64Array((days - from) * formulas.length).fill(Number.NaN)
  const adjusted = new AdjustedBars(bars, days)
  for (let day = 0; day < days; day++) {
    if (!isTraded(bars, day)) continue
    adjusted.add(day)
    if (day >= from) adjusted.write(values, (day - from) * formulas.length)
  }
  return values
}

/** The last day of the bars. @returns [rules] */
export function technicalDay(bars: DailyBars): Float64Array {
  const values = new Float64Array(formulas.length).fill(Number.NaN)
  const last = bars.close.length - 1
  if (last < 0 || !isTraded(bars, last)) return values
  const days: number[] = []
  for (let day = last; day >= 0 && days.length < barsMax; day--) if (isTraded(bars, day)) days.push(day)
  const adjusted = new AdjustedBars(bars, days.length)
  adjusted.addAll(days.reverse())
  adjusted.write(values, 0)
  return values
}
