import { dateIndex, panelColumn, placesOf } from '../../../models/inputs/panel.ts'
import type { FeaturePanel } from '../../../models/sample.ts'
import type { DailyHistory } from '../../../models/inputs/daily-returns.ts'
import type { Listings } from './instruments.ts'
import { comparablePrices, priceReader } from './prices.ts'

/**
 * Closes, caps and turnover of a PV panel over all its dates, names as listed on `asOf`. A day uses the shares that
 * were known on it, so that nothing later than a date reaches it. Caps and turnover are shares times the price, and
 * volume over shares, as they stand, which have one unit; a close is comparable across days.
 */
export function dailyHistoryOf(panel: FeaturePanel, listings: Listings, asOf: string): DailyHistory {
  const instruments = listings.on(asOf).map((listing) => listing.instrument)
  const places = placesOf(instruments, panel.instruments)
  const [closeAt, volumeAt] = ['pv_close', 'pv_volume'].map((id) => panelColumn(panel, id))
  const comparable = comparablePrices(panel, 'pv_close')
  const [n, width] = [instruments.length, panel.instruments.length]
  const grid = (): Float64Array => new Float64Array(panel.dates.length * n).fill(Number.NaN)
  const history = { close: grid(), floatCap: grid(), totalCap: grid(), turnover: grid() }
  instruments.forEach((instrument, i) => {
    const place = places[i]
    if (place < 0) return
    const listed = listings.inForce(instrument, panel.dates)
    for (let day = 0; day < panel.dates.length; day++) {
      const at = day * n + i
      history.close[at] = comparable[day * width + place]
      const listing = listed[day]
      if (listing === undefined) continue
      const row = day * panel.columns.length
      const price = panel.values[(row + closeAt) * width + place]
      const volume = panel.values[(row + volumeAt) * width + place]
      history.floatCap[at] = price * listing.floatShares
      history.totalCap[at] = price * listing.totalShares
      if (volume > 0) history.turnover[at] = volume / listing.floatShares
    }
  })
  return { dates: panel.dates, instruments, ...history }
}

/**
 * Shares of the float of each name and day of a panel, as known on the day.
 * @returns [dates][instruments], NaN = unknown
 */
export function floatSharesOf({ dates, instruments }: FeaturePanel, listings: Pick<Listings, 'inForce'>): Float64Array {
  const shares = new Float64Array(dates.length * instruments.length).fill(Number.NaN)
  instruments.forEach((instrument, i) => {
    listings.inForce(instrument, dates).forEach((listing, day) => {
      if (listing !== undefined) shares[day * instruments.length + i] = listing.floatShares
    })
  })
  return shares
}

/**
 * Returns of a date against each name's last close before it, comparable across days.
 * @returns [instruments] decimal; NaN for a name that did not trade on the date or never before
 */
export function returnsOn(panel: FeaturePanel, date: string, instruments: readonly string[]): Float64Array {
  const day = dateIndex(panel, date)
  const price = priceReader(panel, 'pv_close')
  return Float64Array.from(placesOf(instruments, panel.instruments), (place) => {
    if (place < 0) return Number.NaN
    let before = day - 1
    while (before > 0 && Number.isNaN(price(before, place))) before--
    return price(day, place) / (before < 0 ? Number.NaN : price(before, place)) - 1
  })
}
