import type { FeaturePanel } from '../sample.ts'
import { panelColumn, section } from './panel.ts'
import { createPriceScaler } from './price-scaling.ts'
import { clip, winsorise, zScore } from './section.ts'
import { firstDay, type Scaler } from './window.ts'

/** Bound of scaled features, in deviations. */
const bound = 5

/** One day of a set, each column over the names that have a value in it. */
export interface ScaledDay {
  /** [names][columns]; a missing value is 0. */
  readonly x: Float32Array
  /** [names]: 1 where any column has a value. */
  readonly mask: Float32Array
}

/**
 * The scaler of a set: prices and volume of PV against the day before and the window, every other set by its section.
 * @param columns catalogue ids that the model reads, in its order
 * @param factors PV only: [dates][instruments] cumulative adjustment factors; those of the panel if none are given
 * @param known other sets only: a day that was scaled before, over the names of the panel
 */
export const createScaler = (
  panel: FeaturePanel,
  columns: readonly string[],
  factors = panel.factors,
  known = (day: number): ScaledDay => scaleDay(panel, day, columns),
): Scaler =>
  panel.set === 'PV' ? createPriceScaler(panel, columns, factors) : createFeatureScaler(panel, columns, known)

/**
 * Per (day, column) over the names with a value: winsorise at median ± 5 · 1.4826 · MAD (not where the MAD is 0),
 * z-score with the population deviation, clip to ±5; domain.md §4.3-4.4. A name traded when any column has a value.
 */
export function scaleDay(panel: FeaturePanel, day: number, columns: readonly string[]): ScaledDay {
  const names = panel.instruments.length
  const width = columns.length
  const x = new Float32Array(names * width)
  const mask = new Float32Array(names)
  columns.forEach((id, feature) => {
    const values = clip(zScore(winsorise(section(panel, day, panelColumn(panel, id)).slice())), bound)
    for (let name = 0; name < names; name++) {
      if (Number.isNaN(values[name])) continue
      x[name * width + feature] = values[name]
      mask[name] = 1
    }
  })
  return { x, mask }
}

function createFeatureScaler(
  panel: FeaturePanel,
  columns: readonly string[],
  scaledDay: (day: number) => ScaledDay,
): Scaler {
  const width = columns.map((id) => panelColumn(panel, id)).length
  const scaledDays = new Map<number, ScaledDay>()
  const scaled = (day: number): ScaledDay => {
    const found = scaledDays.get(day) ?? scaledDay(day)
    scaledDays.set(day, found)
    return found
  }
  return {
    panel,
    columns,
    window(day, lookback, places) {
      const first = firstDay(panel, day, lookback, 0)
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
