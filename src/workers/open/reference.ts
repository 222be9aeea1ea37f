import type { ReferenceEntry } from '../../../schemas/market.ts'
import { panelColumn, section } from '../../../models/inputs/panel.ts'
import type { FeaturePanel } from '../../../models/sample.ts'
import type { Listing } from '../history/instruments.ts'

const volumeDays = 20
/** Fewer valid days than this share of a window give NaN. */
const validShare = 0.8
const limitShare = 0.1

/** What is known of each listed name at the open, from stored days before the date. NaN = not known. */
export function referenceEntries(pv: FeaturePanel, listings: readonly Listing[]): ReferenceEntry[] {
  const placeOf = new Map(pv.instruments.map((symbol, i) => [symbol, i]))
  return listings.map(({ instrument, floatShares }) => {
    const place = placeOf.get(instrument)
    const previousClose = place === undefined ? Number.NaN : lastClose(pv, place)
    return {
      instrument,
      previousClose,
      limitUp: Math.round(previousClose * (1 + limitShare) * 100) / 100,
      limitDown: Math.round(previousClose * (1 - limitShare) * 100) / 100,
      adv20: place === undefined ? Number.NaN : meanVolume(pv, place),
      floatShares,
      largeOrderCount: Number.NaN,
      largeOrderSum: Number.NaN,
      largeOrderSquares: Number.NaN,
    }
  })
}

function lastClose(pv: FeaturePanel, place: number): number {
  const close = panelColumn(pv, 'pv_close')
  for (let day = pv.dates.length - 1; day >= 0; day--) {
    const price = section(pv, day, close)[place]
    if (!Number.isNaN(price)) return price
  }
  return Number.NaN
}

/** Mean volume of the valid days among the last 20; NaN below 16 of them. */
function meanVolume(pv: FeaturePanel, place: number): number {
  const volume = panelColumn(pv, 'pv_volume')
  let sum = 0
  let valid = 0
  for (let day = Math.max(0, pv.dates.length - volumeDays); day < pv.dates.length; day++) {
    const shares = section(pv, day, volume)[place]
    if (!(shares > 0)) continue
    sum += shares
    valid++
  }
  return valid >= Math.ceil(validShare * volumeDays) ? sum / valid : Number.NaN
}
