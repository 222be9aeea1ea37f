import { exitGrace } from '../inputs/labels.ts'
import { minimumNames } from './correlation.ts'
import { finiteOrder } from './ranks.ts'

/**
 * Equal-count groups of a factor as portfolios, domain.md §9: formed from the factor of day d, bought at the VWAP of
 * d+1 with equal weights, left to drift, sold at the VWAP of d+1+H, when the next ones are bought.
 */

/** Prices of many names, comparable over time; [dates][names]. */
export interface TradedMarket {
  readonly days: number
  readonly names: number
  /** NaN on a day without trades. */
  readonly vwap: Float64Array
  /** The last close carried over days without trades; NaN before the first. */
  readonly close: Float64Array
  readonly lockedUp: Uint8Array
  readonly lockedDown: Uint8Array
}

export interface PortfolioRules {
  /** Trading days that a portfolio is held. */
  readonly horizon: number
  readonly groups: number
  /** Names locked at a limit are bought all the same: the result that nobody can earn. */
  readonly buyLocked: boolean
}

/** Daily returns of the groups that start at one offset. */
export interface GroupPortfolios {
  /** [groups + 1][days]: lowest scores first, then all scored names together; NaN on days without a portfolio. */
  readonly returns: Float64Array
  /** [groups + 1][days]: share of the value that is sold and bought on the day; NaN where nothing is traded. */
  readonly traded: Float64Array
  readonly entries: EntryCounts
}

/** Names over all rebalances of one offset. */
export interface EntryCounts {
  readonly scored: number
  /** Without trades on the day of entry. */
  readonly suspended: number
  /** At a limit all day. */
  readonly locked: number
  readonly bought: number
  /** Could not be left as planned: the exit took a later price, or the last one. */
  readonly delayed: number
}

/** Group of each name, from 0 for the lowest scores; equal scores in symbol order; -1 = not scored. */
export function groupsOfSection(scores: ArrayLike<number>, groups: number): Int8Array {
  const order = finiteOrder(scores)
  const found = new Int8Array(scores.length).fill(-1)
  if (order.length < Math.max(minimumNames, groups)) return found
  for (let place = 0; place < order.length; place++) found[order[place]] = Math.floor((place * groups) / order.length)
  return found
}

/**
 * Portfolios rebalanced on the factor days `first`, `first` + H, … up to `last`; those whose exit lies behind the last
 * day of the market are not formed. Group 0 is the short leg: what is locked down cannot be sold short, what is locked
 * up cannot be bought back. All others are long: the other way round.
 * @param groupOf [days][names] from groupsOfSection
 */
export function groupPortfolios(
  market: TradedMarket,
  groupOf: Int8Array,
  first: number,
  last: number,
  rules: PortfolioRules,
): GroupPortfolios {
  const books = new Books(market, rules)
  for (let day = first; day <= last && day + 1 + rules.horizon < market.days; day += rules.horizon) {
    books.hold(day + 1, groupOf.subarray(day * market.names, (day + 1) * market.names))
  }
  return books
}

class Books implements GroupPortfolios {
  readonly returns: Float64Array
  readonly traded: Float64Array
  readonly entries = { scored: 0, suspended: 0, locked: 0, bought: 0, delayed: 0 }
  private readonly market: TradedMarket
  private readonly rules: PortfolioRules
  /** Day on which the last portfolios were sold, and the weight of each name in them then. */
  private soldOn = -1
  private soldGroups = new Int8Array(0)
  private soldWeights: readonly [groups: Float64Array, all: Float64Array] = [new Float64Array(0), new Float64Array(0)]

  constructor(market: TradedMarket, rules: PortfolioRules) {
    this.market = market
    this.rules = rules
    this.returns = new Float64Array((rules.groups + 1) * market.days).fill(NaN)
    this.traded = this.returns.slice()
  }

  /** Buys the groups at the VWAP of `entry`, holds them and sells them H days later. */
  hold(entry: number, groups: Int8Array): void {
    const { market, rules } = this
    const exit = entry + rules.horizon
    const bought = groups.map((group, name) => (group >= 0 && this.canEnter(entry, name, group) ? group : -1))
    const members = membersOf(bought, rules.groups)
    if (members.names.length === 0) return
    const { names, sizes } = members
    const vwap = market.vwap.subarray(entry * market.names, (entry + 1) * market.names)
    const shares = Float64Array.from(names, (name) => 1 / vwap[name])
    let before: Float64Array = sizes.map((size) => (size > 0 ? 1 : NaN))
    const earn = (day: number, values: Float64Array): void => {
      values.forEach((value, group) => this.earn(group, day, value / before[group] - 1))
      before = values
    }
    for (let day = entry; day < exit; day++) {
      earn(day, valuesOf(market.close.subarray(day * market.names, (day + 1) * market.names), shares, members))
    }
    const sold = new Float64Array(market.names)
    for (const name of names) sold[name] = this.soldAt(exit, name, bought[name])
    earn(exit, valuesOf(sold, shares, members))
    this.trade(entry, bought, sizes)
    this.soldOn = exit
    this.soldGroups = bought
    this.soldWeights = weightsAt(sold, shares, members, bought, before)
  }

  private canEnter(day: number, name: number, group: number): boolean {
    const { market, rules, entries } = this
    const at = day * market.names + name
    entries.scored++
    if (!(market.vwap[at] > 0)) {
      entries.suspended++
      return false
    }
    const isLocked = (group === 0 ? market.lockedDown[at] : market.lockedUp[at]) === 1
    if (isLocked) entries.locked++
    if (isLocked && !rules.buyLocked) return false
    entries.bought++
    return true
  }

  /** What a name is sold for: the first price from the exit on at which it can be, else its last close. */
  private soldAt(exit: number, name: number, group: number): number {
    const { market, entries } = this
    const last = Math.min(exit + exitGrace, market.days - 1)
    const locked = group === 0 ? market.lockedUp : market.lockedDown
    for (let later = exit; later <= last; later++) {
      const at = later * market.names + name
      if (!(market.vwap[at] > 0) || locked[at] === 1) continue
      if (later > exit) entries.delayed++
      return market.vwap[at]
    }
    entries.delayed++
    return market.close[(exit - 1) * market.names + name]
  }

  /** On the day between two portfolios both earn: the old one up to the VWAP, the new one from it to the close. */
  private earn(group: number, day: number, earned: number): void {
    const at = group * this.market.days + day
    this.returns[at] = Number.isNaN(this.returns[at]) ? earned : (1 + this.returns[at]) * (1 + earned) - 1
  }

  /** Sum of the absolute changes of weight against what was held until now; the first purchase is 1. */
  private trade(entry: number, bought: Int8Array, sizes: Float64Array): void {
    const { days } = this.market
    const { groups } = this.rules
    const follows = this.soldOn === entry
    const [ownBefore, allBefore] = this.soldWeights
    const changes = new Float64Array(groups + 1)
    if (!follows) {
      sizes.forEach((size, group) => (this.traded[group * days + entry] = size > 0 ? 1 : NaN))
      return
    }
    for (let name = 0; name < bought.length; name++) {
      const [now, earlier] = [bought[name], this.soldGroups[name]]
      const kept = now >= 0 && now === earlier
      if (now >= 0) changes[now] += Math.abs(1 / sizes[now] - (kept ? ownBefore[name] : 0))
      if (earlier >= 0 && !kept) changes[earlier] += ownBefore[name]
      if (now >= 0 || earlier >= 0) {
        changes[groups] += Math.abs((now >= 0 ? 1 / sizes[groups] : 0) - (earlier >= 0 ? allBefore[name] : 0))
      }
    }
    changes.forEach((change, group) => (this.traded[group * days + entry] = change))
  }
}

/** Names that were bought, group by group, and how many each group and all of them have. */
interface Members {
  readonly names: Uint32Array
  /** [groups + 1] where each group begins among the names; the last entry is their number. */
  readonly starts: Uint32Array
  readonly sizes: Float64Array
}

function membersOf(bought: Int8Array, groups: number): Members {
  const sizes = new Float64Array(groups + 1)
  for (const group of bought) {
    if (group < 0) continue
    sizes[group]++
    sizes[groups]++
  }
  const starts = new Uint32Array(groups + 1)
  for (let group = 0; group < groups; group++) starts[group + 1] = starts[group] + sizes[group]
  const names = new Uint32Array(sizes[groups])
  const next = starts.slice()
  bought.forEach((group, name) => {
    if (group >= 0) names[next[group]++] = name
  })
  return { names, starts, sizes }
}

/** Mean of price over entry price of each group, and of all. @param prices [names] of the market */
function valuesOf(prices: Float64Array, shares: Float64Array, { names, starts, sizes }: Members): Float64Array {
  const groups = sizes.length - 1
  const values = new Float64Array(groups + 1)
  let all = 0
  for (let group = 0; group < groups; group++) {
    let sum = 0
    for (let i = starts[group]; i < starts[group + 1]; i++) sum += prices[names[i]] * shares[i]
    all += sum
    values[group] = sizes[group] > 0 ? sum / sizes[group] : NaN
  }
  values[groups] = all / sizes[groups]
  return values
}

/** [names] weight of each name in its group and in all of them, when they are sold. */
function weightsAt(
  sold: Float64Array,
  shares: Float64Array,
  { names, sizes }: Members,
  bought: Int8Array,
  values: Float64Array,
): readonly [Float64Array, Float64Array] {
  const own = new Float64Array(bought.length)
  const all = new Float64Array(bought.length)
  const whole = sizes.length - 1
  names.forEach((name, i) => {
    const group = bought[name]
    const value = sold[name] * shares[i]
    own[name] = value / (sizes[group] * values[group])
    all[name] = value / (sizes[whole] * values[whole])
  })
  return [own, all]
}
