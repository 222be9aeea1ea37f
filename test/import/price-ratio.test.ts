import { describe, expect, it } from 'vitest'
import { PriceRatios } from '../../src/import/daily/price-ratio.ts'

describe('the ratio adjusted / raw', () => {
  it('is the midpoint of what all days of the segment allow; what no day before allows begins a new one', () => {
    const ratios = new PriceRatios(2, 0)
    const steps = [
      [9, 11, 1.0], // [0.9, 1.1]
      [9.5, 11.5, 1.025], // [0.95, 1.1]
      [9, 10, 0.975], // [0.95, 1.0]
      [8, 12, 0.975], // a wide day teaches nothing
      [5, 5.4, 0.52], // an ex-day
      [5.2, 6, 0.53], // [0.52, 0.54]
    ] as const
    for (const [low, high, expected] of steps) expect(ratios.step(1, low, high, 10)).toBeCloseTo(expected, 12)
    expect(ratios.breaks).toBe(1)
    expect(ratios.step(0, 10, 10, 10)).toBe(1)
  })

  it('days of one price that differ by less than their rounding are one segment', () => {
    const exact = [10, 11, 12.1].map((price) => [(price / 3).toFixed(4), price].map(Number))
    const rounded = new PriceRatios(1, 0.00005)
    const strict = new PriceRatios(1, 0)
    for (const [price, rawVwap] of exact) {
      rounded.step(0, price, price, rawVwap)
      strict.step(0, price, price, rawVwap)
    }
    expect([rounded.breaks, strict.breaks]).toEqual([0, 2])
  })
})
