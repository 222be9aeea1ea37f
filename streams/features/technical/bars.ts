/** Bars of one instrument on consecutive traded days, one element a bar, all adjusted as of the last of them. */
export interface TradedBars {
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly vwap: Float64Array
  readonly volume: Float64Array
}

/**
 * A technical indicator: a pure function of the bars `first..last`, at most 250 of them; bars outside are not looked
 * at. NaN when they are too few for it.
 */
export type TechnicalFormula = (bars: TradedBars, first: number, last: number) => number

/** Bars that an indicator may look back over, its own day included. */
export const barsMax = 250

/** Adjusting a price may move its last bits, so that equal prices differ by this part at most. */
const band = 1e-9

/** x > y of adjusted prices or averages. */
export const exceeds = (x: number, y: number): boolean => x - y > band * Math.abs(y)

/** Sign of x - y, 0 inside the band of equal prices. */
export const signOf = (x: number, y: number): number => (exceeds(x, y) ? 1 : exceeds(y, x) ? -1 : 0)

/** Mean of the last `k` values up to `last`, summed from the oldest on. */
export function meanOf(values: Float64Array, last: number, k: number): number {
  let sum = 0
  for (let at = last - k + 1; at <= last; at++) sum += values[at]
  return sum / k
}

export function highestOf(values: Float64Array, from: number, to: number): number {
  let highest = values[from]
  for (let at = from + 1; at <= to; at++) highest = Math.max(highest, values[at])
  return highest
}

export function lowestOf(values: Float64Array, from: number, to: number): number {
  let lowest = values[from]
  for (let at = from + 1; at <= to; at++) lowest = Math.min(lowest, values[at])
  return lowest
}
