import { dailyReturns, type DailyReturns } from '../../../models/inputs/daily-returns.ts'
import { fundamentalsAsOf, type FundamentalRows } from '../../../models/inputs/fundamentals.ts'
import { defaultNeighbours, financialGraph, industryGraph } from '../../../models/inputs/graphs.ts'
import { panelColumn, placesOf, section } from '../../../models/inputs/panel.ts'
import { styleReturnsOn } from '../../../models/inputs/style-returns.ts'
import { seasonedNames } from '../../../models/inputs/universe.ts'
import type { FeaturePanel, Graph } from '../../../models/sample.ts'
import type { Listing, Listings } from '../history/instruments.ts'
import { comparablePrices } from '../history/prices.ts'
import type { DayInputs } from '../scoring/sample-builder.ts'

/** ln float cap and industry of names, as known on the day before a date; NaN and '' where unknown. */
export interface CapsAndIndustries {
  readonly lnFloatCap: Float64Array
  readonly industries: readonly string[]
}

/**
 * The inputs of days on which `open` never ran: what it would have published, made in memory from stored history by
 * the same functions, each as of the day before. Imported years are thousands of days: nothing of this is stored.
 */
export class ComputedInputs {
  private readonly pv: FeaturePanel
  private readonly listings: Listings
  private readonly fundamentals: FundamentalRows
  /** [dates][instruments] the last price as it stands; NaN before the first. */
  private readonly lastClose: Float64Array
  private readonly financialGraphs = new Map<string, Graph>()
  private readonly listedOn = new Map<string, readonly Listing[]>()
  private readonly unlisted: readonly Listing[]
  private returns: DailyReturns | null = null

  constructor(pv: FeaturePanel, listings: Listings, fundamentals: FundamentalRows) {
    this.pv = pv
    this.listings = listings
    this.fundamentals = fundamentals
    this.lastClose = carriedCloses(pv)
    const unknown = { industry: '', floatShares: NaN, totalShares: NaN, listDate: '' }
    this.unlisted = pv.instruments.map((instrument) => ({ instrument, ...unknown }))
  }

  /** Null on the first day of the history: nothing lies before it. */
  on(date: string): DayInputs | null {
    const asOf = this.dayBefore(date)
    if (asOf === null) return null
    const eligible = this.seasoned(date, asOf)
    const hasReports = this.fundamentals.instruments.length > 0
    const graphs = (): DayInputs['graphs'] => this.graphs(date, asOf, eligible)
    return {
      eligible,
      // Half of a day's cost, and a network without graphs never asks.
      get graphs() {
        return graphs()
      },
      fundamentals: hasReports ? fundamentalsAsOf(this.fundamentals, asOf, eligible) : null,
    }
  }

  private graphs(date: string, asOf: string, eligible: readonly string[]): DayInputs['graphs'] {
    const { lnFloatCap, industries } = this.capsAndIndustries(date, eligible)
    const industry = industryGraph(asOf, eligible, industries, lnFloatCap, defaultNeighbours)
    const financial = this.financial(asOf)
    return {
      ...(industry.neighbours.some((neighbour) => neighbour >= 0) ? { industry } : {}),
      ...(financial === null ? {} : { financial }),
    }
  }

  /** Whether any name of a date is old enough to be scored. */
  hasSeasoned(date: string): boolean {
    const asOf = this.dayBefore(date)
    return asOf !== null && this.seasoned(date, asOf).length > 0
  }

  private seasoned(date: string, asOf: string): string[] {
    const listed = this.listed(asOf)
    const names = listed.map((listing) => listing.instrument)
    return seasonedNames(
      this.pv,
      date,
      names,
      listed.map((listing) => listing.listDate),
    )
  }

  capsAndIndustries(date: string, instruments: readonly string[]): CapsAndIndustries {
    const day = this.pv.dates.indexOf(date) - 1
    const listingOf = new Map(day < 0 ? [] : this.listed(this.pv.dates[day]).map((one) => [one.instrument, one]))
    const places = placesOf(instruments, this.pv.instruments)
    const names = this.pv.instruments.length
    return {
      lnFloatCap: Float64Array.from(instruments, (instrument, i) => {
        const price = places[i] < 0 || day < 0 ? NaN : this.lastClose[day * names + places[i]]
        return Math.log(price * (listingOf.get(instrument)?.floatShares ?? NaN))
      }),
      industries: instruments.map((instrument) => listingOf.get(instrument)?.industry ?? ''),
    }
  }

  /** Style returns of a date: its returns on the exposures of the day before, reports as known then. */
  styleReturns(date: string): Float64Array {
    this.returns ??= this.history()
    const { instruments } = this.pv
    const asOf = this.dayBefore(date) ?? date
    const listingOf = new Map(this.listed(asOf).map((listing) => [listing.instrument, listing]))
    const industries = instruments.map((instrument) => listingOf.get(instrument)?.industry ?? '')
    const hasReports = this.fundamentals.instruments.length > 0
    const indicators = hasReports ? fundamentalsAsOf(this.fundamentals, asOf, instruments).values : null
    return styleReturnsOn(this.returns, date, industries, indicators).styles
  }

  /** Names listed on a date; every name of the history where no listing was ever stored. */
  private listed(date: string): readonly Listing[] {
    const known = this.listedOn.get(date) ?? this.listings.on(date)
    this.listedOn.set(date, known)
    return known.length > 0 ? known : this.unlisted
  }

  private dayBefore(date: string): string | null {
    const day = this.pv.dates.indexOf(date)
    return day > 0 ? this.pv.dates[day - 1] : null
  }

  /** Made once a month, as of its first day: reports come by the quarter. domain.md §6 */
  private financial(asOf: string): Graph | null {
    if (this.fundamentals.instruments.length === 0) return null
    const month = asOf.slice(0, 7)
    const first = this.pv.dates.find((date) => date.startsWith(month)) as string
    const known = this.financialGraphs.get(month)
    if (known !== undefined) return known
    const names = this.listed(first).map((listing) => listing.instrument)
    const graph = financialGraph(fundamentalsAsOf(this.fundamentals, first, names), defaultNeighbours)
    this.financialGraphs.set(month, graph)
    return graph
  }

  /** Returns, caps and turnover of all names; a cap ends with the listing, so that a name that left weighs nothing. */
  private history(): DailyReturns {
    const { pv, lastClose } = this
    const names = pv.instruments.length
    const floatCap = new Float64Array(pv.dates.length * names).fill(NaN)
    const [totalCap, turnover] = [floatCap.slice(), floatCap.slice()]
    const volumeAt = panelColumn(pv, 'pv_volume')
    pv.dates.forEach((date, day) => {
      const volumes = section(pv, day, volumeAt)
      const listingOf = new Map(this.listed(date).map((listing) => [listing.instrument, listing]))
      pv.instruments.forEach((instrument, i) => {
        const at = day * names + i
        const listing = listingOf.get(instrument)
        if (listing === undefined) return
        floatCap[at] = lastClose[at] * listing.floatShares
        totalCap[at] = lastClose[at] * listing.totalShares
        if (volumes[i] > 0) turnover[at] = volumes[i] / listing.floatShares
      })
    })
    const close = comparablePrices(pv, 'pv_close')
    const { dates, instruments } = pv
    const returns = dailyReturns({ dates, instruments, close, floatCap, totalCap, turnover })
    return { ...returns, floatCap, totalCap }
  }
}

function carriedCloses(pv: FeaturePanel): Float64Array {
  const column = panelColumn(pv, 'pv_close')
  const names = pv.instruments.length
  const closes = new Float64Array(pv.dates.length * names)
  for (let at = 0; at < closes.length; at++) {
    const day = Math.floor(at / names)
    const close = pv.values[(day * pv.columns.length + column) * names + (at % names)]
    closes[at] = Number.isNaN(close) && day > 0 ? closes[at - names] : close
  }
  return closes
}
