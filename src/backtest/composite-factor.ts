import { composeMlC, requiredSets } from '../../models/composite/compose.ts'
import { longOnlyExcess, longOnlyWeights } from '../../models/composite/long-only-weights.ts'
import { exitGrace, forwardReturns, type ForwardReturns } from '../../models/inputs/labels.ts'
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
  readonly market: Pick<StoredMarket, 'capsAndIndustries'>
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
  const earned = new EarnedExcess(request)
  const weights = weightSeries(factors, prices.dates.length)
  for (let day = first; day <= last; day++) {
    const sections = factors.map((one) => one.neutral.subarray(day * names, (day + 1) * names))
    const present = [...factors.keys()].filter((k) => sections[k].some((value) => Number.isFinite(value)))
    if (present.length === 0 || present.length < requiredSets(factors.length)) continue
    const date = prices.dates[day]
    const sa = stateWeightsOn(request, date, present)
    const excess = { dates: prices.dates, excess: earned.upTo(day, present), sets: present.length }
    const longOnly = longOnlyWeights(excess, date, request.horizon)
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

/**
 * Excess of the top tenth of a factor of one day, as it was known on another: an exit that comes late counts from the
 * day on which it came, as it does for the close of that day.
 */
class EarnedExcess {
  private readonly request: CompositeRequest
  private readonly forward: ForwardReturns
  private readonly known = new Map<string, number>()

  constructor(request: CompositeRequest) {
    const { dates, instruments, vwap } = request.prices
    this.request = request
    this.forward = forwardReturns({ dates, instruments, prices: vwap }, request.horizon)
  }

  /** [dates][factors] of the given places, up to a day. */
  upTo(asOf: number, present: readonly number[]): Float64Array {
    const { prices, horizon } = this.request
    const excess = new Float64Array(prices.dates.length * present.length).fill(NaN)
    for (let day = asOf - 1 - horizon; day >= prices.first; day -= horizon) {
      present.forEach((k, place) => (excess[day * present.length + place] = this.of(day, k, asOf)))
    }
    return excess
  }

  private of(day: number, k: number, asOf: number): number {
    const { factors, prices, horizon } = this.request
    // Later than this nothing changes any more.
    const settled = Math.min(asOf, day + 1 + horizon + exitGrace)
    const key = `${day} ${k} ${settled}`
    const found = this.known.get(key)
    if (found !== undefined) return found
    const names = prices.instruments.length
    const neutral = factors[k].neutral.subarray(day * names, (day + 1) * names)
    const knownAt = this.forward.knownAt.subarray(day * names, (day + 1) * names)
    const earned = this.forward.returns
      .subarray(day * names, (day + 1) * names)
      .map((value, name) => (knownAt[name] <= settled ? value : NaN))
    const value = neutral.some((one) => Number.isFinite(one)) ? longOnlyExcess(neutral, earned) : NaN
    this.known.set(key, value)
    return value
  }
}
