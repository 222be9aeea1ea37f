/**
 * A feature: a pure function of an instrument's accumulators at `base`. Prices, amounts and quantities are in the
 * feed's integers.
 */
export type Formula = (acc: Float64Array, base: number, context: FormulaContext) => number

/** What a formula needs beside the row. */
export interface FormulaContext {
  /** Continuous minutes that have elapsed, up to n at the close. */
  readonly elapsed: number
  /** End of what is known, µs UTC: an open snapshot weighs up to here. */
  readonly until: number
  /** Sizing `trade`: ratios are against active turnover, and what needs parents is NaN. */
  readonly isTradeSizing: boolean
}

/** x / y, NaN where y is 0: nothing is added to a denominator. */
export const ratio = (x: number, y: number): number => (y === 0 ? Number.NaN : x / y)
