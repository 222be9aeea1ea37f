import { buckets } from '../../../schemas/catalogue/index.ts'
import { Acc } from '../../accumulators.ts'
import { ratio, type Formula, type FormulaContext } from '../formula.ts'
import { sumBuckets } from './base.ts'

/** Amt of the ratios: the day's amount; in sizing `trade` ΣAB + ΣAS, since only active prints have a bucket. */
const turnover = (acc: Float64Array, base: number, context: FormulaContext): number =>
  context.isTradeSizing ? sumBuckets(acc, base, Acc.actBuy, Acc.actSell) : acc[base + Acc.amount]

/** C-01..04 c_nbr_b: NB_b / Amt, NB = B − S. */
export const netBuyRatio =
  (b: number): Formula =>
  (acc, base, context) =>
    ratio(acc[base + Acc.buy + b] - acc[base + Acc.sell + b], turnover(acc, base, context))

/** C-05..08 c_nar_b: (AB_b − AS_b) / (AB_b + AS_b). */
export const netActiveRatio =
  (b: number): Formula =>
  (acc, base) =>
    ratio(
      acc[base + Acc.actBuy + b] - acc[base + Acc.actSell + b],
      acc[base + Acc.actBuy + b] + acc[base + Acc.actSell + b],
    )

/** C-09..12 c_turn_share_b: (B_b + S_b) / (2 Amt). */
export const turnoverShare =
  (b: number): Formula =>
  (acc, base, context) =>
    ratio(
      acc[base + Acc.buy + b] + acc[base + Acc.sell + b],
      context.isTradeSizing ? turnover(acc, base, context) : 2 * turnover(acc, base, context),
    )

/** C-13..16 c_active_share_b: (AB_b + AS_b) / Σ_b (AB + AS). */
export const activeShare =
  (b: number): Formula =>
  (acc, base) =>
    ratio(acc[base + Acc.actBuy + b] + acc[base + Acc.actSell + b], sumBuckets(acc, base, Acc.actBuy, Acc.actSell))

/** C-17..20 c_buy_active_b: AB_b / B_b; NaN in sizing `trade`. */
export const activeBuyPart =
  (b: number): Formula =>
  (acc, base, context) =>
    context.isTradeSizing ? Number.NaN : ratio(acc[base + Acc.actBuy + b], acc[base + Acc.buy + b])

/** C-21..24 c_sell_active_b: AS_b / S_b; NaN in sizing `trade`. */
export const activeSellPart =
  (b: number): Formula =>
  (acc, base, context) =>
    context.isTradeSizing ? Number.NaN : ratio(acc[base + Acc.actSell + b], acc[base + Acc.sell + b])

/** C-25..28 c_imb_b: ln((B_b + 1) / (S_b + 1)) in whole currency units; NaN on a day without trades. */
export const imbalance =
  (b: number): Formula =>
  (acc, base) => {
    if (acc[base + Acc.trades] === 0) return Number.NaN
    const scale = acc[base + Acc.priceScale] * acc[base + Acc.quantityScale]
    return Math.log((acc[base + Acc.buy + b] / scale + 1) / (acc[base + Acc.sell + b] / scale + 1))
  }

const parentMean =
  (notional: number, counts: number): Formula =>
  (acc, base) => {
    const n = acc[base + counts] + acc[base + counts + 1] + acc[base + counts + 2] + acc[base + counts + 3]
    if (n === 0) return Number.NaN
    return Math.log(acc[base + notional] / (acc[base + Acc.priceScale] * acc[base + Acc.quantityScale]) / n)
  }

/** C-29 c_ln_parent_buy: ln(Σ notional of filled buy parents / Σ_b nB_b). */
export const meanBuyParent: Formula = parentMean(Acc.notionalBuy, Acc.nBuy)

/** C-30 c_ln_parent_sell: ln(Σ notional of filled sell parents / Σ_b nS_b). */
export const meanSellParent: Formula = parentMean(Acc.notionalSell, Acc.nSell)

/** C-31 c_nbr_main: (NB_l + NB_xl) / Amt. */
export const mainNetBuyRatio: Formula = (acc, base, context) =>
  ratio(
    acc[base + Acc.buy + 2] - acc[base + Acc.sell + 2] + (acc[base + Acc.buy + 3] - acc[base + Acc.sell + 3]),
    turnover(acc, base, context),
  )

/** C-32 c_nar_main: (AB − AS) / (AB + AS), both summed over l and xl. */
export const mainNetActiveRatio: Formula = (acc, base) => {
  const bought = acc[base + Acc.actBuy + 2] + acc[base + Acc.actBuy + 3]
  const sold = acc[base + Acc.actSell + 2] + acc[base + Acc.actSell + 3]
  return ratio(bought - sold, bought + sold)
}

const each = (stem: string, make: (b: number) => Formula): [string, Formula][] =>
  buckets.map((name, b) => [`${stem}_${name}`, make(b)])

export const ratioFormulas: Readonly<Record<string, Formula>> = Object.fromEntries([
  ...each('c_nbr', netBuyRatio),
  ...each('c_nar', netActiveRatio),
  ...each('c_turn_share', turnoverShare),
  ...each('c_active_share', activeShare),
  ...each('c_buy_active', activeBuyPart),
  ...each('c_sell_active', activeSellPart),
  ...each('c_imb', imbalance),
  ['c_ln_parent_buy', meanBuyParent],
  ['c_ln_parent_sell', meanSellParent],
  ['c_nbr_main', mainNetBuyRatio],
  ['c_nar_main', mainNetActiveRatio],
])
