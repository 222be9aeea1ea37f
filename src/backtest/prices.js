import { shiftTradingDays } from '../../schemas/calendars/index.js'
import { profileOf } from '../../schemas/profiles/index.js'
import { exitGrace, forwardReturns } from '../../models/inputs/labels.js'
import { panelColumn, section } from '../../models/inputs/panel.js'
import { carriedCloses, priceLimits } from '../../models/evaluation/price-limits.js'
import { storedPanel } from '../workers/history/panels.js'
import { comparablePrices } from '../workers/history/prices.js'
/** Days of volume before a date that say what can be traded. */
const volumeDays = 20
/** Natural days that hold the trading days of the longest horizon, whatever holidays lie between. */
const tailDays = 75
/** Reads what a span's factors are measured with. Scores are made elsewhere, from what lies before them alone. */
export async function loadPrices(request) {
  const { store, from, to } = request
  const profile = profileOf(request.profile)
  const columns = ['pv_high', 'pv_low', 'pv_close', 'pv_vwap', 'pv_volume']
  const start = shiftTradingDays(profile, from, -volumeDays)
  const read = await storedPanel(store, 'PV', columns, start, daysLater(to, tailDays))
  const panel = cutAfter(read, to, Math.max(...request.horizons) + 1 + exitGrace)
  return pricesOf(panel, request)
}
/** The same from a panel with high, low, close, VWAP and volume. */
export function pricesOf(panel, request) {
  const { dates, instruments } = panel
  const names = instruments.length
  const [high, low, close, vwap] = ['pv_high', 'pv_low', 'pv_close', 'pv_vwap'].map((id) => comparablePrices(panel, id))
  const carried = carriedCloses(close, names)
  const { dailyLimit } = profileOf(request.profile)
  const limits = priceLimits({ dates, instruments, high, low, close, vwap }, carried, dailyLimit)
  const prices = request.labelPrice === 'close' ? close : vwap
  const outcomesOf = (horizon) =>
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
function withoutLimitUps(returns, closesUp, names) {
  return returns.map((value, at) => (closesUp[at + names] === 1 ? NaN : value))
}
function meanAmounts(panel) {
  const names = panel.instruments.length
  const [vwap, volume] = [panelColumn(panel, 'pv_vwap'), panelColumn(panel, 'pv_volume')]
  const means = new Float64Array(panel.dates.length * names).fill(NaN)
  const amounts = panel.dates.map((_, day) => {
    const shares = section(panel, day, volume)
    return section(panel, day, vwap).map((price, name) => price * shares[name])
  })
  for (let day = volumeDays - 1; day < panel.dates.length; day++) {
    for (let name = 0; name < names; name++) {
      let sum = 0
      let count = 0
      for (let back = 0; back < volumeDays; back++) {
        const amount = amounts[day - back][name]
        if (!(amount > 0)) continue
        sum += amount
        count++
      }
      if (count >= 0.8 * volumeDays) means[day * names + name] = sum / count
    }
  }
  return means
}
function cutAfter(panel, to, days) {
  const kept = Math.min(panel.dates.length, panel.dates.findLastIndex((date) => date <= to) + 1 + days)
  const width = panel.columns.length * panel.instruments.length
  const { factors } = panel
  return {
    ...panel,
    dates: panel.dates.slice(0, kept),
    values: panel.values.subarray(0, kept * width),
    ...(factors === undefined ? {} : { factors: factors.subarray(0, kept * panel.instruments.length) }),
  }
}
const daysLater = (date, days) =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
//# sourceMappingURL=prices.js.map
