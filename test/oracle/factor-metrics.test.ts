import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { neutralise } from '../../models/composite/neutralise.ts'
import { meansBy, rankAutocorrelation } from '../../models/evaluation/factor-series.ts'
import { groupReturns } from '../../models/evaluation/groups.ts'
import { groupPortfolios } from '../../models/evaluation/portfolios.ts'
import { averageRanks } from '../../models/evaluation/ranks.ts'
import { seededRandom } from '../../models/training/random.ts'
import { comparablePrices } from '../../src/workers/history/prices.ts'
import { drawnBacktest, groupsOf, type Drawn } from '../backtest/drawn-market.ts'
import { seed } from '../seed.ts'

type Values = readonly (number | null)[]

interface Performances {
  readonly annual_return: number
  readonly information_ratio: number
  readonly max_drawdown: number
}

interface Oracle {
  readonly ranks: readonly Values[]
  readonly neutral: Values
  readonly outcomes: Readonly<Record<string, Values>>
  readonly rank_ic: Readonly<Record<string, Values>>
  readonly newey_west: Readonly<Record<string, { mean: number; standard_error: number; t: number }>>
  readonly rank_ic_mean: number
  readonly rank_ic_ir: number
  readonly rank_ic_ir_spread: number
  readonly by_month: Values
  readonly autocorrelation: number
  readonly groups: Values
  readonly group_daily: Values
  readonly traded: readonly Values[]
  readonly legs: readonly { long_short: readonly Performances[]; long_only: readonly Performances[] }[]
  readonly turnover: number
  readonly names: Values
  readonly alphalens_ic: Values
  readonly alphalens_quantiles: Values
  readonly alphalens_autocorrelation: Values
}

const root = resolve(import.meta.dirname, '../..')
const horizon = 5
const drawn = drawnBacktest({ seed, days: 90, names: 60 }, horizon)
const random = seededRandom(seed + 7)
const caps = drawn.prices.instruments.map(() => 18 + 6 * random())
const industries = drawn.prices.instruments.map(() => `industry ${Math.floor(5 * random())}`)

/** NaN is null in JSON. */
const plain = (values: ArrayLike<number>): (number | null)[] =>
  Array.from(values, (value) => (Number.isNaN(value) ? null : value))

function oracle({ panel, prices, factors, measured }: Drawn): Oracle {
  const python = resolve(root, '.python/bin/python')
  if (!existsSync(python)) throw new Error('no Python for the oracle: run npm run setup:python')
  const price = (id: string): (number | null)[] => plain(comparablePrices(panel, id))
  const input = JSON.stringify({
    dates: prices.dates,
    instruments: prices.instruments,
    score: plain(factors[0].raw),
    cap: prices.dates.flatMap(() => caps),
    industries,
    close: price('pv_close'),
    high: price('pv_high'),
    low: price('pv_low'),
    vwap: price('pv_vwap'),
    horizon,
    horizons: [...prices.market.outcomes.keys()],
    first: prices.first,
    last: prices.last,
    costs: measured.rules.costs,
  })
  const script = resolve(import.meta.dirname, 'factor_metrics.py')
  const ran = spawnSync(python, [script], { input, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (ran.status !== 0) throw new Error(ran.stderr)
  return JSON.parse(ran.stdout) as Oracle
}

/** Every value within 1e-9 (relative above 1), NaN where the oracle has none. */
function expectSame(ours: ArrayLike<number>, theirs: Values): void {
  const differing = Array.from(ours, (value, i) => [i, value, theirs[i] ?? NaN] as const).filter(
    ([, a, b]) => !(Number.isNaN(a) ? Number.isNaN(b) : Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b))),
  )
  expect(differing.slice(0, 5)).toEqual([])
  expect(ours.length).toBe(theirs.length)
}

describe('the metrics of a factor agree with scipy, pandas, statsmodels, empyrical and alphalens to 1e-9', () => {
  let expected: Oracle
  const { prices, factors, measured } = drawn
  const { first, last, market } = prices
  const names = prices.instruments.length
  const [{ raw }] = measured.factors
  const scores = (day: number): Float64Array => factors[0].raw.subarray(day * names, (day + 1) * names)
  const days = Array.from({ length: last - first + 1 }, (_, i) => first + i)

  beforeAll(() => {
    expected = oracle(drawn)
  })

  it('average ranks, and the residual on size and industries', () => {
    for (const [i, day] of days.entries()) {
      expectSame(averageRanks(scores(day).filter((value) => !Number.isNaN(value))), expected.ranks[i])
    }
    expectSame(
      days.flatMap((day) => [...neutralise(scores(day), caps, industries)]),
      expected.neutral,
    )
  })

  it('forward returns without limit-up entries, and the RankIC of each day and horizon', () => {
    for (const [ahead, outcomes] of market.outcomes) expectSame(outcomes, expected.outcomes[ahead])
    expectSame(raw.rankIc.daily, expected.rank_ic[horizon])
    expectSame(
      raw.rankIc.daily.map((value, day) => (day < first || day > last ? NaN : value)),
      expected.alphalens_ic.map((value, day) => (expected.rank_ic[horizon][day] === null ? null : value)),
    )
  })

  it('mean, Newey-West error, RankICIR over the offsets, months and decay', () => {
    expectSame([raw.rankIc.byOffset.mean, raw.rankIc.ratio.ratio], [expected.rank_ic_mean, expected.rank_ic_ir])
    expectSame([raw.rankIc.ratio.spread], [expected.rank_ic_ir_spread])
    for (const { horizon: ahead, test } of raw.decay) {
      const { mean, standard_error: error, t } = expected.newey_west[ahead]
      expectSame([test.mean, test.standardError, test.t], [mean, error, t])
    }
    const months = meansBy(prices.dates.slice(first), raw.rankIc.daily.slice(first), 7)
    expectSame(
      months.map(({ mean }) => mean),
      expected.by_month,
    )
  })

  it('ten groups, their drifting net value and what is traded', () => {
    const groupOf = groupsOf(factors[0], prices)
    expectSame(
      groupOf.map((group) => (group < 0 ? NaN : group)),
      expected.groups,
    )
    expectSame(raw.groupDaily, expected.group_daily)
    for (let offset = 0; offset < horizon; offset++) {
      const rules = { horizon, groups: 10, buyLocked: false }
      const held = groupPortfolios(market, Int8Array.from(groupOf), first + offset, last, rules)
      expectSame(held.traded, expected.traded[offset])
    }
    expectSame([raw.turnover], [expected.turnover])
    expect(raw.entries.locked).toBeGreaterThan(0)
    expect(raw.entries.delayed).toBeGreaterThan(0)
  })

  it('returns, ratios and drawdowns of long-short and long excess at each cost and offset', () => {
    for (const [c, { long_short: longShort, long_only: longOnly }] of expected.legs.entries()) {
      for (const [leg, theirs] of [
        [raw.longShort, longShort],
        [raw.longOnly, longOnly],
      ] as const) {
        const ours = leg.byCost[c].byOffset
        expectSame(
          ours.flatMap((one) => [one.annualReturn, one.informationRatio, one.maxDrawdown]),
          theirs.flatMap((one) => [one.annual_return, one.information_ratio, one.max_drawdown]),
        )
      }
    }
  })

  it('coverage, rank autocorrelation, and alphalens’s mean return by quantile', () => {
    expectSame(raw.names, expected.names)
    expectSame([raw.autocorrelation], [expected.autocorrelation])
    const outcomes = market.outcomes.get(horizon) as Float64Array
    const means = prices.dates.flatMap((_, day) => [
      ...groupReturns(scores(day), outcomes.subarray(day * names, (day + 1) * names), 10),
    ])
    expectSame(means, expected.alphalens_quantiles)
    const filled = Float64Array.from(days.flatMap((day) => [...scores(day)].map((v) => (Number.isNaN(v) ? 0.5 : v))))
    const own = rankAutocorrelation(filled, horizon, { days: days.length, names })
    expectSame(own.subarray(0, days.length - horizon), expected.alphalens_autocorrelation.slice(horizon))
  })
})
