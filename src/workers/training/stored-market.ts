import { shiftTradingDays } from '../../../schemas/calendars/index.ts'
import { profileOf } from '../../../schemas/profiles/index.ts'
import type { StyleHistory } from '../../../models/inputs/style-window.ts'
import { ageWindow } from '../../../models/inputs/universe.ts'
import { styleNames, type FeaturePanel } from '../../../models/sample.ts'
import type { Store } from '../../ports/store.ts'
import { storedFundamentals } from '../history/fundamentals.ts'
import { Listings } from '../history/instruments.ts'
import { styleLookback } from '../history/market-history.ts'
import { storedPanel } from '../history/panels.ts'
import { modelColumns, type DayInputs } from '../scoring/sample-builder.ts'
import { panelDays, styleHistoryDays } from '../scoring/score-job.ts'
import { ComputedInputs, type CapsAndIndustries } from './computed-inputs.ts'
import { storedCaps, storedInputs, storedStyles, type Caps } from './stored-inputs.ts'

export interface MarketRequest {
  readonly store: Store
  readonly profile: string
  /** First and last date whose samples will be asked for. */
  readonly from: string
  readonly to: string
  /** Days of the longest window. */
  readonly lookback: number
  /** Whether style returns are needed: they read two more years, and days without stored ones are computed. */
  readonly styles: boolean
}

/**
 * A stretch of stored history with what the models read beside the panels: as `open` published it where it ran,
 * computed in memory by the same functions where it did not. Nothing after `to` is read.
 */
export class StoredMarket {
  readonly profile: string
  readonly pv: FeaturePanel
  readonly styles: StyleHistory
  readonly listings: Listings
  /** Whether indicators of companies are stored. */
  readonly hasFundamentals: boolean
  private readonly opened: ReadonlyMap<string, DayInputs>
  private readonly openedCaps: ReadonlyMap<string, Caps>
  private readonly computed: ComputedInputs

  private constructor(parts: {
    profile: string
    pv: FeaturePanel
    styles: StyleHistory
    listings: Listings
    hasFundamentals: boolean
    opened: ReadonlyMap<string, DayInputs>
    openedCaps: ReadonlyMap<string, Caps>
    computed: ComputedInputs
  }) {
    this.profile = parts.profile
    this.pv = parts.pv
    this.styles = parts.styles
    this.listings = parts.listings
    this.hasFundamentals = parts.hasFundamentals
    this.opened = parts.opened
    this.openedCaps = parts.openedCaps
    this.computed = parts.computed
  }

  static async load(request: MarketRequest): Promise<StoredMarket> {
    const { store, profile, from, to, lookback } = request
    const market = profileOf(profile)
    const depth = Math.max(panelDays(lookback), ageWindow, request.styles ? styleLookback : 0)
    const first = shiftTradingDays(market, from, -depth)
    const pv = await storedPanel(store, 'PV', modelColumns('PV'), first, to)
    const opened = await storedInputs(store, profile, from, to)
    const fundamentals = await storedFundamentals(store, to)
    const listings = await Listings.load(store)
    const computed = new ComputedInputs(pv, listings, fundamentals)
    const stylesFrom = shiftTradingDays(market, from, -styleHistoryDays)
    const stored = await storedStyles(store, stylesFrom, to)
    return new StoredMarket({
      profile,
      pv,
      listings,
      opened,
      openedCaps: await storedCaps(store, from, to),
      computed,
      styles: request.styles ? completed(stored, pv, computed, stylesFrom) : stored,
      hasFundamentals: fundamentals.instruments.length > 0,
    })
  }

  /** Null for a day that is not stored, and for the first one. */
  inputs(date: string): DayInputs | null {
    return this.opened.get(date) ?? (this.pv.dates.includes(date) ? this.computed.on(date) : null)
  }

  /** Whether any name of a date may be scored. */
  hasNames(date: string): boolean {
    const opened = this.opened.get(date)
    return opened === undefined ? this.computed.hasSeasoned(date) : opened.eligible.length > 0
  }

  /** What factors of a date are made neutral to. */
  capsAndIndustries(date: string, instruments: readonly string[]): CapsAndIndustries {
    const caps = this.openedCaps.get(date)
    if (caps === undefined) return this.computed.capsAndIndustries(date, instruments)
    return {
      lnFloatCap: Float64Array.from(instruments, (symbol) => Math.log(caps.get(symbol)?.floatCap ?? NaN)),
      industries: instruments.map((symbol) => String(caps.get(symbol)?.industry ?? '')),
    }
  }
}

/** Stored style returns, and computed ones of the days before and between that have none. */
function completed(stored: StyleHistory, pv: FeaturePanel, computed: ComputedInputs, from: string): StyleHistory {
  const width = styleNames.length
  const known = new Map(
    stored.dates.map((date, day) => [date, stored.returns.subarray(day * width, (day + 1) * width)]),
  )
  const dates = [...new Set([...pv.dates.filter((date, day) => day > 0 && date >= from), ...stored.dates])].sort()
  const returns = new Float64Array(dates.length * width)
  dates.forEach((date, day) => returns.set(known.get(date) ?? computed.styleReturns(date), day * width))
  return { dates, returns }
}
