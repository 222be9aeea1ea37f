import type { Input } from '../../../schemas/day.ts'
import { previousTradingDay, shiftTradingDays, tradingDays } from '../../../schemas/calendars/index.ts'
import { profileOf } from '../../../schemas/profiles/index.ts'
import { dailyReturns, type DailyReturns } from '../../../models/inputs/daily-returns.ts'
import { exposuresOn } from '../../../models/inputs/exposures.ts'
import { fundamentalsAsOf, type FundamentalRows } from '../../../models/inputs/fundamentals.ts'
import { financialGraph, flowGraph, industryGraph } from '../../../models/inputs/graphs.ts'
import { styleReturnsOn } from '../../../models/inputs/style-returns.ts'
import { dateIndex } from '../../../models/inputs/panel.ts'
import type { Graph } from '../../../models/sample.ts'
import type { Store } from '../../ports/store.ts'
import { dailyHistoryOf } from '../history/daily-history.ts'
import { storedFundamentals } from '../history/fundamentals.ts'
import type { Listing } from '../history/instruments.ts'
import type { MarketHistory } from '../history/market-history.ts'
import { storedPanel } from '../history/panels.ts'
import { exposuresInput, fundamentalsInput, graphInput, stylesInput } from '../scoring/inputs.ts'

/** Days of net buy ratios that the flow graph compares. */
const flowDays = 20
/** Style returns that are made from daily bars when none are stored yet: 20 days of SA's window and its deviations. */
const styleDaysBefore = 80
const flowColumns = ['c_nbr_s', 'c_nbr_m', 'c_nbr_l', 'c_nbr_xl']

export interface OpeningSettings {
  readonly profile: string
  /** K: neighbours in each graph. */
  readonly neighbours: number
}

export interface Opening {
  readonly listings: readonly Listing[]
  /** Exposures, graphs and fundamentals as of the day before; style returns of earlier days where none are stored. */
  readonly inputs: readonly Input[]
}

/**
 * What the models read beside the panels, as of the close before `date`. Nothing of the date itself is looked at,
 * so it can be made before the open.
 */
export async function prepareOpening(
  store: Store,
  history: MarketHistory,
  date: string,
  settings: OpeningSettings,
): Promise<Opening> {
  const profile = profileOf(settings.profile)
  const asOf = previousTradingDay(profile, date)
  const listings = history.listings.on(asOf)
  const pv = history.upTo(asOf)
  if (pv.dates.at(-1) !== asOf || listings.length === 0) return { listings, inputs: [] }
  const industries = listings.map((listing) => listing.industry)
  const returns = dailyReturns(dailyHistoryOf(pv, history.listings, asOf))
  const { instruments } = returns
  const reports = await storedFundamentals(store, asOf)
  const fundamentals = fundamentalsAsOf(reports, asOf, instruments)
  const exposures = exposuresOn(returns, asOf, industries, fundamentals.values)
  const floatCap = capOn(returns, asOf)
  const { neighbours } = settings
  const inputs: Input[] = [
    exposuresInput(exposures, floatCap, date),
    graphInput(industryGraph(asOf, instruments, industries, floatCap.map(Math.log), neighbours), date),
  ]
  if (fundamentals.values.some((value) => !Number.isNaN(value))) {
    inputs.push(fundamentalsInput(fundamentals, date), graphInput(financialGraph(fundamentals, neighbours), date))
  }
  const flow = await flowGraphOf(store, settings, asOf, instruments)
  if (flow !== null) inputs.push(graphInput(flow, date))
  inputs.push(...(await missingStyles(store, settings, { returns, industries, reports }, date)))
  return { listings, inputs }
}

const capOn = (returns: DailyReturns, date: string): Float64Array => {
  const n = returns.instruments.length
  const day = dateIndex(returns, date)
  return returns.floatCap.slice(day * n, (day + 1) * n)
}

/** null until there are enough stored days of C. */
async function flowGraphOf(
  store: Store,
  settings: OpeningSettings,
  asOf: string,
  instruments: readonly string[],
): Promise<Graph | null> {
  const from = shiftTradingDays(profileOf(settings.profile), asOf, 1 - flowDays)
  const panel = await storedPanel(store, 'C', flowColumns, from, asOf)
  if (panel.dates.at(-1) !== asOf) return null
  const graph = flowGraph(panel, asOf, settings.neighbours)
  return graph.neighbours.every((neighbour) => neighbour < 0) ? null : restrict(graph, instruments)
}

/** The graph over other names: lists of names that are not among them are dropped. */
function restrict(graph: Graph, instruments: readonly string[]): Graph {
  const placeOf = new Map(instruments.map((symbol, i) => [symbol, i]))
  const rowOf = new Map(graph.instruments.map((symbol, i) => [symbol, i]))
  const neighbours = new Int32Array(instruments.length * graph.k).fill(-1)
  instruments.forEach((symbol, i) => {
    const row = rowOf.get(symbol)
    if (row === undefined) return
    let slot = i * graph.k
    for (let at = 0; at < graph.k; at++) {
      const neighbour = graph.neighbours[row * graph.k + at]
      const place = neighbour < 0 ? undefined : placeOf.get(graph.instruments[neighbour])
      if (place !== undefined) neighbours[slot++] = place
    }
  })
  return { ...graph, instruments, neighbours }
}

interface StyleSources {
  readonly returns: DailyReturns
  readonly industries: readonly string[]
  readonly reports: FundamentalRows
}

/** Style returns of the days before, made from daily bars and reports, where the store has none. */
async function missingStyles(
  store: Store,
  settings: OpeningSettings,
  { returns, industries, reports }: StyleSources,
  date: string,
): Promise<Input[]> {
  const profile = profileOf(settings.profile)
  const from = shiftTradingDays(profile, date, -styleDaysBefore)
  const to = previousTradingDay(profile, date)
  const stored = new Set(await store.dates('styles', from, to))
  const known = new Set(returns.dates.slice(1))
  return tradingDays(profile, from, to)
    .filter((day) => !stored.has(day) && known.has(day))
    .map((day) => {
      const before = returns.dates[dateIndex(returns, day) - 1]
      const { values } = fundamentalsAsOf(reports, before, returns.instruments)
      return stylesInput(day, styleReturnsOn(returns, day, industries, values).styles, date)
    })
}
