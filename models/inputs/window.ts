import { ClosebellError } from '../../schemas/errors.ts'
import type { FeaturePanel } from '../sample.ts'

/** The window of one day as the network reads it, before names and dates are attached. */
export interface ScaledWindow {
  /** [lookback][n][features]; a missing value is 0. */
  readonly x: Float32Array
  /** [lookback][n]: 1 where the name traded. */
  readonly mask: Float32Array
}

/** Scales the windows of one set. Each day is scaled once and reused by every window that holds it. */
export interface Scaler {
  readonly panel: FeaturePanel
  readonly columns: readonly string[]
  /** @param places [n] indices into the panel's names */
  window(day: number, lookback: number, places: Int32Array): ScaledWindow
}

/** Index of the first day of a window. @throws CB_NO_HISTORY when the panel begins later, `before` days counted in. */
export function firstDay(panel: FeaturePanel, day: number, lookback: number, before: number): number {
  const first = day - lookback + 1
  if (first >= before) return first
  throw new ClosebellError(
    'CB_NO_HISTORY',
    `set ${panel.set} needs ${lookback + before} days up to ${panel.dates[day]}; the panel has ${day + 1}`,
  )
}
