import { Side } from '../../schemas/market.ts'

/**
 * Active side of a continuous print, by the first rule that applies: the feed's flag; both order ids, where the later
 * one is the aggressor; the print against the prevailing mid; the tick test. Auction prints never have one.
 * @param mid prevailing mid strictly before the print in the price scale of ticks, NaN when there is none
 * @param previousPrice price of the print before, NaN for the first
 * @param previousTick +1, -1 or 0: the last price change before
 */
export function activeSide(
  stated: number,
  feedStatesSides: boolean,
  buyId: number,
  sellId: number,
  price: number,
  mid: number,
  previousPrice: number,
  previousTick: number,
): number {
  if (feedStatesSides || stated !== Side.unknown) return stated
  if (buyId > 0 && sellId > 0) return buyId > sellId ? Side.buy : Side.sell
  if (price > mid) return Side.buy
  if (price < mid) return Side.sell
  if (price > previousPrice) return Side.buy
  if (price < previousPrice) return Side.sell
  if (previousTick > 0) return Side.buy
  if (previousTick < 0) return Side.sell
  return Side.unknown
}
