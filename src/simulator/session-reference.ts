import { TickKind, type ReferenceEntry } from '../../schemas/market.ts'
import { cn } from '../../schemas/profiles/index.ts'
import type { DayLog } from './day-log.ts'

/** Days of the mean volume. */
export const volumeDays = 20
/** Fewer valid days than this share of the window give NaN. */
const validShare = 0.8
const limitShare = 0.1

/** Shares that rows [from, to) of a day traded. */
export function tradedShares(log: DayLog, from: number, to: number): number {
  let shares = 0
  for (let row = from; row < to; row++) if (log.kind[row] === TickKind.trade) shares += log.quantity[row]
  return shares
}

/**
 * What the exchange tells of a name at the open: previous close, limits, mean volume of the 20 days before, float.
 * @param volumes shares of each day before, newest last; 0 or NaN = not traded
 */
export function sessionReference(
  instrument: string,
  previousClose: number,
  volumes: readonly number[],
  floatShares: number,
): ReferenceEntry {
  const valid = volumes.slice(-volumeDays).filter((volume) => volume > 0)
  const limit = (share: number): number => Math.round((previousClose * (1 + share)) / cn.priceTick) * cn.priceTick
  return {
    instrument,
    previousClose,
    limitUp: limit(limitShare),
    limitDown: limit(-limitShare),
    adv20:
      valid.length >= Math.ceil(validShare * volumeDays)
        ? valid.reduce((sum, volume) => sum + volume, 0) / valid.length
        : Number.NaN,
    floatShares,
    largeOrderCount: Number.NaN,
    largeOrderSum: Number.NaN,
    largeOrderSquares: Number.NaN,
  }
}
