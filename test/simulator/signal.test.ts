import { describe, expect, it } from 'vitest'
import { TickKind } from '../../schemas/market.ts'
import { simulateMarket, type SimulatedMarket } from '../../src/simulator/market.ts'
import type { Signal } from '../../src/simulator/options.ts'
import { industryNeighbours, neighbourCount, regimeGate, regimeReturn } from '../../src/simulator/signal.ts'
import { seed } from '../seed.ts'
import { collect, tradeTotals } from './collect.ts'
import { pearson, rankCorrelation, tStatistic } from './rank-correlation.ts'

/** [days][names]: average prices of the trades, NaN where suspended. */
async function averagePrices(market: SimulatedMarket): Promise<number[][]> {
  const rows: number[][] = []
  for await (const day of market.days()) {
    const totals = tradeTotals((await collect(day)).ticks)
    rows.push(
      market.instruments.map(({ symbol }) => {
        const total = totals.get(symbol)
        return total === undefined ? NaN : total.amount / total.volume / 100
      }),
    )
  }
  return rows
}

/** RankIC by day of values known on d with the return from the average price of d+1 to that of d+1+horizon. */
function rankCorrelations(values: Float64Array, prices: readonly number[][], horizon: number): number[] {
  const n = prices[0].length
  return Array.from({ length: prices.length - 1 - horizon }, (_, d) => {
    const returns = prices[d + 1].map((price, i) => prices[d + 1 + horizon][i] / price - 1)
    return rankCorrelation(Array.from(values.subarray(d * n, (d + 1) * n)), returns)
  })
}

const size = { seed, instruments: 150, days: 32, earlierDays: 40, eventsPerDay: 220, bookSeconds: 900 }

describe('the planted return', () => {
  it.each<Signal>(['own', 'neighbours', 'regime', 'fundamentals', 'all'])(
    '%s: 30 days of 150 names, as the trades realise it, give t >= 8',
    async (signal) => {
      const market = simulateMarket({ ...size, signal })
      const correlations = rankCorrelations(market.plantedReturns().values, await averagePrices(market), 1)
      const mean = correlations.reduce((sum, value) => sum + value, 0) / correlations.length
      console.info(`${signal}: RankIC ${mean.toFixed(3)}, t ${tStatistic(correlations).toFixed(1)}`)
      expect(correlations).toHaveLength(30)
      expect(tStatistic(correlations)).toBeGreaterThanOrEqual(8)
    },
  )

  it('none: expects nothing, and the state seen in the flow says nothing about returns', async () => {
    const market = simulateMarket({ ...size, signal: 'none' })
    expect(market.plantedReturns().values.every((value) => value === 0)).toBe(true)
    const prices = await averagePrices(market)
    expect(Math.abs(tStatistic(rankCorrelations(market.path.state, prices, 1)))).toBeLessThan(5)
  })

  it('comes over the horizon: regressed on it, the log return over ten days has slope 1', () => {
    const slopes = Array.from({ length: 20 }, (_, k) => {
      const market = simulateMarket({ ...size, seed: seed + k, days: 60, horizon: 10, signal: 'own' })
      const { level, expected, earlier, names } = market.path
      let [xy, xx] = [0, 0]
      for (let d = 0; d < 49; d++) {
        for (let i = 0; i < names; i++) {
          const from = (earlier + d + 1) * names + i
          const x = expected[d * names + i]
          xy += x * (level[from + 10 * names] - level[from])
          xx += x * x
        }
      }
      return xy / xx
    })
    const mean = slopes.reduce((sum, value) => sum + value, 0) / slopes.length
    const error = mean / tStatistic(slopes)
    expect(Math.abs(mean - 1)).toBeLessThan(5 * error)
    expect(error).toBeLessThan(0.1)
  })
})

describe('the average price of a day', () => {
  it('follows the level of the path: no bias, deviation under 20 bp where a day moves by 150', async () => {
    const market = simulateMarket({ seed, instruments: 24, days: 8, earlierDays: 30 })
    const prices = await averagePrices(market)
    const { level, earlier, names } = market.path
    const errors = prices
      .flatMap((row, d) => row.map((price, i) => Math.log(price) - level[(earlier + d) * names + i]))
      .filter((error) => !Number.isNaN(error))
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length
    const deviation = Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length)
    expect(errors.length).toBeGreaterThan(150)
    expect(Math.abs(mean)).toBeLessThan(0.0006)
    expect(deviation).toBeLessThan(0.002)
  })
})

describe('neighbours', () => {
  it('are the six nearest in ln float cap within the industry, ties by symbol, oneself out', () => {
    const industries = Int32Array.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 1])
    const caps = Float64Array.from([5, 5.125, 4.875, 5, 9, 5.375, 4.5, 5.25, 0.5, 5.4])
    const neighbours = industryNeighbours(industries, caps)
    expect([...neighbours.subarray(0, neighbourCount)]).toEqual([1, 2, 7, 5, 6, 4])
    expect([...neighbours.subarray(3 * neighbourCount, 4 * neighbourCount)]).toEqual([9, -1, -1, -1, -1, -1])
  })

  it('make returns that vary within an industry and are not seen in the own state', () => {
    const market = simulateMarket({ ...size, days: 60, signal: 'neighbours' })
    const { expected, state } = market.path
    expect(Math.abs(pearson(Array.from(expected), Array.from(state)))).toBeLessThan(0.1)
    const members = market.instruments.flatMap(({ industryIndex }, i) => (industryIndex === 0 ? [i] : []))
    expect(new Set(members.map((i) => expected[i])).size).toBeGreaterThan(2)
  })
})

describe('regimes', () => {
  const market = simulateMarket({ ...size, days: 200, signal: 'regime' })
  const { styles, level, names, earlier } = market.path

  it('move the gate between both ends and last for weeks', () => {
    const gates = Array.from({ length: 220 }, (_, d) =>
      regimeGate(Float64Array.from({ length: 20 }, (__, k) => styles[(d + 1 + k) * 4])),
    )
    expect(Math.min(...gates)).toBeLessThan(0.2)
    expect(Math.max(...gates)).toBeGreaterThan(0.8)
    const changes = gates.filter((gate, d) => d > 0 && gate > 0.5 !== gates[d - 1] > 0.5).length
    expect(changes).toBeGreaterThan(4)
    expect(changes).toBeLessThan(40)
    expect(regimeGate(new Float64Array(20).fill(regimeReturn))).toBeCloseTo(1 / (1 + Math.exp(-4)), 12)
  })

  it('show in size returns that a regression on ln market value estimates', () => {
    const truth: number[] = []
    const estimated: number[] = []
    for (let t = earlier; t < earlier + 200; t++) {
      const caps = market.instruments.map(({ lnCap }, i) => lnCap + level[(t - 1) * names + i] - market.path.start[i])
      const steps = caps.map((_, i) => level[t * names + i] - level[(t - 1) * names + i])
      const spread = Math.sqrt(caps.reduce((sum, cap) => sum + (cap - caps.reduce((a, b) => a + b) / names) ** 2, 0))
      const stepSpread = Math.sqrt(steps.reduce((sum, s) => sum + (s - steps.reduce((a, b) => a + b) / names) ** 2, 0))
      estimated.push((pearson(caps, steps) * stepSpread) / spread)
      truth.push(styles[t * 4])
    }
    expect(pearson(truth, estimated)).toBeGreaterThan(0.8)
  })
})

describe('the state', () => {
  it('shows in large flow, in book imbalance and in the close against the average, and best in all three', async () => {
    const market = simulateMarket({ seed, instruments: 40, days: 16, earlierDays: 30 })
    const rows: number[][] = []
    for (let d = 0; d < 16; d++) {
      const flows = await readFlow(market, d)
      market.instruments.forEach(({ symbol }, i) => {
        const flow = flows.get(symbol)
        const at = d * 40 + i
        const { state, shown } = market.path
        const noises = [shown.c, shown.hf, shown.pv].map((values) => values[at] - state[at])
        if (flow !== undefined) rows.push([...flow, state[at], ...noises])
      })
    }
    const column = (k: number): number[] => rows.map((row) => row[k])
    const state = column(3)
    const scaled = [0, 1, 2].map((k) => standardised(column(k)))
    const alone = scaled.map((values) => pearson(values, state))
    const together = pearson(
      state.map((_, r) => scaled[0][r] + scaled[1][r] + scaled[2][r]),
      state,
    )
    const noises = [0, 1, 2].map((k) => pearson(scaled[k], column(4 + k)))
    console.info(`correlation with the own noise: ${noises.map((value) => value.toFixed(2)).join(' ')}`)
    console.info(`correlation with the state: ${[...alone, together].map((value) => value.toFixed(2)).join(' ')}`)
    for (const value of alone) expect(value).toBeGreaterThan(0.5)
    // Each set shows the noise of its own, so that it does not merely see the state through another set's flow.
    for (const value of noises) expect(value).toBeGreaterThan(0.08)
    expect(together).toBeGreaterThan(Math.max(...alone))
  })
})

function standardised(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
  return values.map((value) => (value - mean) / deviation)
}

/** By symbol: net buying of parents of 200,000 CNY or more over turnover, mean imbalance, ln close over average. */
async function readFlow(market: SimulatedMarket, d: number): Promise<Map<string, number[]>> {
  const { ticks, books } = await collect(market.day(d))
  const totals = tradeTotals(ticks)
  const filled = new Map<string, number>()
  const closes = new Map<string, number>()
  for (const block of ticks) {
    for (let k = 0; k < block.count; k++) {
      if (block.kind[k] !== TickKind.trade) continue
      const { instrument } = block.dictionary[block.instrument[k]]
      closes.set(instrument, block.price[k])
      const amount = block.price[k] * block.quantity[k]
      for (const key of [`${instrument} ${block.buyId[k]} 1`, `${instrument} ${block.sellId[k]} -1`]) {
        filled.set(key, (filled.get(key) ?? 0) + amount)
      }
    }
  }
  const net = new Map<string, number>()
  for (const [key, amount] of filled) {
    const [instrument, , sign] = key.split(' ')
    if (amount >= 20_000_000) net.set(instrument, (net.get(instrument) ?? 0) + Number(sign) * amount)
  }
  const imbalance = new Map<string, number[]>()
  for (const block of books) {
    for (let k = 0; k < block.count; k++) {
      const [bid, ask] = [block.bidQuantity[k * 10], block.askQuantity[k * 10]]
      if (bid === 0 || ask === 0 || block.askPrice[k * 10] <= block.bidPrice[k * 10]) continue
      const { instrument } = block.dictionary[block.instrument[k]]
      const values = imbalance.get(instrument) ?? []
      imbalance.set(instrument, values)
      values.push((bid - ask) / (bid + ask))
    }
  }
  return new Map(
    [...totals].map(([symbol, { amount, volume }]) => {
      const values = imbalance.get(symbol) ?? []
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      return [
        symbol,
        [(net.get(symbol) ?? 0) / amount, mean, Math.log(((closes.get(symbol) ?? NaN) * volume) / amount)],
      ]
    }),
  )
}

describe('financial groups', () => {
  it('show in the fundamentals: most of the six nearest by the nine dimensions are of the own group', () => {
    const market = simulateMarket({ seed, instruments: 98, days: 1, earlierDays: 30 })
    const latest = new Map(market.fundamentals.map((report) => [report.instrument, Array.from(report.values)]))
    const columns = Array.from({ length: 36 }, (_, f) =>
      standardised([...latest.keys()].map((i) => latest.get(i)?.[f] || 0)),
    )
    const sizes = [5, 5, 4, 4, 4, 4, 2, 3, 5]
    const names = [...latest.keys()]
    const scores = names.map((_, r) => {
      let from = 0
      return sizes.map(
        (width) => columns.slice(from, (from += width)).reduce((sum, values) => sum + values[r], 0) / width,
      )
    })
    const dot = (a: number[], b: number[]): number => a.reduce((sum, value, k) => sum + value * b[k], 0)
    const cosine = (a: number, b: number): number =>
      dot(scores[a], scores[b]) / Math.sqrt(dot(scores[a], scores[a]) * dot(scores[b], scores[b]))
    let alike = 0
    names.forEach((name, r) => {
      const nearest = [...names.keys()].filter((other) => other !== r).sort((a, b) => cosine(r, b) - cosine(r, a))
      const { group } = market.instruments[name]
      alike += nearest.slice(0, 6).filter((other) => market.instruments[names[other]].group === group).length
    })
    expect(alike / names.length / 6).toBeGreaterThan(0.75)
  })
})
