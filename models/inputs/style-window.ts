import { styleDays, styleNames } from '../sample.ts'
import { moments } from './section.ts'

/** Days of the trailing deviation, and how many of them it needs. */
const deviationDays = 252
const minimumDays = 20

/** Published style returns of many dates. */
export interface StyleHistory {
  /** Ascending. */
  readonly dates: readonly string[]
  /** [dates][10] decimal; NaN = masked. */
  readonly returns: Float64Array
}

/** What SA reads. */
export interface StyleWindow {
  /** [20][10], oldest first, each style over its trailing deviation; 0 where masked or missing. */
  readonly values: Float32Array
  /** Whether all 20 days are there and every style that has returns has enough of them for its deviation. */
  readonly complete: boolean
}

/**
 * The last 20 days of style returns up to a date, each over the deviation of its last 252 days (as many as exist). A
 * style
 * with fewer than 20 days is left at 0 and the window is not complete. Dates after `date` are not looked at.
 */
export function styleWindow(history: StyleHistory, date: string): StyleWindow {
  const width = styleNames.length
  const values = new Float32Array(styleDays * width)
  let days = history.dates.length
  while (days > 0 && history.dates[days - 1] > date) days--
  let complete = days >= styleDays
  let seen = 0
  for (let style = 0; style < width; style++) {
    const from = Math.max(0, days - deviationDays)
    const trailing = Float64Array.from({ length: days - from }, (_, i) => history.returns[(from + i) * width + style])
    const { count, deviation } = moments(trailing)
    if (count === 0) continue
    seen++
    if (count < minimumDays) complete = false
    if (count < minimumDays || deviation === 0) continue
    for (let age = 0; age < Math.min(styleDays, days); age++) {
      const scaled = history.returns[(days - 1 - age) * width + style] / deviation
      if (Number.isNaN(scaled)) complete = false
      else values[(styleDays - 1 - age) * width + style] = scaled
    }
  }
  return { values, complete: complete && seen > 0 }
}
