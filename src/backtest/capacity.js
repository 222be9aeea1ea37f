import { groupsOfSection } from '../../models/evaluation/portfolios.js'
import { spreadOf } from '../../models/evaluation/performance.js'
/** Share of a name's mean daily amount that an order may be without moving the price much. */
const share = 0.05
/** Mean over the days of the factor. */
export function capacityOf(scores, prices, groups) {
  const { first, last, instruments, meanAmount } = prices
  const names = instruments.length
  const [low, median] = [[], []]
  for (let day = first; day <= last; day++) {
    const groupOf = groupsOfSection(scores.subarray(day * names, (day + 1) * names), groups)
    const amounts = meanAmount
      .subarray(day * names, (day + 1) * names)
      .filter((amount, name) => groupOf[name] === groups - 1 && amount > 0)
      .sort()
    if (amounts.length === 0) continue
    const at = (quantile) => amounts[Math.floor(quantile * (amounts.length - 1))]
    low.push(share * at(0.1) * amounts.length)
    median.push(share * at(0.5) * amounts.length)
  }
  return { low: spreadOf(low).mean, median: spreadOf(median).mean }
}
//# sourceMappingURL=capacity.js.map
