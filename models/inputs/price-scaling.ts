import { ClosebellError } from '../../schemas/errors.ts'
import type { FeaturePanel } from '../sample.ts'
import { panelColumn } from './panel.ts'
import { moments, standardise } from './section.ts'
import { firstDay, type ScaledWindow, type Scaler } from './window.ts'

/** Bound of scaled prices and volumes, in deviations. */
const bound = 3

/** Prices of one day, scaled: the same for every window that holds the day. */
interface PriceDay {
  /** [names][prices] z-scores, clipped; 0 where there is no close before. */
  readonly scaled: Float32Array
  /** [names] day of the close that the prices are compared with; -1 = none. */
  readonly since: Int32Array
}

interface PriceTable {
  readonly panel: FeaturePanel
  readonly names: number
  readonly prices: readonly number[]
  readonly close: number
  readonly volume: number
  readonly factors: Float64Array | undefined
}

/**
 * PV: ln(price of t / close of the day before) for each price, ln(1 + volume) less its mean over the window's traded
 * days; then per (step, column) a z-score over the section, clipped to ±3. A suspended day carries the last close,
 * has volume 0 and mask 0. A window of T days reads T + 1: a close older than the day before the window is not
 * carried into it, so that the same days give the same bytes however much history lies before them.
 */
export function createPriceScaler(panel: FeaturePanel, columns: readonly string[], factors?: Float64Array): Scaler {
  const table: PriceTable = {
    panel,
    names: panel.instruments.length,
    prices: columns.filter((id) => id !== 'pv_volume').map((id) => panelColumn(panel, id)),
    close: panelColumn(panel, 'pv_close'),
    volume: panelColumn(panel, 'pv_volume'),
    factors,
  }
  if (columns.indexOf('pv_volume') !== columns.length - 1) {
    throw new ClosebellError('CB_ARTIFACT', `pv_volume must be the last of the columns ${columns.join(', ')}`)
  }
  const dayOf = scaledDays(table)
  return {
    panel,
    columns,
    window(day, lookback, places) {
      const first = firstDay(panel, day, lookback, 1)
      const width = columns.length
      const window: ScaledWindow = {
        x: new Float32Array(lookback * places.length * width),
        mask: new Float32Array(lookback * places.length),
      }
      for (let step = 0; step < lookback; step++) fillPrices(table, dayOf(first + step), window, first, step, places)
      fillVolumes(table, window, first, lookback, places, day)
      return window
    },
  }
}

/** Days in the order in which they are asked for; what a day is compared with is found from the days before it. */
function scaledDays(table: PriceTable): (day: number) => PriceDay {
  const known = new Map<number, PriceDay>()
  const lastTraded: Int32Array[] = []
  const tradedBefore = (day: number): Int32Array => {
    for (let at = lastTraded.length; at <= day; at++) {
      const before = lastTraded.at(-1)
      lastTraded.push(
        before === undefined
          ? new Int32Array(table.names).fill(-1)
          : before.map((last, name) => (tradedOn(table, at - 1, name) ? at - 1 : last)),
      )
    }
    return lastTraded[day]
  }
  return (day) => {
    const found = known.get(day) ?? priceDay(table, day, tradedBefore(day))
    known.set(day, found)
    return found
  }
}

/** Mean and deviation of each price are those of the names that traded on the day and on the one before. */
function priceDay(table: PriceTable, day: number, since: Int32Array): PriceDay {
  const width = table.prices.length
  const scaled = new Float32Array(table.names * width)
  const changes = new Float64Array(table.names)
  table.prices.forEach((column, feature) => {
    for (let name = 0; name < table.names; name++) {
      const before = since[name] < 0 ? NaN : adjusted(table, since[name], table.close, name)
      changes[name] = tradedOn(table, day, name) ? Math.log(adjusted(table, day, column, name) / before) : before * 0
    }
    const fresh = changes.map((change, name) => (since[name] === day - 1 && tradedOn(table, day, name) ? change : NaN))
    const { mean, deviation } = moments(fresh)
    for (let name = 0; name < table.names; name++) {
      scaled[name * width + feature] = bounded(changes[name], mean, deviation)
    }
  })
  return { scaled, since }
}

/** Prices whose close before lies before the window's own history stay 0. */
function fillPrices(
  table: PriceTable,
  day: PriceDay,
  window: ScaledWindow,
  first: number,
  step: number,
  places: Int32Array,
): void {
  const prices = table.prices.length
  const width = prices + 1
  for (let i = 0; i < places.length; i++) {
    const name = places[i]
    const row = step * places.length + i
    window.mask[row] = tradedOn(table, first + step, name) ? 1 : 0
    if (day.since[name] < first - 1) continue
    for (let feature = 0; feature < prices; feature++) {
      window.x[row * width + feature] = day.scaled[name * prices + feature]
    }
  }
}

/** The mean is the window's own, so that volumes are scaled anew for each window; ln(1 + v) is taken as of its day. */
function fillVolumes(
  table: PriceTable,
  window: ScaledWindow,
  first: number,
  lookback: number,
  places: Int32Array,
  day: number,
): void {
  const n = places.length
  const logs = new Float64Array(lookback * n)
  const sums = new Float64Array(n)
  const counts = new Float64Array(n)
  for (let step = 0; step < lookback; step++) {
    for (let i = 0; i < n; i++) {
      if (window.mask[step * n + i] !== 1) continue
      const log = Math.log1p(volumeAsOf(table, first + step, places[i], day))
      logs[step * n + i] = log
      sums[i] += log
      counts[i]++
    }
  }
  for (let at = 0; at < logs.length; at++) logs[at] -= sums[at % n] / counts[at % n]
  const width = table.prices.length + 1
  for (let step = 0; step < lookback; step++) {
    const row = logs.subarray(step * n, (step + 1) * n)
    const { mean, deviation } = moments(row.map((value, i) => (window.mask[step * n + i] === 1 ? value : NaN)))
    for (let i = 0; i < n; i++) window.x[(step * n + i) * width + width - 1] = bounded(row[i], mean, deviation)
  }
}

/** A missing value, and a value of a section that has no statistics, is 0 beside its mask. */
function bounded(value: number, mean: number, deviation: number): number {
  if (Number.isNaN(value) || Number.isNaN(mean)) return 0
  return Math.max(-bound, Math.min(bound, standardise(value, mean, deviation)))
}

/** One value, read without a view: this runs once per name, day and column. */
const valueOf = ({ panel, names }: PriceTable, day: number, column: number, name: number): number =>
  panel.values[(day * panel.columns.length + column) * names + name]

const tradedOn = (table: PriceTable, day: number, name: number): boolean => valueOf(table, day, table.volume, name) > 0

const factorOf = (table: PriceTable, day: number, name: number): number =>
  table.factors === undefined ? 1 : table.factors[day * table.names + name]

const adjusted = (table: PriceTable, day: number, column: number, name: number): number =>
  valueOf(table, day, column, name) * factorOf(table, day, name)

/** v · adj_d/adj_t, domain.md §3.1: shares of day t in the share count of day d. */
const volumeAsOf = (table: PriceTable, day: number, name: number, asOf: number): number =>
  (valueOf(table, day, table.volume, name) * factorOf(table, asOf, name)) / factorOf(table, day, name)
