import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dayRules } from '../../schemas/catalogue/index.ts'
import { seededRandom } from '../../models/training/random.ts'
import { technicalDays, type DailyBars } from '../../streams/index.ts'
import { seed } from '../seed.ts'

const python = resolve(import.meta.dirname, '../../.python/bin/python')
const script = resolve(import.meta.dirname, 'technical.py')

type Values = Readonly<Record<string, Readonly<Record<string, number | null>>>>

const days = 320
const asked = Array.from({ length: 40 }, (_, i) => 8 * i + 7)

/** Bars of a name in whole cents, with ties, days without trades, days at one price and changes of the factor. */
function drawnBars(random: () => number): Required<DailyBars> {
  const columns = () => new Float64Array(days).fill(NaN)
  const bars = {
    high: columns(),
    low: columns(),
    close: columns(),
    vwap: columns(),
    volume: columns(),
    factor: columns(),
  }
  let price = 4
  let factor = 1
  for (let day = 0; day < days; day++) {
    if (random() < 0.01) {
      factor *= 1.3
      price /= 1.3
    }
    bars.factor[day] = factor
    bars.volume[day] = 0
    if (random() < 0.05) continue
    price *= 1 + (random() - 0.5) / 30
    const spread = random() < 0.2 ? 0 : random() / 50
    const cents = (value: number): number => Math.round(100 * value) / 100
    bars.close[day] = cents(price)
    bars.high[day] = cents(price * (1 + spread))
    bars.low[day] = cents(price * (1 - spread))
    bars.vwap[day] = price
    bars.volume[day] = 100 * Math.ceil(1000 * random())
  }
  return bars
}

function oracle(bars: Required<DailyBars>): Values {
  if (!existsSync(python)) throw new Error('no Python for the oracle: run npm run setup:python')
  const named = Object.entries(bars).map(([name, values]) => [
    name,
    Array.from(values, (value) => (Number.isNaN(value) ? null : value)),
  ])
  const input = JSON.stringify({ ...Object.fromEntries(named), days: asked })
  return JSON.parse(execFileSync(python, [script], { input, encoding: 'utf8' })) as Values
}

describe('the oracle in Python', () => {
  it('gives every G value of drawn bars to 1e-9', () => {
    const random = seededRandom(seed)
    const differing: object[] = []
    for (let name = 0; name < 2; name++) {
      const bars = drawnBars(random)
      const expected = oracle(bars)
      const values = technicalDays(bars)
      for (const day of asked) {
        dayRules.G.forEach(({ id }, i) => {
          const got = values[day * dayRules.G.length + i]
          const wanted = expected[day][id] ?? NaN
          const isClose = Math.abs(got - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted))
          if (!isClose && !Object.is(got, wanted)) differing.push({ name, day, id, got, wanted })
        })
      }
    }
    expect(differing).toEqual([])
  })
})
