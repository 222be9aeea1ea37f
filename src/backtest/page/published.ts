/**
 * What the report that the factors follow published of them (Kaiyuan Securities, market microstructure series 32,
 * 2026-01-28): another market history, other data. Reference values, never a target.
 */
export interface PublishedRow {
  readonly rankIc: number
  readonly rankIcIr: number
  readonly longShort: { readonly annualReturn: number; readonly informationRatio: number; readonly maxDrawdown: number }
  readonly longOnly: { readonly annualReturn: number; readonly informationRatio: number }
}

type Figures = readonly [ic: number, icIr: number, ls: number, lsIr: number, mdd: number, long: number, longIr: number]

const row = ([rankIc, rankIcIr, ls, lsIr, mdd, long, longIr]: Figures): PublishedRow => ({
  rankIc,
  rankIcIr,
  longShort: { annualReturn: ls, informationRatio: lsIr, maxDrawdown: mdd },
  longOnly: { annualReturn: long, informationRatio: longIr },
})

export const published: Readonly<Record<string, PublishedRow>> = {
  PV: row([0.117, 5.7, 0.589, 5.1, -0.048, 0.241, 3.0]),
  G: row([0.11, 5.8, 0.599, 6.2, -0.025, 0.233, 3.3]),
  C: row([0.106, 5.1, 0.564, 5.2, -0.044, 0.195, 2.8]),
  HF: row([0.116, 5.9, 0.575, 5.8, -0.052, 0.191, 2.6]),
  DP: row([0.114, 6.2, 0.492, 4.4, -0.047, 0.203, 2.8]),
  ML_C: row([0.142, 6.3, 0.727, 6.1, -0.048, 0.261, 3.1]),
}
