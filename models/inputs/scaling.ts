import type { FeaturePanel } from '../sample.ts'
import { panelColumn, section } from './panel.ts'
import { createPriceScaler } from './price-scaling.ts'
import { clip, winsorise, zScore } from './section.ts'
import { firstDay, type Scaler } from './window.ts'

/** Bound of scaled features, in deviations. */
const bound = 5

/**
 * The scaler of a set: prices and volume of PV against the day before and the window, every other set by its section.
 * @param columns catalogue ids that the model reads, in its order
 * @param factors PV only: [dates][instruments] cumulative adjustment factors; those of the panel if none are given
 */
export const createScaler = (panel: FeaturePanel, columns: readonly string[], factors = panel.factors): Scaler =>
  panel.set === 'PV' ? createPriceScaler(panel, columns, factors) : createFeatureScaler(panel, columns)

/**
 * Per (day, column) over the names with a value: winsorise at median ± 5 · 1.4826 · MAD (not where the MAD is 0),
 * z-score with the population deviation, clip to ±5; domain.md §4.3-4.4. A name traded when any column has a value.
 */
function createFeatureScaler(panel: FeaturePanel, columns: readonly string[]): Scaler {
  const sources = columns.map((id) => panelColumn(panel, id))
  const names = panel.instruments.length
  const scaledDays = new Map<number, { x: Float32Array; mask: Float32Array }>()

  const scaled = (day: number) => {
    const known = scaledDays.get(day)
    if (known !== undefined) return known
    const x = new Float32Array(names * sources.length)
    const mask = new Float32Array(names)
    sources.forEach((source, feature) => {
      const values = clip(zScore(winsorise(section(panel, day, source).slice())), bound)
      for (let name = 0; name < names; name++) {
        if (Number.isNaN(values[name])) continue
        x[name * sources.length + feature] = values[name]
        mask[name] = 1
      }
    })
    const result = { x, mask }
    scaledDays.set(day, result)
    return result
  }

  return {
    panel,
    columns,
    window(day, lookback, places) {
      const first = firstDay(panel, day, lookback, 0)
      const width = sources.length
      const x = new Float32Array(lookback * places.length * width)
      const mask = new Float32Array(lookback * places.length)
      for (let step = 0; step < lookback; step++) {
        const source = scaled(first + step)
        for (let i = 0; i < places.length; i++) {
          const row = step * places.length + i
          x.set(source.x.subarray(places[i] * width, (places[i] + 1) * width), row * width)
          mask[row] = source.mask[places[i]]
        }
      }
      return { x, mask }
    },
  }
}
