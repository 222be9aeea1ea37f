import { forwardReturns } from '../../models/inputs/labels.ts'
import { neutralise } from '../../models/composite/neutralise.ts'
import { groupsOfSection } from '../../models/evaluation/portfolios.ts'
import type { FeaturePanel } from '../../models/sample.ts'
import { seededRandom } from '../../models/training/random.ts'
import { measureFactors, type Measured } from '../../src/backtest/measure.ts'
import { pricesOf, type BacktestPrices } from '../../src/backtest/prices.ts'
import type { BacktestResult } from '../../src/backtest/result.ts'
import type { ScoredFactor } from '../../src/backtest/score-factors.ts'

export interface DrawnShape {
  readonly seed: number
  readonly days: number
  readonly names: number
}

const columns = ['pv_high', 'pv_low', 'pv_close', 'pv_vwap', 'pv_volume']

/** Weekdays from the start of 2016: what a date is worth here is its order and its month. */
export function drawnDates(count: number): string[] {
  const dates: string[] = []
  for (let ms = Date.UTC(2016, 0, 4); dates.length < count; ms += 86_400_000) {
    const day = new Date(ms)
    if (day.getUTCDay() % 6 !== 0) dates.push(day.toISOString().slice(0, 10))
  }
  return dates
}

export const drawnNames = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${String(600000 + i)}.SH`)

/** Bars with suspensions of days and weeks, days at both limits with and without trades below, and equal prices. */
export function drawnPanel({ seed, days, names }: DrawnShape): FeaturePanel {
  const random = seededRandom(seed)
  const width = columns.length * names
  const values = new Float64Array(days * width).fill(NaN)
  for (let name = 0; name < names; name++) {
    let close = 5 + 20 * random()
    let suspended = 0
    for (let day = 0; day < days; day++) {
      if (suspended > 0 || random() < 0.01) {
        suspended = suspended > 0 ? suspended - 1 : Math.floor(random() * 12)
        continue
      }
      const bar = drawnBar(random, close)
      close = bar[2]
      bar.forEach((value, column) => (values[day * width + column * names + name] = value))
    }
  }
  return { set: 'PV', dates: drawnDates(days), instruments: drawnNames(names), columns, values }
}

function drawnBar(random: () => number, before: number): readonly [number, number, number, number, number] {
  const kind = random()
  const volume = Math.round(1e5 * (0.2 + random()))
  // Locked at a limit all day, at a narrower limit, or closing at it after trades below.
  if (kind < 0.012) {
    const price = before * [1.1, 0.9, 1.05][Math.floor(random() * 3)]
    return [price, price, price, price, volume]
  }
  if (kind < 0.03) return [before * 1.1, before, before * 1.1, before * 1.07, volume]
  const close = before * (1 + 0.03 * (random() + random() + random() - 1.5))
  const [high, low] = [Math.max(before, close) * (1 + 0.01 * random()), Math.min(before, close) * (1 - 0.01 * random())]
  return [high, low, close, low + random() * (high - low), volume]
}

export const drawnPrices = (panel: FeaturePanel, horizon: number, from: number, to: number): BacktestPrices =>
  pricesOf(panel, {
    profile: 'cn',
    from: panel.dates[from],
    to: panel.dates[to],
    horizons: [...new Set([1, 5, 10, 20, horizon])],
    labelPrice: 'close',
  })

/** A factor that knows something of the future, with names that it does not score and with ties. */
export function drawnFactor(set: string, seed: number, prices: BacktestPrices): ScoredFactor {
  const random = seededRandom(seed)
  const { dates, instruments, first, last, vwap } = prices
  const names = instruments.length
  const { returns } = forwardReturns({ dates, instruments, prices: vwap }, 5)
  const raw = new Float64Array(dates.length * names).fill(NaN)
  const neutral = raw.slice()
  const caps = Float64Array.from({ length: names }, () => 20 + 3 * random())
  const industries = Array.from({ length: names }, () => `I${Math.floor(6 * random())}`)
  for (let day = first; day <= last; day++) {
    for (let name = 0; name < names; name++) {
      const known = returns[day * names + name]
      const value = (Number.isNaN(known) ? 0 : 5 * known) + 2 * random() + 0.2 * (caps[name] - 20)
      if (random() > 0.08) raw[day * names + name] = random() < 0.3 ? Math.round(4 * value) / 4 : value
    }
    const section = raw.subarray(day * names, (day + 1) * names)
    neutral.set(neutralise(section, caps, industries), day * names)
  }
  const daily = (share: number) => Float64Array.from(dates, (_, day) => (day < first || day > last ? NaN : share))
  return {
    set,
    raw,
    neutral,
    universe: daily(names),
    exclusions: new Map([['not traded on the day', 12]]),
    weights: [
      { name: 'industry', daily: daily(0.6) },
      { name: 'flow', daily: daily(0.4) },
    ],
    masked: [],
  }
}

export interface Drawn {
  readonly panel: FeaturePanel
  readonly prices: BacktestPrices
  readonly factors: readonly ScoredFactor[]
  readonly measured: Measured
  readonly result: BacktestResult
}

/** A whole backtest without store or network: what pages, exports and oracles are tested on. */
export function drawnBacktest(shape: DrawnShape, horizon: number, sets: readonly string[] = ['PV']): Drawn {
  const panel = drawnPanel(shape)
  const prices = drawnPrices(panel, horizon, 20, shape.days - 8)
  const factors = sets.map((set, i) => drawnFactor(set, shape.seed + i + 1, prices))
  const measured = measureFactors({
    profile: 'cn',
    from: prices.dates[prices.first],
    to: prices.dates[prices.last],
    horizon,
    inSample: false,
    prices,
    factors,
    manifests: [],
  })
  const result: BacktestResult = {
    ...measured,
    survivors: [{ year: '2016', listed: shape.names, delisted: 0, absent: 1 }],
    labelPrice: 'close',
    origins: ['simulated'],
    adjustedAsOf: '',
  }
  return { panel, prices, factors, measured, result }
}

/** [days][names] groups as the portfolios have them. */
export function groupsOf(factor: ScoredFactor, { dates, instruments }: BacktestPrices): number[] {
  const names = instruments.length
  return dates.flatMap((_, day) => [...groupsOfSection(factor.raw.subarray(day * names, (day + 1) * names), 10)])
}
