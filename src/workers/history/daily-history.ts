import type { FeaturePanel } from '../../../models/sample.ts'
import type { DailyHistory } from '../../../models/inputs/daily-returns.ts'
import type { Listings } from './instruments.ts'
import { comparablePrices } from './prices.ts'

/**
 * Closes and caps of a PV panel over all its dates, names as listed on `asOf`. Caps of every day use the shares that
 * were known on that day, so that nothing later than a date reaches it; a cap is shares times the price as it stands,
 * a close is comparable across days.
 */
export function dailyHistoryOf(panel: FeaturePanel, listings: Listings, asOf: string): DailyHistory {
  const instruments = listings.on(asOf).map((listing) => listing.instrument)
  const placeOf = new Map(panel.instruments.map((symbol, i) => [symbol, i]))
  const column = panel.columns.indexOf('pv_close')
  const comparable = comparablePrices(panel, 'pv_close')
  const days = panel.dates.length
  const n = instruments.length
  const close = new Float64Array(days * n).fill(Number.NaN)
  const floatCap = new Float64Array(days * n).fill(Number.NaN)
  const totalCap = new Float64Array(days * n).fill(Number.NaN)
  for (let day = 0; day < days; day++) {
    const shares = new Map(listings.on(panel.dates[day]).map((listing) => [listing.instrument, listing]))
    for (let i = 0; i < n; i++) {
      const place = placeOf.get(instruments[i])
      if (place === undefined) continue
      const price = panel.values[(day * panel.columns.length + column) * panel.instruments.length + place]
      const listing = shares.get(instruments[i])
      close[day * n + i] = comparable[day * panel.instruments.length + place]
      if (listing === undefined) continue
      floatCap[day * n + i] = price * listing.floatShares
      totalCap[day * n + i] = price * listing.totalShares
    }
  }
  return { dates: panel.dates, instruments, close, floatCap, totalCap }
}
