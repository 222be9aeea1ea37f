import { describe, expect, it } from 'vitest'
import { simulateMarket } from '../../src/simulator/market.ts'
import { sessionReference } from '../../src/simulator/session-reference.ts'
import type { FeedDay } from '../../src/ports/feed.ts'

async function sharesOf(day: FeedDay): Promise<Map<string, number>> {
  const shares = new Map<string, number>()
  for await (const block of day.blocks()) {
    if (!('ticks' in block)) continue
    const { dictionary, kind, instrument, quantity, count } = block.ticks
    for (let i = 0; i < count; i++) {
      if (kind[i] !== 2) continue
      const symbol = dictionary[instrument[i]].instrument
      shares.set(symbol, (shares.get(symbol) ?? 0) + quantity[i])
    }
  }
  return shares
}

describe('what the simulated exchange tells at the open', () => {
  it('is close, limits and the mean of the traded days among the last 20; NaN below 16 of them', () => {
    const volumes = [999, ...Array.from({ length: 18 }, () => 100), 0, 300]
    const entry = sessionReference('600000.SH', 10.05, volumes, 5e8)
    expect(entry.previousClose).toBe(10.05)
    expect(entry.limitUp).toBeCloseTo(11.06, 10)
    expect(entry.limitDown).toBeCloseTo(9.05, 10)
    expect(entry.adv20).toBe((18 * 100 + 300) / 19)
    expect(
      sessionReference(
        '600000.SH',
        10,
        Array.from({ length: 15 }, () => 100),
        1,
      ).adv20,
    ).toBeNaN()
  })

  it('counts the shares that its own days traded, whichever day is asked first', async () => {
    const options = { seed: 5, instruments: 4, days: 3, eventsPerDay: 200, earlierDays: 40, bookSeconds: 600 }
    const market = simulateMarket(options)
    const first = await sharesOf(market.day(0))
    const second = await sharesOf(market.day(1))
    const { earlierBars } = market
    const entries = simulateMarket(options).day(2).reference?.() ?? []
    expect(entries.map(({ instrument }) => instrument)).toEqual(
      [...market.instruments.map(({ symbol }) => symbol)].sort(),
    )
    for (const entry of entries) {
      const i = market.instruments.findIndex(({ symbol }) => symbol === entry.instrument)
      const earlier = Array.from({ length: 18 }, (_, k) => earlierBars.volume[(22 + k) * 4 + i])
      const all = [...earlier, first.get(entry.instrument) ?? 0, second.get(entry.instrument) ?? 0]
      const traded = all.filter((volume) => volume > 0)
      expect(entry.adv20).toBeCloseTo(traded.reduce((sum, volume) => sum + volume, 0) / traded.length, 6)
    }
  })
})
