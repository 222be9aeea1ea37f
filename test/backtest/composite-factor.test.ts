import { describe, expect, it } from 'vitest'
import { composeFactor } from '../../src/backtest/composite-factor.ts'
import type { ScoredFactor } from '../../src/backtest/score-factors.ts'
import { seed } from '../seed.ts'
import { drawnBacktest } from './drawn-market.ts'

const horizon = 5
const { prices, factors } = drawnBacktest({ seed, days: 130, names: 50 }, horizon, ['PV', 'C', 'HF'])
const market = {
  capsAndIndustries: (_: string, instruments: readonly string[]) => ({
    lnFloatCap: Float64Array.from(instruments, (_name, i) => 20 + (i % 9)),
    industries: instruments.map((_name, i) => `industry ${i % 4}`),
  }),
}

const compose = (vwap: Float64Array): ScoredFactor =>
  composeFactor({
    factors,
    artifacts: ['a', 'b', 'c'],
    model: null,
    market,
    styles: { dates: [], returns: new Float64Array(0) },
    prices: { ...prices, vwap },
    horizon,
  })

const seriesOf = (factor: ScoredFactor, name: string): Float64Array =>
  factor.weights.find((series) => series.name === name)?.daily ?? new Float64Array(0)

describe('ML_C of a backtest', () => {
  const whole = compose(prices.vwap)
  const names = prices.instruments.length

  it('weighs by halves, equally until a period has ended, and its weights sum to 1', () => {
    const first = prices.first + horizon
    expect(seriesOf(whole, 'long-only PV')[first]).toBeCloseTo(1 / 3, 12)
    expect(seriesOf(whole, 'state-adaptive PV')[first]).toBeCloseTo(1 / 3, 12)
    for (let day = prices.first; day <= prices.last; day++) {
      const [total, state, longOnly] = ['', 'state-adaptive ', 'long-only '].map((part) =>
        ['PV', 'C', 'HF'].map((set) => seriesOf(whole, `${part}${set}`)[day]),
      )
      expect(total.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12)
      total.forEach((weight, k) => expect(weight).toBeCloseTo((state[k] + longOnly[k]) / 2, 12))
    }
    expect(seriesOf(whole, 'long-only PV')[prices.last]).not.toBeCloseTo(1 / 3, 6)
  })

  it('earns its weights by the day: what is paid after it changes nothing up to it', () => {
    const cut = prices.first + 60
    const paidLater = compose(
      prices.vwap.map((price, at) => (at >= (cut + 1) * names ? price * (1 + (at % 5)) : price)),
    )
    const until = (values: Float64Array, width: number): number[] => [...values.subarray(0, (cut + 1) * width)]
    expect(until(paidLater.raw, names)).toEqual(until(whole.raw, names))
    for (const { name, daily } of whole.weights) {
      expect([name, until(seriesOf(paidLater, name), 1)]).toEqual([name, until(daily, 1)])
    }
    expect(paidLater.raw).not.toEqual(whole.raw)
  })
})
