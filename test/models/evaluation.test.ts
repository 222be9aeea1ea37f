import { describe, expect, it } from 'vitest'
import { pearson, rankIc } from '../../models/evaluation/correlation.ts'
import { groupReturns, topExcess, topMinusBottom } from '../../models/evaluation/groups.ts'
import { averageRanks } from '../../models/evaluation/ranks.ts'
import { informationRatio, neweyWest, pairedTest } from '../../models/evaluation/significance.ts'

describe('rank correlation', () => {
  it('golden 4: Spearman with average ranks', () => {
    expect(rankIc([1, 2, 2, 3, 5], [0.01, -0.02, 0.03, 0.03, 0.05])).toBeCloseTo(0.763158, 6)
  })

  it('gives equal values the mean of their ranks and NaN none', () => {
    expect(Array.from(averageRanks([3, NaN, 1, 3, 2, 3]))).toEqual([4, NaN, 1, 4, 2, 4])
  })

  it('ranks over the names that have both, and is NaN where one side is constant', () => {
    expect(rankIc([1, NaN, 2, 3, 9], [5, 1, 6, 7, NaN])).toBe(1)
    expect(rankIc([1, 1, 1], [1, 2, 3])).toBeNaN()
    expect(pearson([0.1, 0.1, 0.1], [1, 2, 3])).toBeNaN()
    expect(rankIc([], [])).toBeNaN()
  })
})

describe('significance', () => {
  // By the formula in plain Python, Bartlett weights, variances over n.
  const series = [0.03, -0.01, 0.04, 0.02, 0.05, 0.01, -0.02, 0.03]

  it('is the Newey-West error of the mean at lags 0 and 2', () => {
    expect(neweyWest(series, 0).standardError).toBeCloseTo(0.007991694907840265, 15)
    expect(neweyWest(series, 2).standardError).toBeCloseTo(0.005773502691896258, 15)
    expect(neweyWest(series, 2).t).toBeCloseTo(3.247595264191645, 12)
  })

  it('leaves NaN days out and does not make up an error for one value', () => {
    expect(neweyWest([NaN, ...series, NaN], 2)).toEqual(neweyWest(series, 2))
    expect(neweyWest([0.5], 0)).toEqual({ n: 1, mean: 0.5, standardError: NaN, t: NaN })
  })

  it('tests a difference day by day', () => {
    const better = series.map((value, day) => value + (day % 2 === 0 ? 0.02 : 0.01))
    expect(pairedTest(better, series, 0).mean).toBeCloseTo(0.015, 12)
    expect(pairedTest(better, series, 0).t).toBeCloseTo((0.015 / 0.005) * Math.sqrt(8), 9)
  })

  it('averages the ratio over the offsets of a horizon', () => {
    const found = informationRatio([0.1, 0.3, 0.2, 0.5, 0.3, 0.1], 2, 252)
    const even = (0.2 / 0.1) * Math.sqrt(126)
    const odd = (0.3 / 0.2) * Math.sqrt(126)
    expect(found.mean).toBeCloseTo(0.25, 12)
    expect(found.ratio).toBeCloseTo((even + odd) / 2, 9)
    expect(found.spread).toBeCloseTo((even - odd) / Math.SQRT2, 9)
  })
})

describe('groups', () => {
  it('are of equal count, equal scores in symbol order, names that could not be bought left out', () => {
    const scores = [1, 1, 2, 3, NaN, 4, 5]
    const outcomes = [0.01, 0.02, 0.03, NaN, 9, 0.05, 0.07]
    const means = groupReturns(scores, outcomes, 3)
    expect(means[0]).toBeCloseTo(0.015, 12)
    expect(means[1]).toBeCloseTo(0.03, 12)
    expect(means[2]).toBeCloseTo(0.06, 12)
    expect(topMinusBottom(scores, outcomes, 3)).toBeCloseTo(0.045, 12)
    expect(topExcess(scores, outcomes, 3)).toBeCloseTo(0.06 - 0.18 / 5, 12)
    expect(groupReturns([1], [NaN], 1)[0]).toBeNaN()
  })
})
