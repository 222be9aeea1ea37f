import { averageRanks } from '../evaluation/ranks.ts'
import { fundamentalCount } from '../sample.ts'
import { zScore } from './section.ts'

/** Versions of reported indicators, row by row; their order does not matter. */
export interface FundamentalRows {
  readonly instruments: readonly string[]
  /** The first trading date on which a row may be used: the one after its announcement. */
  readonly usableFrom: readonly string[]
  /** Reporting period, e.g. 2022Q3 or 2022-09-30; later periods compare greater. */
  readonly periods: readonly string[]
  /** [rows][36] indicators f01..f36; NaN = not reported. */
  readonly values: Float64Array
}

/** Indicators of a section as known on a date. */
export interface Fundamentals {
  readonly asOf: string
  readonly instruments: readonly string[]
  /** [n][36]; NaN = none. */
  readonly values: Float64Array
}

/**
 * The indicators usable on a date: per name the latest period known by then, in its latest version; domain.md §4.8.
 * @returns all NaN for a name that has reported nothing yet
 */
export function fundamentalsAsOf(rows: FundamentalRows, asOf: string, instruments: readonly string[]): Fundamentals {
  const chosen = new Map<string, number>()
  for (let row = 0; row < rows.instruments.length; row++) {
    if (rows.usableFrom[row] > asOf) continue
    const best = chosen.get(rows.instruments[row])
    if (best === undefined || isNewer(rows, row, best)) chosen.set(rows.instruments[row], row)
  }
  const values = new Float64Array(instruments.length * fundamentalCount).fill(NaN)
  instruments.forEach((instrument, place) => {
    const row = chosen.get(instrument)
    if (row === undefined) return
    values.set(rows.values.subarray(row * fundamentalCount, (row + 1) * fundamentalCount), place * fundamentalCount)
  })
  return { asOf, instruments, values }
}

/** A restatement of an old period does not replace a newer period that was published before it. */
function isNewer(rows: FundamentalRows, row: number, best: number): boolean {
  if (rows.periods[row] !== rows.periods[best]) return rows.periods[row] > rows.periods[best]
  return rows.usableFrom[row] > rows.usableFrom[best]
}

/**
 * Percentile rank (rank − ½)/N of each indicator over the section, then z-score; a missing value is 0, the mean.
 * @param values [n][36]; NaN = none
 * @returns [n][36]
 */
export function scaleFundamentals(values: Float64Array): Float32Array {
  const n = values.length / fundamentalCount
  const scaled = new Float32Array(values.length)
  const column = new Float64Array(n)
  for (let f = 0; f < fundamentalCount; f++) {
    for (let i = 0; i < n; i++) column[i] = values[i * fundamentalCount + f]
    // Ranks and percentiles differ by an affine map only, which the z-score removes.
    const scores = zScore(averageRanks(column))
    for (let i = 0; i < n; i++) scaled[i * fundamentalCount + f] = Number.isNaN(scores[i]) ? 0 : scores[i]
  }
  return scaled
}
