import { describe, expect, it } from 'vitest'
import { beforeEmbargo, exitGrace, forwardReturns, knownReturns, scaleLabel } from '../../models/inputs/labels.ts'
import { normalQuantile } from '../../models/inputs/normal-quantile.ts'
import { clip, median, winsorise, zScore } from '../../models/inputs/section.ts'

const grid = (rows: readonly (readonly number[])[], factors?: readonly (readonly number[])[]) => ({
  dates: rows.map((_, day) => `2023-01-${String(day + 1).padStart(2, '0')}`),
  instruments: rows[0].map((_, name) => `N${name}`),
  prices: Float64Array.from(rows.flat()),
  ...(factors === undefined ? {} : { factors: Float64Array.from(factors.flat()) }),
})

const oneName = (prices: readonly number[]) => grid(prices.map((price) => [price]))

describe('section statistics', () => {
  it('golden 5: median and MAD, clipped at 5 and at 3 deviations', () => {
    const values = [1, 2, 3, 4, 100]
    expect(median(Float64Array.from(values))).toBe(3)
    expect(Math.max(...winsorise(Float64Array.from(values)))).toBeCloseTo(10.413, 12)
    expect(Math.max(...winsorise(Float64Array.from(values), 3))).toBeCloseTo(7.4478, 12)
    expect(Math.min(...winsorise(Float64Array.from(values, (value) => -value)))).toBeCloseTo(-10.413, 12)
  })

  it('leaves a section with MAD 0 as it is, keeps NaN, and scores a section without spread 0', () => {
    expect(Array.from(winsorise(Float64Array.of(1, 1, 1, 1, 50)))).toEqual([1, 1, 1, 1, 50])
    expect(Array.from(zScore(Float64Array.of(0.1, NaN, 0.1, 0.1)))).toEqual([0, NaN, 0, 0])
    expect(Array.from(zScore(Float64Array.of(1, 3, NaN)))).toEqual([-1, 1, NaN])
    expect(Array.from(clip(Float64Array.of(-9, NaN, 2), 5))).toEqual([-5, NaN, 2])
  })

  it('has the normal quantile of Python’s statistics.NormalDist', () => {
    const golden = [
      [0.5, 0],
      [0.6, 0.2533471031357998],
      [0.975, 1.9599639845400536],
      [0.01, -2.3263478740408408],
      [1e-10, -6.361340902404056],
      [0.9999999, 5.199337582290662],
    ]
    for (const [p, x] of golden) expect(normalQuantile(p)).toBeCloseTo(x, 12)
  })
})

describe('labels', () => {
  it('buys on d+1 and sells on d+1+H; the future that is not there is NaN', () => {
    const { returns, knownAt } = forwardReturns(oneName([10, 20, 30, 60, 90]), 2)
    expect(Array.from(returns)).toEqual([60 / 20 - 1, 90 / 30 - 1, NaN, NaN, NaN])
    expect(Array.from(knownAt)).toEqual([3, 4, -1, -1, -1])
  })

  it('takes adjusted prices', () => {
    const split = forwardReturns(grid([[10], [10], [5], [5]], [[1], [1], [2], [2]]), 1)
    expect(split.returns[0]).toBe(0)
  })

  it('has no label for a name that does not trade on d+1', () => {
    expect(forwardReturns(oneName([10, NaN, 30, 40]), 1).returns[0]).toBeNaN()
  })

  it('sells a name that is suspended at the exit at the next price within 5 days, else at the last', () => {
    const soon = forwardReturns(oneName([1, 10, NaN, NaN, 15]), 1)
    expect([soon.returns[0], soon.knownAt[0]]).toEqual([0.5, 4])
    const late = forwardReturns(oneName([1, 10, 12, ...Array<number>(exitGrace + 1).fill(NaN), 99]), 2)
    expect(late.returns[0]).toBeCloseTo(0.2, 12)
    expect(late.knownAt[0]).toBe(3 + exitGrace)
    expect(forwardReturns(oneName([1, 10, 12, NaN, NaN]), 2).returns[0]).toBeNaN()
    expect(forwardReturns(oneName([1, 10, ...Array<number>(exitGrace + 2).fill(NaN), 99]), 2).returns[0]).toBe(0)
  })

  it('gives a section only the returns known before a day', () => {
    const forward = forwardReturns(
      grid([
        [1, 1],
        [10, 10],
        [NaN, 11],
        [15, 12],
      ]),
      1,
    )
    expect(Array.from(knownReturns(forward, 0, ['N1', 'N0', 'NX']))).toEqual([11 / 10 - 1, 0.5, NaN])
    expect(Array.from(knownReturns(forward, 0, ['N1', 'N0'], 3))).toEqual([11 / 10 - 1, NaN])
  })

  it('drops the training days whose label is not known before the next span', () => {
    expect(beforeEmbargo([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 2, 10)).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  it('scales by rank through the normal quantile, or clipped', () => {
    const ranked = scaleLabel(Float64Array.of(0.1, -0.5, 9, NaN, 0.2))
    const scores = [0.375, 0.125, 0.875, 0.625].map(normalQuantile)
    const deviation = Math.sqrt(scores.reduce((sum, x) => sum + x * x, 0) / 4)
    expect(ranked[3]).toBeNaN()
    expect(ranked[0]).toBeCloseTo(scores[0] / deviation, 6)
    expect(ranked[2]).toBeCloseTo(scores[2] / deviation, 6)
    const clipped = scaleLabel(Float64Array.of(1, 2, 3, 4, 100), 'winsorised')
    expect(clipped[4] / (clipped[3] - clipped[2])).toBeCloseTo(10.413 - (10 + 10.413) / 5, 4)
  })
})
