import { ClosebellError } from '../../schemas/errors.ts'
import type { FeaturePanel } from '../sample.ts'

/** Index of a date in a panel. @throws CB_NO_HISTORY when the panel lacks it. */
export function dateIndex(panel: { readonly dates: readonly string[] }, date: string): number {
  const day = panel.dates.indexOf(date)
  if (day >= 0) return day
  const span = panel.dates.length === 0 ? 'no dates' : `${panel.dates[0]} to ${panel.dates[panel.dates.length - 1]}`
  throw new ClosebellError('CB_NO_HISTORY', `${date} is not in the panel, which has ${span}`)
}

/** Index of a column in a panel. @throws CB_ARTIFACT when the panel lacks it. */
export function panelColumn(panel: FeaturePanel, id: string): number {
  const column = panel.columns.indexOf(id)
  if (column >= 0) return column
  throw new ClosebellError('CB_ARTIFACT', `column ${id} is not among the ${panel.columns.length} of set ${panel.set}`)
}

/** One column of one date. @returns [instruments], a view */
export function section(panel: FeaturePanel, day: number, column: number): Float64Array {
  const names = panel.instruments.length
  const from = (day * panel.columns.length + column) * names
  return panel.values.subarray(from, from + names)
}

/** Days `from` to `to`, that one left out, of a panel, its values and factors as views. */
export function daysOf(panel: FeaturePanel, from: number, to: number): FeaturePanel {
  const names = panel.instruments.length
  const width = panel.columns.length * names
  const { factors } = panel
  return {
    ...panel,
    dates: panel.dates.slice(from, to),
    values: panel.values.subarray(from * width, to * width),
    ...(factors === undefined ? {} : { factors: factors.subarray(from * names, to * names) }),
  }
}

/** Places by list of symbols: panels are asked again and again, and hashing thousands of names costs a millisecond. */
const knownPlaces = new WeakMap<readonly string[], ReadonlyMap<string, number>>()

/** Place of each symbol of a list, which must not change afterwards. */
function placeMap(among: readonly string[]): ReadonlyMap<string, number> {
  const known = knownPlaces.get(among) ?? new Map(among.map((symbol, place) => [symbol, place]))
  knownPlaces.set(among, known)
  return known
}

/** Whether two lists hold the same symbols in the same order. */
export const areSame = (a: readonly string[], b: readonly string[]): boolean =>
  a === b || (a.length === b.length && a.every((symbol, i) => symbol === b[i]))

/** Places of some symbols among others; -1 where one is absent. */
export function placesOf(wanted: readonly string[], among: readonly string[]): Int32Array {
  // The names of a market are mostly those of the day before.
  if (areSame(wanted, among)) return new Int32Array(wanted.length).map((_, place) => place)
  const places = placeMap(among)
  return Int32Array.from(wanted, (symbol) => places.get(symbol) ?? -1)
}
