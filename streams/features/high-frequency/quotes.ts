import { Acc } from '../../accumulators.ts'
import { orderFlow } from '../../book/quotes.ts'
import { ratio, type Formula, type FormulaContext } from '../formula.ts'

/** Seconds that the open snapshot has weighed so far: it is settled only when a later one comes. */
const openSeconds = (acc: Float64Array, base: number, context: FormulaContext): number =>
  acc[base + Acc.quoteUsable] === 0 ? 0 : Math.max(0, (context.until - acc[base + Acc.quoteTime]) / 1e6)

/** Time-weighted mean: NaN when usable snapshots covered less than half of the elapsed continuous minutes. */
function timeWeighted(
  acc: Float64Array,
  base: number,
  context: FormulaContext,
  sum: number,
  openValue: number,
): number {
  const open = openSeconds(acc, base, context)
  const weight = acc[base + Acc.quoteWeight] + open
  if (weight < context.elapsed * 30) return Number.NaN
  return ratio(acc[base + sum] + (open > 0 ? openValue * open : 0), weight)
}

/** HF-40 hf_qspr: mean_tw (a₁ − b₁)/mid · 1e4. */
export const quotedSpread: Formula = (acc, base, context) => {
  const bid = acc[base + Acc.quoteBid]
  const ask = acc[base + Acc.quoteAsk]
  return 1e4 * timeWeighted(acc, base, context, Acc.sumSpread, (ask - bid) / ((ask + bid) / 2))
}

/** HF-45 hf_imb1: mean_tw (qb₁ − qa₁)/(qb₁ + qa₁). */
export const bestImbalance: Formula = (acc, base, context) => {
  const bid = acc[base + Acc.quoteBidQuantity]
  const ask = acc[base + Acc.quoteAskQuantity]
  return timeWeighted(acc, base, context, Acc.sumImbalance, (bid - ask) / (bid + ask))
}

/**
 * HF-47 hf_ofi: Σ e / mean_tw ½(qb₁ + qa₁) over pairs of consecutive usable snapshots,
 * e = 1(b ≥ b₋)qb − 1(b ≤ b₋)qb₋ − 1(a ≤ a₋)qa + 1(a ≥ a₋)qa₋.
 */
export const orderFlowImbalance: Formula = (acc, base, context) => {
  const bidQuantity = acc[base + Acc.quoteBidQuantity]
  const askQuantity = acc[base + Acc.quoteAskQuantity]
  const depth = timeWeighted(acc, base, context, Acc.sumDepth, (bidQuantity + askQuantity) / 2)
  return ratio(acc[base + Acc.sumOfi] + openPair(acc, base), depth)
}

/** e of the open snapshot and the one before it. */
function openPair(acc: Float64Array, base: number): number {
  if (acc[base + Acc.quoteUsable] === 0 || acc[base + Acc.beforeUsable] === 0) return 0
  return orderFlow(
    acc[base + Acc.quoteBid],
    acc[base + Acc.quoteBidQuantity],
    acc[base + Acc.quoteAsk],
    acc[base + Acc.quoteAskQuantity],
    acc[base + Acc.beforeBid],
    acc[base + Acc.beforeBidQuantity],
    acc[base + Acc.beforeAsk],
    acc[base + Acc.beforeAskQuantity],
  )
}

export const quoteFormulas: Readonly<Record<string, Formula>> = {
  hf_qspr: quotedSpread,
  hf_imb1: bestImbalance,
  hf_ofi: orderFlowImbalance,
}
