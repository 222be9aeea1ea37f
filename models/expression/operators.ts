/** What an operator takes: inputs, then a window of days, then a number of days of that window. */
export interface Signature {
  readonly inputs: 1 | 2
  readonly window: boolean
  readonly count: boolean
  /** `cell`: one value of one name; `time`: days of one name; `section`: the names of one day; `both`: the last two. */
  readonly reach: 'cell' | 'time' | 'section' | 'both'
}

const cell = (inputs: 1 | 2): Signature => ({ inputs, window: false, count: false, reach: 'cell' })
const section = (inputs: 1 | 2): Signature => ({ inputs, window: false, count: false, reach: 'section' })
const time = (inputs: 1 | 2): Signature => ({ inputs, window: true, count: false, reach: 'time' })
const cut: Signature = { inputs: 2, window: true, count: true, reach: 'time' }

/** The operators; README.md beside this file says what each of them computes. */
export const operators = {
  cs_rank: section(1),
  cs_zscore: section(1),
  cs_demean: section(1),
  rank_add: section(2),
  ols_residual: section(2),
  ts_sum: time(1),
  ts_mean: time(1),
  ts_median: time(1),
  ts_std: time(1),
  ts_rank: time(1),
  ts_max_to_min: time(1),
  decay_linear: time(1),
  diff_sign: time(1),
  delay: time(1),
  delta: time(1),
  ts_corr: time(2),
  rolling_selmean_top: cut,
  rolling_selmean_btm: cut,
  rolling_selmean_diff: cut,
  ts_meanrank: { ...time(1), reach: 'both' },
  sign: cell(1),
  neg: cell(1),
  abs: cell(1),
  log: cell(1),
  sqrt: cell(1),
  inv: cell(1),
  add: cell(2),
  sub: cell(2),
  mul: cell(2),
  div: cell(2),
  min: cell(2),
  max: cell(2),
} as const satisfies Readonly<Record<string, Signature>>

export type OperatorName = keyof typeof operators

export const operatorNames = Object.keys(operators) as readonly OperatorName[]

export const signatureOf = (operator: OperatorName): Signature => operators[operator]

/** Days that a window may have. */
export const windows: readonly number[] = [3, 5, 10, 20, 60]

/** Days that a cut may take from either end of a window: a quarter or half of it, rounded down, at least one. */
export const countsOf = (window: number): number[] =>
  [Math.floor(window / 4), Math.floor(window / 2)].filter((count) => count > 0)
