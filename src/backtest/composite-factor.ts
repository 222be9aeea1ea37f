import { composeMlC, requiredSets } from '../../models/composite/compose.ts'
import { longOnlyExcess, longOnlyWeights, type SetWeights } from '../../models/composite/long-only-weights.ts'
import { forwardReturns } from '../../models/inputs/labels.ts'
import type { StyleHistory } from '../../models/inputs/style-window.ts'
import type { CompositeModel } from '../workers/models-folder.ts'
import { setWeightsOn } from '../workers/close/composite.ts'
import type { StoredMarket } from '../workers/training/stored-market.ts'
import type { BacktestPrices } from './prices.ts'
import { emptyFactor, placeSection, type ScoredFactor, type WeightSeries } from './score-factors.ts'

export interface CompositeRequest {
  readonly factors: readonly ScoredFactor[]
  /** Hash of the artifact of each factor. */
  readonly artifacts: readonly string[]
  readonly model: CompositeModel | null
  readonly market: StoredMarket
  readonly styles: StyleHistory
  readonly prices: BacktestPrices
  readonly horizon: number
}

/**
 * ML_C day by day as the close composes it: long-only weights from the excess returns that the factors had earned by
 * the day, state-adaptive weights where they were trained over these artifacts, else equal.
 */
export function composeFactor(request: CompositeRequest): ScoredFactor {
  const { factors, prices } = request
  const { first, last, instruments } = prices
  const names = instruments.length
  const factor = emptyFactor('ML_C', prices)
  const excess = earnedExcess(request)
  const weights = weightSeries(factors, prices.dates.length)
  for (let day = first; day <= last; day++) {
    const sections = factors.map((one) => one.neutral.subarray(day * names, (day + 1) * names))
    const present = [...factors.keys()].filter((k) => sections[k].some((value) => Number.isFinite(value)))
    if (present.length === 0 || present.length < requiredSets(factors.length)) continue
    const date = prices.dates[day]
    const sa = stateWeightsOn(request, date, present)
    const longOnly = longOnlyOn(request, excess, day, present)
    const scored = [...instruments.keys()].filter((i) => present.some((k) => Number.isFinite(sections[k][i])))
    const symbols = scored.map((i) => instruments[i])
    const composite = composeMlC({
      factors: present.map((k) => Float64Array.from(scored, (i) => sections[k][i])),
      saWeights: sa.weights,
      longOnlyWeights: longOnly.weights,
      requireAtLeast: requiredSets(factors.length),
      ...request.market.capsAndIndustries(date, symbols),
    })
    present.forEach((k, place) => {
      weights.total[k].daily[day] = composite.weights[place]
      weights.state[k].daily[day] = sa.weights[place]
      weights.longOnly[k].daily[day] = longOnly.weights[place]
    })
    factor.universe[day] = Math.max(...present.map((k) => factors[k].universe[day]))
    placeSection(factor.raw, prices, day, symbols, composite.raw)
    placeSection(factor.neutral, prices, day, symbols, composite.neutral)
  }
  const all = [...weights.total, ...weights.state, ...weights.longOnly]
  return { ...factor, exclusions: new Map(), weights: all, masked: [] }
}

function weightSeries(factors: readonly ScoredFactor[], days: number) {
  const of = (part: string): WeightSeries[] =>
    factors.map(({ set }) => ({ name: `${part}${set}`, daily: new Float64Array(days).fill(NaN) }))
  return { total: of(''), state: of('state-adaptive '), longOnly: of('long-only ') }
}

function stateWeightsOn({ model, artifacts, factors, styles }: CompositeRequest, date: string, present: number[]) {
  const chosen = present.map((k) => ({ set: factors[k].set, artifactHash: artifacts[k] }))
  return setWeightsOn(model, styles, date, chosen)
}

/** [dates][factors] excess of the top tenth of each day's factor over its H days. */
function earnedExcess({ factors, prices, horizon }: CompositeRequest): Float64Array {
  const { dates, instruments, vwap, first, last } = prices
  const names = instruments.length
  const { returns } = forwardReturns({ dates, instruments, prices: vwap }, horizon)
  const excess = new Float64Array(dates.length * factors.length).fill(NaN)
  for (let day = first; day <= last; day++) {
    const earned = returns.subarray(day * names, (day + 1) * names)
    factors.forEach((factor, k) => {
      const neutral = factor.neutral.subarray(day * names, (day + 1) * names)
      if (neutral.some((value) => Number.isFinite(value)))
        excess[day * factors.length + k] = longOnlyExcess(neutral, earned)
    })
  }
  return excess
}

/** longOnlyWeights looks at periods that ended by the date alone. */
function longOnlyOn(
  { factors, prices, horizon }: CompositeRequest,
  excess: Float64Array,
  day: number,
  present: readonly number[],
): SetWeights {
  const sets = present.length
  const own = new Float64Array(prices.dates.length * sets)
  for (let at = 0; at < own.length; at++) {
    own[at] = excess[Math.floor(at / sets) * factors.length + present[at % sets]]
  }
  return longOnlyWeights({ dates: prices.dates, excess: own, sets }, prices.dates[day], horizon)
}
