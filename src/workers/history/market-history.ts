import { shiftTradingDays } from '../../../schemas/calendars/index.ts'
import { profileOf } from '../../../schemas/profiles/index.ts'
import { daysOf } from '../../../models/inputs/panel.ts'
import type { FeaturePanel } from '../../../models/sample.ts'
import type { Store } from '../../ports/store.ts'
import { modelColumns } from '../scoring/sample-builder.ts'
import { Listings } from './instruments.ts'
import { storedPanel } from './panels.ts'

/** Trading days of daily bars that the styles read: momentum looks back 504 days behind a lag of 21. */
export const styleLookback = 560

/** Days that are appended before the panel is copied again. */
const spareDays = 20

/**
 * Stored daily bars and listings before a date, read once and then appended to day by day, since every open and close
 * needs the same two years.
 */
export class MarketHistory {
  readonly listings: Listings
  private panel: FeaturePanel

  private constructor(listings: Listings, panel: FeaturePanel) {
    this.listings = listings
    this.panel = panel
  }

  /** Bars of the trading days before `date`; with `asOf` only those that were known then, µs UTC. */
  static async before(store: Store, profile: string, date: string, asOf?: number): Promise<MarketHistory> {
    const market = profileOf(profile)
    const [from, to] = [shiftTradingDays(market, date, -styleLookback), shiftTradingDays(market, date, -1)]
    const panel = await storedPanel(store, 'PV', modelColumns('PV'), from, to, asOf)
    const names = panel.instruments.length
    // Copied in the morning, so that the day is only put behind at the close.
    const copied = (rows: Float64Array, perDay: number) => withRoom(rows, perDay).subarray(0, rows.length)
    const values = copied(panel.values, panel.columns.length * names)
    const factors = panel.factors === undefined ? {} : { factors: copied(panel.factors, names) }
    return new MarketHistory(await Listings.load(store), { ...panel, values, ...factors })
  }

  /** PV of the days up to and including `to`. */
  upTo(to: string): FeaturePanel {
    return daysOf(this.panel, 0, this.panel.dates.findLastIndex((date) => date <= to) + 1)
  }

  get lastDate(): string {
    return this.panel.dates.at(-1) ?? ''
  }

  /** Appends one day's section. */
  append(day: FeaturePanel): void {
    if (day.dates[0] <= this.lastDate) return
    const instruments = [...new Set([...this.panel.instruments, ...day.instruments])].sort()
    // A name that the days before do not have was never adjusted in them.
    const old = instruments.length === this.panel.instruments.length ? this.panel : widen(this.panel, instruments, 1)
    const added = widen(day, instruments, Number.NaN)
    const values = withRoom(old.values, added.values.length)
    values.set(added.values, old.values.length)
    const factors = joinedFactors(old, added)
    const joined = { ...old, dates: [...old.dates, ...day.dates], values }
    this.panel = factors === undefined ? joined : { ...joined, factors }
  }
}

/** The same values with more behind them, in the same memory where it has room, else in new one with room to grow. */
function withRoom(values: Float64Array<ArrayBufferLike>, more: number): Float64Array {
  const length = values.length + more
  const bytes = 8 * (values.length + spareDays * more)
  const isRoomy = values.byteOffset + 8 * length <= values.buffer.byteLength
  const buffer = isRoomy ? values.buffer : new ArrayBuffer(bytes)
  const grown = new Float64Array(buffer, isRoomy ? values.byteOffset : 0, length)
  if (!isRoomy) grown.set(values)
  return grown
}

/** Factors of a panel and of the days after it, which carry the last ones on where they have none of their own. */
function joinedFactors(old: FeaturePanel, added: FeaturePanel): Float64Array | undefined {
  if (old.factors === undefined && added.factors === undefined) return undefined
  const names = old.instruments.length
  const before = old.factors ?? new Float64Array(old.dates.length * names).fill(1)
  const joined = withRoom(before, added.dates.length * names)
  for (let at = before.length; at < joined.length; at++) {
    const own = added.factors?.[at - before.length] ?? Number.NaN
    joined[at] = Number.isNaN(own) ? (at < names ? 1 : joined[at - names]) : own
  }
  return joined
}

/** The same panel over more names, whose factors are all the same. */
function widen(panel: FeaturePanel, instruments: readonly string[], factor: number): FeaturePanel {
  const placeOf = new Map(instruments.map((symbol, i) => [symbol, i]))
  const places = panel.instruments.map((symbol) => placeOf.get(symbol) as number)
  const spread = (rows: Float64Array, absent: number): Float64Array => {
    const count = rows.length / panel.instruments.length
    const wide = new Float64Array(count * instruments.length).fill(absent)
    for (let row = 0; row < count; row++) {
      for (let i = 0; i < places.length; i++) {
        wide[row * instruments.length + places[i]] = rows[row * panel.instruments.length + i]
      }
    }
    return wide
  }
  const wide = { ...panel, instruments, values: spread(panel.values, Number.NaN) }
  return panel.factors === undefined ? wide : { ...wide, factors: spread(panel.factors, factor) }
}
