import { panelColumn, section } from '../../../models/inputs/panel.ts'
import type { FeaturePanel } from '../../../models/sample.ts'

/**
 * The factors by which the prices of PV rows are comparable across days. A day without a factor of its own (no row, or
 * a row of a live day after imported ones) carries the last one on; before the first it is 1.
 * @param stored [dates][names] adj_factor of the rows, NaN = none
 * @returns [dates][names], or undefined when no row has one: prices are comparable as they stand
 */
export function carriedFactors(stored: Float64Array, names: number): Float64Array | undefined {
  if (stored.every((factor) => Number.isNaN(factor))) return undefined
  const factors = stored.slice()
  for (let at = 0; at < factors.length; at++) {
    if (Number.isNaN(factors[at])) factors[at] = at < names ? 1 : factors[at - names]
  }
  return factors
}

/** Reads single prices of a column of a PV panel, comparable across days: NaN on a day without a row. */
export function priceReader(panel: FeaturePanel, id: string): (day: number, place: number) => number {
  const { values, columns, factors } = panel
  const column = panelColumn(panel, id)
  const names = panel.instruments.length
  return (day, place) => {
    const price = values[(day * columns.length + column) * names + place]
    return factors === undefined ? price : price * factors[day * names + place]
  }
}

/** One price column of a PV panel, comparable across days. @returns [dates][instruments], NaN on a day without a row */
export function comparablePrices(panel: FeaturePanel, id: string): Float64Array {
  const column = panelColumn(panel, id)
  const names = panel.instruments.length
  const prices = new Float64Array(panel.dates.length * names)
  panel.dates.forEach((_, day) => prices.set(section(panel, day, column), day * names))
  const { factors } = panel
  return factors === undefined ? prices : prices.map((price, at) => price * factors[at])
}
