import { describe, expect, it } from 'vitest'
import { dailyReturns } from '../../models/inputs/daily-returns.ts'
import { exposuresOn } from '../../models/inputs/exposures.ts'
import { fundamentalsAsOf } from '../../models/inputs/fundamentals.ts'
import { fundamentalStyles } from '../../models/inputs/fundamental-styles.ts'
import { solve } from '../../models/inputs/linear-system.ts'
import { cumulativeRange, decay, liquidity, momentum, riskOf } from '../../models/inputs/style-descriptors.ts'
import { combine, fillByIndustry, orthogonal, standardiseStyle } from '../../models/inputs/style-scaling.ts'
import { crossSection, styleReturnsOn } from '../../models/inputs/style-returns.ts'
import { styleWindow } from '../../models/inputs/style-window.ts'
import { styleNames } from '../../models/sample.ts'
import { seed } from '../seed.ts'
import { drawMarket, normal, uniform } from './drawn-market.ts'

describe('one day of the style regression', () => {
  const cap = Float64Array.of(100, 400, 900, 100, 1600, 400)
  const raw = Float64Array.of(-1.2, 0.1, 0.9, -1.0, 1.3, 0.2)
  const standardised = standardiseStyle(raw, cap)

  it('golden 8: cap-weighted mean 0, equal-weighted deviation 1', () => {
    const golden = [-2.19325, -0.765598, 0.112957, -1.973612, 0.552235, -0.655779]
    golden.forEach((value, i) => expect(standardised[i]).toBeCloseTo(value, 6))
  })

  it('golden 8: country, industries and style under Σ W f = 0', () => {
    const values = new Float64Array(60).fill(NaN)
    values.set(standardised)
    const found = crossSection('2023-02-01', Float64Array.of(0.02, 0.01, -0.01, 0.03, 0, -0.02), {
      date: '2023-01-31',
      instruments: ['1', '2', '3', '4', '5', '6'],
      industries: ['A', 'A', 'A', 'B', 'B', 'B'],
      cap,
      values,
    })
    expect(found.country).toBeCloseTo(-0.003121, 6)
    expect(found.industryReturns[0]).toBeCloseTo(-0.000413, 6)
    expect(found.industryReturns[1]).toBeCloseTo(0.000275, 6)
    expect(found.styles[0]).toBeCloseTo(-0.009217, 6)
    expect(1400 * found.industryReturns[0] + 2100 * found.industryReturns[1]).toBeCloseTo(0, 12)
    expect(Array.from(found.styles.subarray(1)).every(Number.isNaN)).toBe(true)
    expect(found.n).toBe(6)
    expect(found.r2).toBeGreaterThan(0)
    expect(found.r2).toBeLessThan(1)
  })

  it('is masked when the names cannot carry it', () => {
    const exposures = {
      date: '',
      instruments: ['1'],
      industries: ['A'],
      cap: Float64Array.of(1),
      values: new Float64Array(10),
    }
    const found = crossSection('2023-02-01', Float64Array.of(0.1), exposures)
    expect(found.n).toBe(1)
    expect(Array.from(found.styles).every(Number.isNaN)).toBe(true)
    expect(Array.from(solve(Float64Array.of(1, 2, 2, 4), Float64Array.of(1, 2))).every(Number.isNaN)).toBe(true)
  })
})

describe('descriptors', () => {
  const slow = decay(252, 63)
  const fast = decay(252, 42)
  const random = uniform(seed)
  const market = Float64Array.from({ length: 300 }, () => 0.01 * normal(random))

  it('beta and HSIGMA are slope and residual deviation, weights halving every 63 days', () => {
    const exact = riskOf(
      market.map((x) => 0.001 + 1.7 * x),
      market,
      slow,
      fast,
    )
    expect(exact.beta).toBeCloseTo(1.7, 10)
    expect(exact.residualDeviation).toBeCloseTo(0, 8)
    expect(slow[63] / slow[0]).toBeCloseTo(0.5, 12)
  })

  it('DASTD is a deviation, not a variance', () => {
    expect(
      riskOf(
        market.map((_, day) => (day % 2 === 0 ? 0.02 : -0.02)),
        market,
        slow,
        fast,
      ).deviation,
    ).toBeCloseTo(0.02, 5)
  })

  it('are NaN below a quarter of their window and skip suspended days', () => {
    expect(riskOf(market.slice(0, 62), market, slow, fast).beta).toBeNaN()
    expect(riskOf(market.slice(0, 63), market, slow, fast).beta).toBeCloseTo(1, 10)
    const suspended = market.map((x, day) => (day % 3 === 0 ? NaN : 2 * x))
    expect(riskOf(suspended, market, slow, fast).beta).toBeCloseTo(2, 10)
    expect(momentum(new Float64Array(146).fill(0.01), decay(504, 126))).toBeNaN()
    expect(momentum(new Float64Array(147).fill(0.01), decay(504, 126))).toBeCloseTo(0.01, 12)
  })

  it('momentum leaves the last 21 days out', () => {
    const logs = new Float64Array(600).fill(0.001)
    expect(momentum(logs.fill(0.5, 579), decay(504, 126))).toBeCloseTo(0.001, 12)
    expect(momentum(logs.fill(0.5, 578), decay(504, 126))).toBeGreaterThan(0.001)
  })

  it('CMRA is the range of the cumulative log returns, defined after any fall', () => {
    const logs = new Float64Array(300).fill(-0.01)
    expect(cumulativeRange(logs)).toBeCloseTo(0.01 * 21 * 11, 10)
    expect(cumulativeRange(logs.fill(-0.1))).toBeCloseTo(0.1 * 21 * 11, 10)
    expect(cumulativeRange(logs.subarray(0, 62))).toBeNaN()
  })
})

describe('liquidity', () => {
  const turned = (days: number): Float64Array => new Float64Array(days).fill(0.01)

  it('is ln of the mean monthly turnover over 1, 3 and 12 months, suspended days left out', () => {
    const flat = liquidity(turned(300))
    expect(flat.month).toBeCloseTo(Math.log(0.21), 12)
    expect(flat.quarter).toBeCloseTo(Math.log(0.21), 12)
    expect(flat.year).toBeCloseTo(Math.log(0.21), 12)
    const lastMonth = liquidity(turned(300).fill(0.04, 279))
    expect(lastMonth.month).toBeCloseTo(Math.log(0.84), 12)
    expect(lastMonth.quarter).toBeCloseTo(Math.log(21 * 0.02), 12)
    expect(lastMonth.year).toBeCloseTo(Math.log((21 * (231 * 0.01 + 21 * 0.04)) / 252), 12)
    expect(liquidity(turned(300).fill(NaN, 290)).month).toBeCloseTo(Math.log(0.21), 12)
  })

  it('is NaN with trades on fewer days than a quarter of a window', () => {
    const found = liquidity(turned(20))
    expect(found.month).not.toBeNaN()
    expect(found.quarter).not.toBeNaN()
    expect(found.year).toBeNaN()
    expect(liquidity(turned(5)).month).toBeNaN()
    expect(liquidity(turned(300).fill(0, 284)).month).toBeNaN()
  })
})

describe('the styles of company reports', () => {
  const reportOf = (values: Readonly<Record<string, number>>): Float64Array =>
    Float64Array.from({ length: 36 }, (_, f) => values[`f${String(f + 1).padStart(2, '0')}`] ?? NaN)

  it('take the descriptors of CNE5 that the 36 indicators give', () => {
    const found = fundamentalStyles(
      reportOf({ f01: 0.3, f02: 0.5, f19: 0.6, f21: 0.2, f22: -2.5, f32: 0.05, f33: 0.8, f35: 0.07 }),
    )
    const values = Object.fromEntries(Object.entries(found).map(([name, { parts }]) => [name, parts.map(([x]) => x)]))
    expect(values).toEqual({
      bookToPrice: [0.8],
      earningsYield: [0.07, 0.05],
      growth: [0.5, 0.3],
      // LT debt is half of book equity, 0.4 of market equity.
      leverage: [1.4, 0.6, 1.5],
    })
    expect(found.earningsYield.weights).toEqual([0.21, 0.11])
    expect(found.growth.weights).toEqual([0.24, 0.47])
    expect(found.leverage.weights).toEqual([0.38, 0.35, 0.27])
  })

  it('give the weight of a missing descriptor to the others', () => {
    const cap = Float64Array.of(1, 1, 1, 1)
    const first = Float64Array.of(-1, 1, -1, NaN)
    const second = Float64Array.of(1, NaN, -1, NaN)
    const found = combine([first, second], [0.25, 0.75], cap)
    const a = standardiseStyle(first, cap)
    const b = standardiseStyle(second, cap)
    expect(found[0]).toBeCloseTo(0.25 * a[0] + 0.75 * b[0], 12)
    expect(found[1]).toBe(a[1])
    expect(found[3]).toBeNaN()
  })

  it('fill by the industry, then by the section, and are none when fewer than half have a value', () => {
    const cap = Float64Array.of(1, 1, 1, 1, 1, NaN)
    const industries = ['A', 'A', 'A', 'B', 'B', 'A']
    const filled = fillByIndustry(Float64Array.of(1, 4, NaN, 9, 9, 50), industries, cap)
    expect(Array.from(filled)).toEqual([1, 4, 2.5, 9, 9, NaN])
    expect(Array.from(fillByIndustry(Float64Array.of(1, 2, 4, NaN, NaN, 50), industries, cap))).toEqual([
      1,
      2,
      4,
      2,
      2,
      NaN,
    ])
    expect(fillByIndustry(Float64Array.of(1, 2, NaN, NaN, NaN, 50), industries, cap).every(Number.isNaN)).toBe(true)
  })
})

describe('exposures and style returns of a market', () => {
  const random = uniform(seed)
  const market = drawMarket(random, 60, 320)
  const names = market.prices.instruments.length
  const turnover = market.history.close.map((close) => (Number.isNaN(close) ? NaN : 0.01 * Math.exp(normal(random))))
  const history = dailyReturns({ ...market.history, turnover })
  const date = market.prices.dates[300]
  const indicators = fundamentalsAsOf(market.fundamentals, date, market.prices.instruments).values
  const exposures = exposuresOn(history, date, market.industries, indicators)
  const style = (s: number, from = exposures): Float64Array => from.values.subarray(s * names, (s + 1) * names)
  const weighted = (a: Float64Array, weights: Float64Array): number => a.reduce((sum, x, i) => sum + x * weights[i], 0)
  const isMasked = (s: number, from: typeof exposures): boolean => style(s, from).every(Number.isNaN)
  const maskedIn = (from: typeof exposures): string[] => styleNames.filter((_, s) => isMasked(s, from))

  it('are ten, of cap-weighted mean 0 and deviation 1', () => {
    expect(maskedIn(exposures)).toEqual([])
    for (let s = 0; s < styleNames.length; s++) {
      const mean = style(s).reduce((sum, x) => sum + x / names, 0)
      expect(weighted(style(s), exposures.cap) / exposures.cap.reduce((sum, cap) => sum + cap, 0)).toBeCloseTo(0, 9)
      expect(style(s).reduce((sum, x) => sum + (x - mean) ** 2 / names, 0)).toBeCloseTo(1, 9)
    }
  })

  it('are orthogonal: residual volatility to beta and size, liquidity to size', () => {
    const root = exposures.cap.map(Math.sqrt)
    const total = root.reduce((sum, w) => sum + w, 0)
    for (const [s, other] of [
      [3, 0],
      [3, 1],
      [6, 0],
    ] as const) {
      const centre = weighted(style(other), root) / total
      const product = style(s).reduce((sum, x, i) => sum + root[i] * x * (style(other)[i] - centre), 0)
      expect(product / total).toBeCloseTo(0, 9)
    }
  })

  it('non-linear size is the cube of standardised size without what size explains', () => {
    const size = style(0)
    const cube = standardiseStyle(
      orthogonal(
        size.map((z) => z ** 3),
        [size],
        exposures.cap,
      ),
      exposures.cap,
    )
    cube.forEach((value, i) => expect(style(4)[i]).toBeCloseTo(value, 9))
    const cap = Float64Array.of(1, 4, 9)
    const left = orthogonal(Float64Array.of(1, 0, 1), [Float64Array.of(-1, 0, 1)], cap)
    expect(weighted(left, cap.map(Math.sqrt))).toBeCloseTo(0, 12)
    expect(weighted(left, Float64Array.of(-1, 0, 3))).toBeCloseTo(0, 12)
  })

  it('are masked where their inputs do not exist', () => {
    const withoutReports = exposuresOn(history, date, market.industries)
    expect(maskedIn(withoutReports)).toEqual(['book_to_price', 'earnings_yield', 'growth', 'leverage'])
    const bare = exposuresOn(dailyReturns(market.history), date, market.industries)
    expect(maskedIn(bare)).toEqual(['book_to_price', 'liquidity', 'earnings_yield', 'growth', 'leverage'])
    expect(Array.from(bare.values.subarray(0, 4 * names))).toEqual(Array.from(exposures.values.subarray(0, 4 * names)))
    expect(() => exposuresOn(history, date, market.industries, new Float64Array(36))).toThrow(/60 names have 2160/)
  })

  it('leave out names without a cap', () => {
    const totalCap = history.totalCap.slice()
    totalCap[300 * names + 7] = NaN
    const found = exposuresOn({ ...history, totalCap }, date, market.industries, indicators)
    styleNames.forEach((_, s) => {
      expect(style(s, found)[7]).toBeNaN()
      expect(style(s, found).filter(Number.isNaN)).toHaveLength(1)
    })
  })

  it('find the book to price that was planted in the returns', () => {
    const planted = Float64Array.from({ length: names }, (_, i) => 0.002 * style(5)[i] - 0.001 * style(6)[i])
    const found = crossSection(date, planted, exposures)
    expect(found.styles[5]).toBeCloseTo(0.002, 9)
    expect(found.styles[6]).toBeCloseTo(-0.001, 9)
    expect(found.styles[9]).toBeCloseTo(0, 9)
  })

  it('finds the style return that was planted', () => {
    const planted = Float64Array.from(
      { length: names },
      (_, i) => 0.01 + 0.004 * exposures.values[names + i] - 0.002 * exposures.values[2 * names + i],
    )
    const found = crossSection(date, planted, exposures)
    expect(found.styles[1]).toBeCloseTo(0.004, 9)
    expect(found.styles[2]).toBeCloseTo(-0.002, 9)
    expect(found.country).toBeCloseTo(0.01, 9)
    expect(found.r2).toBeCloseTo(1, 9)
  })

  it('regresses the returns of a day on the exposures of the day before', () => {
    const days = market.prices.dates.length
    const returns = Float64Array.from({ length: names }, (_, name) => history.returns[name * days + 301])
    const expected = crossSection(market.prices.dates[301], returns, exposures)
    expect(styleReturnsOn(history, market.prices.dates[301], market.industries, indicators)).toEqual(expected)
  })

  it('masks a style until its history is long enough', () => {
    const found = styleReturnsOn(history, market.prices.dates[100], market.industries)
    expect(found.styles[0]).not.toBeNaN()
    expect(found.styles[1]).not.toBeNaN()
    expect(found.styles[2]).toBeNaN()
    expect(styleReturnsOn(history, market.prices.dates[0], market.industries).styles[0]).toBeNaN()
  })

  it('weights the market by the float caps of the day before', () => {
    const small = dailyReturns({
      dates: ['2023-01-03', '2023-01-04'],
      instruments: ['A', 'B'],
      close: Float64Array.of(10, 10, 11, 12),
      floatCap: Float64Array.of(100, 300, 1e9, 1),
      totalCap: Float64Array.of(100, 300, NaN, NaN),
    })
    expect(small.market[0]).toBeNaN()
    expect(small.market[1]).toBeCloseTo((0.1 * 100 + 0.2 * 300) / 400, 12)
    expect(Array.from(small.totalCap)).toEqual([100, 300, 100, 300])
  })
})

describe('the style window', () => {
  const dates = Array.from({ length: 40 }, (_, day) => `2023-02-${String(day + 1).padStart(2, '0')}`)
  const returns = Float64Array.from({ length: 400 }, (_, at) =>
    at % 10 < 4 ? ((at % 10) + 1) * (Math.floor(at / 10) % 2 === 0 ? 0.01 : -0.01) : NaN,
  )

  it('divides each style by its trailing deviation, leaves masked styles 0, oldest day first', () => {
    const window = styleWindow({ dates, returns }, dates[39])
    expect(window.complete).toBe(true)
    expect(Array.from(window.values.subarray(0, 10))).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    expect(Array.from(window.values.subarray(190))).toEqual([-1, -1, -1, -1, 0, 0, 0, 0, 0, 0])
  })

  it('says when it is not complete and never looks past the date', () => {
    expect(styleWindow({ dates, returns }, dates[18]).complete).toBe(false)
    expect(styleWindow({ dates, returns }, dates[19]).complete).toBe(true)
    expect(styleWindow({ dates: [], returns: new Float64Array(0) }, dates[0]).complete).toBe(false)
    const changed = returns.map((value, at) => (at >= 300 ? 9 : value))
    expect(styleWindow({ dates, returns: changed }, dates[29])).toEqual(styleWindow({ dates, returns }, dates[29]))
  })
})
