import { basename } from 'node:path'
import { isTradingDay } from '../../../schemas/calendars/index.ts'
import { dayStart, type MarketProfile } from '../../../schemas/profiles/index.ts'
import type { DailyMapping } from '../mapping.ts'
import type { BarChunk } from './bar-files.ts'
import { PriceRatios } from './price-ratio.ts'
import type { PvRows } from './pv-rows.ts'
import type { DailyTally, Suspicion } from './report.ts'
import type { TechnicalRows } from './technical-rows.ts'

const dayMs = 86_400_000
/** A raw VWAP this far outside of [low, high] is more than the rounding of the amount. */
const vwapTolerance = 1e-3
/** Prices adjusted forward have a ratio that grows towards its date; a fall by more than this is no rounding. */
const ratioFall = 0.01

export interface ReducerOptions {
  readonly files: readonly string[]
  readonly symbols: readonly string[]
  readonly mapping: DailyMapping
  readonly profile: MarketProfile
  /** Dates whose rows stay as a live or backfilled session left them. */
  readonly kept: ReadonlySet<string>
  readonly state: NameStates
  readonly tally: DailyTally
  readonly rows: PvRows
  readonly technical: TechnicalRows
}

/** What is made of a bar's amount, volume and previous close. */
interface Priced {
  readonly vwap: number
  readonly volume: number
  readonly factor: number
  readonly ratio: number
}

/** What the rows of each name leave for the next one, column by column over the names. */
export class NameStates {
  readonly ratios: PriceRatios
  /** [names] last close as stored, product of the adjustments so far, days of the first and last row; NaN = none. */
  readonly close: Float64Array
  readonly factor: Float64Array
  readonly firstDay: Float64Array
  readonly lastDay: Float64Array
  /** [names] rows on trading days. */
  readonly count: Float64Array

  constructor(names: number, { price_decimals: decimals }: DailyMapping) {
    const column = (): Float64Array => new Float64Array(names).fill(Number.NaN)
    this.ratios = new PriceRatios(names, decimals === undefined ? 0 : 0.5 * 10 ** -decimals)
    this.close = column()
    this.factor = column().fill(1)
    this.firstDay = column()
    this.lastDay = column()
    this.count = new Float64Array(names)
  }
}

/**
 * Turns bars, in the order of their days, into rows of table pv. Each row knows its own day and earlier ones only.
 * A broken bar costs itself and is told by file, line and reason.
 */
export class BarReducer {
  /** Trading days with a row of any name, ascending, as days since 1970. */
  readonly days: number[] = []
  private readonly options: ReducerOptions
  private day = Number.NaN
  private date = ''
  private times = { eventTime: 0, knownAt: 0 }
  private refusal: string | null = null
  private isKept = false
  private readonly asOf: string

  constructor(options: ReducerOptions) {
    this.options = options
    this.asOf = options.mapping.adjusted_as_of ?? ''
  }

  /** Takes one row of a chunk. */
  take(chunk: BarChunk, row: number): void {
    const { tally } = this.options
    tally.read++
    if (chunk.day[row] !== this.day) this.enter(chunk.day[row])
    const fault = this.refusal ?? faultOf(chunk, row)
    if (fault === null) this.step(chunk, row)
    else if (fault === 'untraded') this.stepUntraded(chunk, row)
    else tally.reject({ ...this.placeOf(chunk, row), reason: fault })
  }

  private enter(day: number): void {
    const { profile, kept } = this.options
    this.day = day
    this.date = new Date(day * dayMs).toISOString().slice(0, 10)
    this.times = {
      eventTime: day * dayMs * 1000,
      knownAt: dayStart(profile, this.date) + profile.sessionEnd,
    }
    this.refusal = isTradingDay(profile, this.date) ? null : `${this.date} is no trading day of ${profile.name}`
    this.isKept = kept.has(this.date)
  }

  private step(chunk: BarChunk, row: number): void {
    const { state } = this.options
    const name = chunk.name[row]
    if (state.lastDay[name] === this.day) {
      this.suspect('duplicate', chunk, row, 'the name has a row of this day already, which counts')
      return
    }
    const rawVwap = chunk.amount[row] / chunk.volume[row]
    this.doubt(chunk, row, rawVwap)
    this.write(chunk, row, this.priced(chunk, row, rawVwap))
    if (this.days.at(-1) !== this.day) this.days.push(this.day)
    if (Number.isNaN(state.firstDay[name])) state.firstDay[name] = this.day
    state.count[name]++
    state.lastDay[name] = this.day
    state.close[name] = chunk.close[row]
  }

  private priced(chunk: BarChunk, row: number, rawVwap: number): Priced {
    const volume = chunk.volume[row]
    if (this.asOf === '') return { vwap: rawVwap, volume, factor: this.factorOf(chunk, row), ratio: Number.NaN }
    const ratio = this.ratioOf(chunk, row, rawVwap)
    const vwap = Math.max(chunk.low[row], Math.min(chunk.high[row], rawVwap * ratio))
    return { vwap, volume: volume / ratio, factor: Number.NaN, ratio }
  }

  /** A bar of a day that a session has rows of is only looked back at. */
  private write(chunk: BarChunk, row: number, { vwap, volume, factor, ratio }: Priced): void {
    const { tally, symbols, rows, technical } = this.options
    const name = chunk.name[row]
    const [high, low, close] = [chunk.high[row], chunk.low[row], chunk.close[row]]
    technical.add(name, { high, low, close, vwap, volume, factor }, this.isKept ? -1 : rows.count)
    if (this.isKept) {
      tally.kept++
      return
    }
    tally.stored++
    rows.add(symbols[name], {
      event_time: this.times.eventTime,
      revision: 0,
      known_at: this.times.knownAt,
      quality: 0,
      pv_open: chunk.open[row],
      pv_high: high,
      pv_low: low,
      pv_close: close,
      pv_vwap: vwap,
      pv_volume: volume,
      adj_factor: factor,
      adj_ratio: ratio,
    })
  }

  private ratioOf(chunk: BarChunk, row: number, rawVwap: number): number {
    const { ratios } = this.options.state
    const name = chunk.name[row]
    const { breaks } = ratios
    const before = (ratios.low[name] + ratios.high[name]) / 2
    const ratio = ratios.step(name, chunk.low[row], chunk.high[row], rawVwap)
    if (ratios.breaks > breaks && ratio < before * (1 - ratioFall)) {
      this.suspect('ratio', chunk, row, `adjusted / raw price fell from ${before.toFixed(4)} to ${ratio.toFixed(4)}`)
    }
    return ratio
  }

  /** Product of previous close / previous close as of the day, up to this one. */
  private factorOf(chunk: BarChunk, row: number): number {
    const { state } = this.options
    const name = chunk.name[row]
    const [before, asOfToday] = [state.close[name], chunk.previous_close[row]]
    if (before > 0 && asOfToday > 0 && before !== asOfToday) state.factor[name] *= before / asOfToday
    return state.factor[name]
  }

  /** A name without trades has no row, but an ex-day among such days counts. */
  private stepUntraded(chunk: BarChunk, row: number): void {
    const { state, tally } = this.options
    tally.untraded++
    this.factorOf(chunk, row)
    if (chunk.close[row] > 0) state.close[chunk.name[row]] = chunk.close[row]
  }

  private doubt(chunk: BarChunk, row: number, rawVwap: number): void {
    const { state, mapping } = this.options
    const [low, high, open, close] = [chunk.low[row], chunk.high[row], chunk.open[row], chunk.close[row]]
    if (Math.min(open, close) < low || Math.max(open, close) > high) {
      this.suspect('ohlc', chunk, row, `open ${open} or close ${close} lies outside of [${low}, ${high}]`)
    }
    const outside = rawVwap < low * (1 - vwapTolerance) || rawVwap > high * (1 + vwapTolerance)
    if (this.asOf === '' && outside) {
      this.suspect('vwap', chunk, row, `amount / volume ${rawVwap} lies outside of [${low}, ${high}]`)
    }
    const previous = chunk.previous_close[row]
    const change = close / (previous > 0 ? previous : state.close[chunk.name[row]]) - 1
    if (Math.abs(change) > (mapping.return_limit ?? Infinity)) {
      this.suspect('return', chunk, row, `return ${(100 * change).toFixed(1)} %`)
    }
  }

  private placeOf(chunk: BarChunk, row: number): { file: string; line: number } {
    return { file: basename(this.options.files[chunk.file[row]]), line: chunk.line[row] }
  }

  private suspect(kind: Suspicion, chunk: BarChunk, row: number, fact: string): void {
    const instrument = this.options.symbols[chunk.name[row]]
    this.options.tally.suspect({ kind, ...this.placeOf(chunk, row), instrument, date: this.date, fact })
  }
}

const prices = ['open', 'high', 'low', 'close'] as const

/** Why a bar is no row: 'untraded', what is broken, or null. */
function faultOf(chunk: BarChunk, row: number): string | null {
  if (chunk.traded[row] === 0 || chunk.volume[row] === 0) return 'untraded'
  for (const field of prices) {
    if (!(chunk[field][row] > 0 && chunk[field][row] < Infinity)) return wrong(field, chunk[field][row])
  }
  for (const field of ['volume', 'amount'] as const) {
    if (!(chunk[field][row] > 0 && chunk[field][row] < Infinity)) return wrong(field, chunk[field][row])
  }
  const [low, high] = [chunk.low[row], chunk.high[row]]
  return low > high ? `low ${low} is above high ${high}` : null
}

const wrong = (field: string, value: number): string =>
  Number.isNaN(value) ? `${field} is no number` : `${field} ${value} is not above 0`
