import { buckets } from '../../../schemas/catalogue/index.ts'
import { Acc } from '../../accumulators.ts'
import type { Formula } from '../formula.ts'

/**
 * Money of an accumulator in currency units; NaN on a day without trades, a true 0 in an empty bucket of a traded day.
 */
const money =
  (field: number): Formula =>
  (acc, base) =>
    acc[base + Acc.trades] === 0
      ? Number.NaN
      : acc[base + field] / (acc[base + Acc.priceScale] * acc[base + Acc.quantityScale])

const count =
  (field: number): Formula =>
  (acc, base) =>
    acc[base + Acc.trades] === 0 ? Number.NaN : acc[base + field]

const perBucket = (stem: string, field: number, make: (field: number) => Formula): [string, Formula][] =>
  buckets.map((bucket, i) => [`${stem}_${bucket}`, make(field + i)])

/** Σ over the four buckets of two accumulators. */
export function sumBuckets(acc: Float64Array, base: number, first: number, second: number): number {
  let sum = 0
  for (let b = 0; b < 4; b++) sum += acc[base + first + b] + acc[base + second + b]
  return sum
}

/** CB-25 c_unknown: Amt − Σ AB − Σ AS of the whole day: auctions and undecided sides. */
export const unknown: Formula = (acc, base) =>
  acc[base + Acc.trades] === 0
    ? Number.NaN
    : (acc[base + Acc.amount] - sumBuckets(acc, base, Acc.actBuy, Acc.actSell)) /
      (acc[base + Acc.priceScale] * acc[base + Acc.quantityScale])

/** CB-26 amount: Σ price·quantity of the accepted trades. CB-27 volume: Σ quantity. CB-28 trades: their number. */
const totals: [string, Formula][] = [
  ['amount', money(Acc.amount)],
  [
    'volume',
    (acc, base) => (acc[base + Acc.trades] === 0 ? Number.NaN : acc[base + Acc.volume] / acc[base + Acc.quantityScale]),
  ],
  ['trades', (acc, base) => acc[base + Acc.trades]],
]

/**
 * CB-01..04 c_buy_b: B_b. CB-05..08 c_sell_b: S_b. CB-09..12 c_act_buy_b: AB_b. CB-13..16 c_act_sell_b: AS_b.
 * CB-17..20 c_n_buy_b: nB_b. CB-21..24 c_n_sell_b: nS_b.
 */
export const baseFormulas: Readonly<Record<string, Formula>> = Object.fromEntries([
  ...perBucket('c_buy', Acc.buy, money),
  ...perBucket('c_sell', Acc.sell, money),
  ...perBucket('c_act_buy', Acc.actBuy, money),
  ...perBucket('c_act_sell', Acc.actSell, money),
  ...perBucket('c_n_buy', Acc.nBuy, count),
  ...perBucket('c_n_sell', Acc.nSell, count),
  ['c_unknown', unknown],
  ...totals,
])
