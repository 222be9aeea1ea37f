import { groupsOfSection } from '../../models/evaluation/portfolios.ts'
import { spreadOf } from '../../models/evaluation/performance.ts'
import type { BacktestPrices } from './prices.ts'

/** Share of a name's mean daily amount that an order may be without moving the price much. */
const share = 0.05

/** Money that the top group takes in, in the currency of the prices, when no position passes the share. */
export interface Capacity {
  /** Every name gets what the name at the tenth percentile of amounts can take. */
  readonly low: number
  /** The same at the median name. */
  readonly median: number
}

/** Mean over the days of the factor. */
export function capacityOf(scores: Float64Array, prices: BacktestPrices, groups: number): Capacity {
  const { first, last, instruments, meanAmount } = prices
  const names = instruments.length
  const [low, median]: [number[], number[]] = [[], []]
  for (let day = first; day <= last; day++) {
    const groupOf = groupsOfSection(scores.subarray(day * names, (day + 1) * names), groups)
    const amounts = meanAmount
      .subarray(day * names, (day + 1) * names)
      .filter((amount, name) => groupOf[name] === groups - 1 && amount > 0)
      .sort()
    if (amounts.length === 0) continue
    const at = (quantile: number): number => amounts[Math.floor(quantile * (amounts.length - 1))]
    low.push(share * at(0.1) * amounts.length)
    median.push(share * at(0.5) * amounts.length)
  }
  return { low: spreadOf(low).mean, median: spreadOf(median).mean }
}
