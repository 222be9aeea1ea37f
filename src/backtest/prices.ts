import { shiftDays, shiftTradingDays } from '../../schemas/calendars/index.ts'
import { profileOf } from '../../schemas/profiles/index.ts'
import { exitGrace, forwardReturns } from '../../models/inputs/labels.ts'
import { daysOf, panelColumn, section } from '../../models/inputs/panel.ts'
import type { EvaluationMarket } from '../../models/evaluation/factor-evaluation.ts'
import { carriedCloses, priceLimits } from '../../models/evaluation/price-limits.ts'
import type { FeaturePanel } from '../../models/sample.ts'
import type { LabelPrice } from '../../models/training/artifact.ts'
import { texts, type Store } from '../ports/store.ts'
import { storedPanel } from '../workers/history/panels.ts'
import { comparablePrices } from '../workers/history/prices.ts'

/** Days of volume before a date that say what can be traded. */
const volumeDays = 20
/** Natural days that hold the trading days of the longest horizon, whatever holidays lie between. */
const tailDays = 75

/** Prices of a backtest: days before its span for limits and volumes, days after it for what its factors earned. */
export interface BacktestPrices {
  readonly dates: readonly string[]
  readonly instruments: readonly string[]
  /** First and last day of the span, indices of `dates`. */
  readonly first: number
  readonly last: number
  readonly market: EvaluationMarket
  /** [dates][instruments] mean amount of the last 20 days, currency; NaN below 16 of them. */
  readonly meanAmount: Float64Array
  /** [dates][instruments] VWAP, comparable across days: what ML_C's long-only weights are earned at. */
  readonly vwap: Float64Array
}

export interface PriceRequest {
  readonly store: Store
  readonly profile: string
  readonly from: string
  readonly to: string
  readonly horizons: readonly number[]
  /** The price that RankIC's returns are taken at. */
  readonly labelPrice: LabelPrice
}

/** Reads what a span's factors are measured with. Scores are made elsewhere, from what lies before them alone. */
export async function loadPrices(request: PriceRequest): Promise<BacktestPrices> {
  const { store, from, to } = request
  const profile = profileOf(request.profile)
  const columns = ['pv_high', 'pv_low', 'pv_close', 'pv_vwap', 'pv_volume']
  const start = shiftTradingDays(profile, from, -volumeDays)
  const read = await storedPanel(store, 'PV', columns, start, shiftDays(to, tailDays))
  const panel = cutAfter(read, to, Math.max(...request.horizons) + 1 + exitGrace)
  return pricesOf(panel, request)
}

/** The same from a panel with high, low, close, VWAP and volume. */
export function pricesOf(panel: FeaturePanel, request: Omit<PriceRequest, 'store'>): BacktestPrices {
  const { dates, instruments } = panel
  const names = instruments.length
  const [high, low, close, vwap] = ['pv_high', 'pv_low', 'pv_close', 'pv_vwap'].map((id) => comparablePrices(panel, id))
  const carried = carriedCloses(close, names)
  const { dailyLimit } = profileOf(request.profile)
  const limits = priceLimits({ dates, instruments, high, low, close, vwap }, carried, dailyLimit)
  const prices = request.labelPrice === 'close' ? close : vwap
  const outcomesOf = (horizon: number): Float64Array =>
    withoutLimitUps(forwardReturns({ dates, instruments, prices }, horizon).returns, limits.closesUp, names)
  return {
    dates,
    instruments,
    first: dates.findIndex((date) => date >= request.from),
    last: dates.findLastIndex((date) => date <= request.to),
    market: {
      days: dates.length,
      names,
      vwap,
      close: carried,
      lockedUp: limits.lockedUp,
      lockedDown: limits.lockedDown,
      outcomes: new Map(request.horizons.map((horizon) => [horizon, outcomesOf(horizon)])),
    },
    meanAmount: meanAmounts(panel),
    vwap,
  }
}

/** A name that closes at its upper limit on d+1 could not be bought: its return says nothing of the factor. */
function withoutLimitUps(returns: Float64Array, closesUp: Uint8Array, names: number): Float64Array {
  for (let at = closesUp.indexOf(1, names); at >= 0; at = closesUp.indexOf(1, at + 1)) returns[at - names] = NaN
  return returns
}

function meanAmounts(panel: FeaturePanel): Float64Array {
  const names = panel.instruments.length
  const [vwap, volume] = [panelColumn(panel, 'pv_vwap'), panelColumn(panel, 'pv_volume')]
  const means = new Float64Array(panel.dates.length * names).fill(NaN)
  const amounts = new Float64Array(means.length)
  const sums = new Float64Array(names)
  const counts = new Float64Array(names)
  for (let day = 0; day < panel.dates.length; day++) {
    const [prices, shares] = [section(panel, day, vwap), section(panel, day, volume)]
    for (let name = 0; name < names; name++) {
      const at = day * names + name
      const amount = prices[name] * shares[name]
      amounts[at] = amount > 0 ? amount : 0
      const left = day < volumeDays ? 0 : amounts[at - volumeDays * names]
      sums[name] += amounts[at] - left
      counts[name] += (amounts[at] > 0 ? 1 : 0) - (left > 0 ? 1 : 0)
      if (day >= volumeDays - 1 && counts[name] >= 0.8 * volumeDays) means[at] = sums[name] / counts[name]
    }
  }
  return means
}

/** Nothing after the outcomes of the last day. */
const cutAfter = (panel: FeaturePanel, to: string, days: number): FeaturePanel =>
  daysOf(panel, 0, Math.min(panel.dates.length, panel.dates.findLastIndex((date) => date <= to) + 1 + days))

/** Where the rows of a span come from, and as of when the vendor adjusted them. */
export async function originOf(
  store: Store,
  from: string,
  to: string,
): Promise<{ readonly origins: readonly string[]; readonly adjustedAsOf: string }> {
  const dates = await store.dates('pv', from, to)
  const date = dates.at(-1)
  if (date === undefined) return { origins: [], adjustedAsOf: '' }
  const rows = await store.panel({ table: 'pv', columns: ['origin', 'adjusted_as_of'], from: date, to: date })
  const origins = [...new Set(texts(rows, 'origin'))].sort()
  return { origins, adjustedAsOf: texts(rows, 'adjusted_as_of').reduce((last, one) => (one > last ? one : last), '') }
}
