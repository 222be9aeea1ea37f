import { rankAutocorrelation, rankIcSeries, scoredNames, type SectionShape } from './factor-series.ts'
import { performanceOf, spreadOf, type Performance, type Spread } from './performance.ts'
import { groupPortfolios, groupsOfSection, type EntryCounts, type TradedMarket } from './portfolios.ts'
import { informationRatio, neweyWest, type InformationRatio, type MeanTest } from './significance.ts'

/** What one factor is measured with; [days][names] each. */
export interface EvaluationMarket extends TradedMarket {
  /** Raw forward returns of each horizon, NaN where there is none or nobody could have entered. */
  readonly outcomes: ReadonlyMap<number, Float64Array>
}

export interface EvaluationRules {
  /** Trading days of the headline; every horizon of `outcomes` enters the decay. */
  readonly horizon: number
  readonly groups: number
  /** First and last day of the factor, indices of the market. */
  readonly first: number
  readonly last: number
  /** For RankICIR, returns and ratios alike; domain.md §9 takes 252. */
  readonly daysPerYear: number
  /** Cost a side, as a share of what is bought or sold; the first one is the headline. */
  readonly costs: readonly number[]
}

/** One way to hold the factor: net of each cost, over the offsets, and the mean of the offsets day by day. */
export interface Leg {
  /** [costs] */
  readonly byCost: readonly LegAtCost[]
  /** Cost a side at which the mean daily return is 0; mean over the offsets. */
  readonly breakEven: number
}

export interface LegAtCost {
  readonly cost: number
  readonly annualReturn: Spread
  readonly informationRatio: Spread
  readonly maxDrawdown: Spread
  /** [offsets] */
  readonly byOffset: readonly Performance[]
  /** [days] mean over the offsets: a tenth of the money in each. */
  readonly daily: Float64Array
}

export interface RankIcFigures {
  /** [days] */
  readonly daily: Float64Array
  /** Mean of the means of the offsets, with their spread. */
  readonly byOffset: Spread
  /** Mean over all days with the Newey-West error at lag H − 1. */
  readonly test: MeanTest
  readonly ratio: InformationRatio
}

export interface FactorEvaluation {
  readonly rankIc: RankIcFigures
  readonly decay: readonly { readonly horizon: number; readonly test: MeanTest }[]
  readonly longShort: Leg
  readonly longOnly: Leg
  /** [groups + 1][days] mean over the offsets; the last row is all scored names together. */
  readonly groupDaily: Float64Array
  /** Share of the top group that is replaced at a rebalance, one way; mean over rebalances and offsets. */
  readonly turnover: number
  /** [days] the same by day, mean over the offsets; NaN where nothing is traded. */
  readonly turnoverDaily: Float64Array
  /** Spearman of the scores with those H days later, mean over days. */
  readonly autocorrelation: number
  /** [days] names with a score. */
  readonly names: Float64Array
  /** Summed over the offsets. */
  readonly entries: EntryCounts
  /** Long-short as if names locked at their limit could be bought. */
  readonly ifLockedBought: Spread
}

/** Everything the report says of one factor. @param scores [days][names]; NaN = not scored */
export function evaluateFactor(
  scores: Float64Array,
  market: EvaluationMarket,
  rules: EvaluationRules,
): FactorEvaluation {
  const shape: SectionShape = { days: market.days, names: market.names }
  const { horizon, first, last, groups, costs } = rules
  const groupOf = allGroups(scores, shape, rules)
  const hold = (offset: number, buyLocked: boolean) =>
    groupPortfolios(market, groupOf, first + offset, last, { horizon, groups, buyLocked })
  const offsets = Array.from({ length: horizon }, (_, offset) => hold(offset, false))
  const rowOf = (group: number): Held[] => offsets.map((held) => heldRow(held, group, market.days))
  const [top, bottom, all] = [rowOf(groups - 1), rowOf(0), rowOf(groups)]
  const turned = top.map((held) => held.traded.map(oneWay))
  const longShort = top.map((held, o) => difference(held, bottom[o], true))
  const isLocked = offsets.some((held) => held.entries.locked > 0)
  const locked = isLocked ? offsets.map((_, offset) => hold(offset, true)) : offsets
  return {
    ...rankFigures(scores, market, rules),
    longShort: legOf(longShort, costs, rules.daysPerYear),
    longOnly: legOf(
      top.map((held, o) => difference(held, all[o], false)),
      costs,
      rules.daysPerYear,
    ),
    groupDaily: meanOver(offsets.map((held) => held.returns)),
    turnover: spreadOf(turned.map((row) => spreadOf(row).mean)).mean,
    turnoverDaily: meanOver(turned),
    entries: sumOf(offsets.map((held) => held.entries)),
    ifLockedBought: spreadOf(
      locked.map((held) => {
        const leg = difference(heldRow(held, groups - 1, market.days), heldRow(held, 0, market.days), true)
        return performanceOf(leg.returns, rules.daysPerYear).annualReturn
      }),
    ),
  }
}

type RankParts = Pick<FactorEvaluation, 'rankIc' | 'decay' | 'autocorrelation' | 'names'>

/** What needs no portfolio. */
function rankFigures(scores: Float64Array, market: EvaluationMarket, rules: EvaluationRules): RankParts {
  const shape: SectionShape = { days: market.days, names: market.names }
  const { horizon, daysPerYear } = rules
  const seriesOf = (outcomes: Float64Array): Float64Array => within(rankIcSeries(scores, outcomes, shape), rules)
  const series = new Map([...market.outcomes].map(([days, outcomes]) => [days, seriesOf(outcomes)]))
  const daily = series.get(horizon) ?? new Float64Array(market.days).fill(NaN)
  return {
    rankIc: rankIcFigures(daily, rules.first, horizon, daysPerYear),
    decay: [...series].map(([days, one]) => ({ horizon: days, test: neweyWest(one, days - 1) })),
    autocorrelation: spreadOf(within(rankAutocorrelation(scores, horizon, shape), rules)).mean,
    names: within(scoredNames(scores, shape), rules),
  }
}

/** RankIC of a daily series by domain.md §9, the offsets counted from `first`. */
export function rankIcFigures(daily: Float64Array, first: number, horizon: number, daysPerYear: number): RankIcFigures {
  const own = daily.subarray(first)
  const offsetMeans = Array.from({ length: horizon }, (_, offset) =>
    spreadOf(own.filter((_, day) => day % horizon === offset)),
  )
  return {
    daily,
    byOffset: spreadOf(offsetMeans.map(({ mean }) => mean)),
    test: neweyWest(own, horizon - 1),
    ratio: informationRatio(own, horizon, daysPerYear),
  }
}

interface Held {
  readonly returns: Float64Array
  readonly traded: Float64Array
}

const heldRow = (held: Held, group: number, days: number): Held => ({
  returns: held.returns.subarray(group * days, (group + 1) * days),
  traded: held.traded.subarray(group * days, (group + 1) * days),
})

/** r_a − r_b; the second leg is traded too, or is only what the first is compared with. */
function difference(a: Held, b: Held, isTraded: boolean): Held {
  return {
    returns: a.returns.map((value, day) => value - b.returns[day]),
    traded: isTraded ? a.traded.map((value, day) => value + b.traded[day]) : a.traded,
  }
}

function legOf(offsets: readonly Held[], costs: readonly number[], daysPerYear: number): Leg {
  return {
    byCost: costs.map((cost) => {
      const net = offsets.map(({ returns, traded }) =>
        returns.map((value, day) => (Number.isNaN(traded[day]) ? value : value - cost * traded[day])),
      )
      const byOffset = net.map((daily) => performanceOf(daily, daysPerYear))
      return {
        cost,
        annualReturn: spreadOf(byOffset.map((one) => one.annualReturn)),
        informationRatio: spreadOf(byOffset.map((one) => one.informationRatio)),
        maxDrawdown: spreadOf(byOffset.map((one) => one.maxDrawdown)),
        byOffset,
        daily: meanOver(net),
      }
    }),
    breakEven: spreadOf(offsets.map(({ returns, traded }) => sumFinite(returns) / sumFinite(traded))).mean,
  }
}

function allGroups(scores: Float64Array, { days, names }: SectionShape, rules: EvaluationRules): Int8Array {
  const groupOf = new Int8Array(days * names).fill(-1)
  for (let day = rules.first; day <= rules.last; day++) {
    const section = scores.subarray(day * names, (day + 1) * names)
    groupOf.set(groupsOfSection(section, rules.groups), day * names)
  }
  return groupOf
}

/** The series on the days of the factor, NaN outside. */
const within = (series: Float64Array, { first, last }: EvaluationRules): Float64Array =>
  series.map((value, day) => (day < first || day > last ? NaN : value))

/** Mean over series of those that have a value, place by place. */
function meanOver(series: readonly Float64Array[]): Float64Array {
  return Float64Array.from({ length: series[0]?.length ?? 0 }, (_, at) => {
    let sum = 0
    let count = 0
    for (const one of series) {
      if (Number.isNaN(one[at])) continue
      sum += one[at]
      count++
    }
    return count === 0 ? NaN : sum / count
  })
}

/** The first purchase turns nothing over. */
const oneWay = (traded: number, day: number, row: ArrayLike<number>): number => (isFirst(row, day) ? NaN : traded / 2)

function isFirst(row: ArrayLike<number>, day: number): boolean {
  for (let before = 0; before < day; before++) if (!Number.isNaN(row[before])) return false
  return true
}

function sumFinite(values: Float64Array): number {
  let sum = 0
  for (const value of values) if (!Number.isNaN(value)) sum += value
  return sum
}

function sumOf(all: readonly EntryCounts[]): EntryCounts {
  const sum = (pick: (one: EntryCounts) => number): number => all.reduce((total, one) => total + pick(one), 0)
  return {
    scored: sum((one) => one.scored),
    suspended: sum((one) => one.suspended),
    locked: sum((one) => one.locked),
    bought: sum((one) => one.bought),
    delayed: sum((one) => one.delayed),
  }
}
