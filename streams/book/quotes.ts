import type { BookBatch } from '../../schemas/market.ts'
import * as accumulators from '../accumulators.ts'

// Bound here: a module's own constant is one to the compiler too, an imported one is read and checked at each use.
const { Acc } = accumulators

/**
 * Time-weighted statistics of the best quotes. A snapshot weighs until the next one of its segment of any kind, or the
 * segment's end; of snapshots with equal time the last in feed order wins, so the newest stays open until a later one.
 * Usable: inside a continuous segment, both best prices > 0, ask above bid.
 */

const microsecondsPerSecond = 1e6

/** e of Cont, Kukanov and Stoikov (2014) between two consecutive usable snapshots. */
export function orderFlow(
  bid: number,
  bidQuantity: number,
  ask: number,
  askQuantity: number,
  bidBefore: number,
  bidQuantityBefore: number,
  askBefore: number,
  askQuantityBefore: number,
): number {
  let e = 0
  if (bid >= bidBefore) e += bidQuantity
  if (bid <= bidBefore) e -= bidQuantityBefore
  if (ask <= askBefore) e -= askQuantity
  if (ask >= askBefore) e += askQuantityBefore
  return e
}

/** Adds the open snapshot's weight up to `until`, and its pair with the one before. */
export function settleQuote(acc: Float64Array, base: number, until: number): void {
  if (acc[base + Acc.quoteUsable] === 0) return
  const seconds = (until - acc[base + Acc.quoteTime]) / microsecondsPerSecond
  const bid = acc[base + Acc.quoteBid]
  const ask = acc[base + Acc.quoteAsk]
  const bidQuantity = acc[base + Acc.quoteBidQuantity]
  const askQuantity = acc[base + Acc.quoteAskQuantity]
  acc[base + Acc.quoteWeight] += seconds
  acc[base + Acc.sumSpread] += ((ask - bid) / ((ask + bid) / 2)) * seconds
  acc[base + Acc.sumImbalance] += ((bidQuantity - askQuantity) / (bidQuantity + askQuantity)) * seconds
  acc[base + Acc.sumDepth] += ((bidQuantity + askQuantity) / 2) * seconds
  if (acc[base + Acc.beforeUsable] !== 0) {
    acc[base + Acc.sumOfi] += orderFlow(
      bid,
      bidQuantity,
      ask,
      askQuantity,
      acc[base + Acc.beforeBid],
      acc[base + Acc.beforeBidQuantity],
      acc[base + Acc.beforeAsk],
      acc[base + Acc.beforeAskQuantity],
    )
  }
}

/** Ends the open segment at its end, so that nothing is carried over lunch. */
export function endQuoteSegment(acc: Float64Array, base: number, segmentEnd: number): void {
  settleQuote(acc, base, segmentEnd)
  acc[base + Acc.quoteUsable] = 0
  acc[base + Acc.beforeUsable] = 0
  acc[base + Acc.beforeMid] = Number.NaN
  acc[base + Acc.quoteSegment] = -1
}

/** Takes the snapshot in row `i` of a batch in, which lies in a continuous segment. */
export function takeQuote(
  acc: Float64Array,
  base: number,
  segment: number,
  batch: BookBatch,
  i: number,
  levels: number,
): void {
  const time = batch.baseTime + batch.time[i]
  const bid = batch.bidPrice[i * levels]
  const ask = batch.askPrice[i * levels]
  if (acc[base + Acc.quoteSegment] === segment && time > acc[base + Acc.quoteTime]) {
    settleQuote(acc, base, time)
    const usable = acc[base + Acc.quoteUsable]
    acc[base + Acc.beforeUsable] = usable
    acc[base + Acc.beforeBid] = acc[base + Acc.quoteBid]
    acc[base + Acc.beforeBidQuantity] = acc[base + Acc.quoteBidQuantity]
    acc[base + Acc.beforeAsk] = acc[base + Acc.quoteAsk]
    acc[base + Acc.beforeAskQuantity] = acc[base + Acc.quoteAskQuantity]
    if (usable !== 0) acc[base + Acc.beforeMid] = (acc[base + Acc.quoteBid] + acc[base + Acc.quoteAsk]) / 2
  }
  acc[base + Acc.quoteSegment] = segment
  acc[base + Acc.quoteTime] = time
  acc[base + Acc.quoteUsable] = bid > 0 && ask > 0 && ask > bid ? 1 : 0
  acc[base + Acc.quoteBid] = bid
  acc[base + Acc.quoteBidQuantity] = batch.bidQuantity[i * levels]
  acc[base + Acc.quoteAsk] = ask
  acc[base + Acc.quoteAskQuantity] = batch.askQuantity[i * levels]
}

/** Prevailing mid of a print: the last usable snapshot of its segment with a time strictly before; NaN without. */
export function prevailingMid(acc: Float64Array, base: number, segment: number, time: number): number {
  if (acc[base + Acc.quoteSegment] !== segment) return Number.NaN
  if (acc[base + Acc.quoteUsable] !== 0 && acc[base + Acc.quoteTime] < time) {
    return (acc[base + Acc.quoteBid] + acc[base + Acc.quoteAsk]) / 2
  }
  return acc[base + Acc.beforeMid]
}
