import { createScaler } from '../../models/inputs/scaling.ts'
import { dailyReturns, type DailyHistory } from '../../models/inputs/daily-returns.ts'
import { fundamentalsAsOf, type FundamentalRows } from '../../models/inputs/fundamentals.ts'
import { financialGraph, flowGraph, industryGraph } from '../../models/inputs/graphs.ts'
import { assembleSample } from '../../models/inputs/assemble.ts'
import { styleReturnsOn } from '../../models/inputs/style-returns.ts'
import { styleWindow } from '../../models/inputs/style-window.ts'
import { universeOf } from '../../models/inputs/universe.ts'
import { modelRules } from '../../schemas/catalogue/index.ts'
import type { DaySample, FeaturePanel, Graph } from '../../models/sample.ts'

/** A uniform generator in [0, 1): mulberry32. */
export function uniform(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

export interface DrawnMarket {
  readonly prices: FeaturePanel
  readonly flows: FeaturePanel
  readonly history: DailyHistory
  readonly fundamentals: FundamentalRows
  readonly industries: readonly string[]
}

const dateOf = (day: number): string => new Date(Date.UTC(2022, 0, 3 + day)).toISOString().slice(0, 10)

/** Names that follow a market factor, each suspended on one day in forty; a report a quarter. */
export function drawMarket(random: () => number, names: number, days: number): DrawnMarket {
  const dates = Array.from({ length: days }, (_, day) => dateOf(day))
  const instruments = Array.from({ length: names }, (_, i) => `N${String(i).padStart(4, '0')}`)
  const pv = modelRules('PV').map((rule) => rule.id)
  const c = modelRules('C').map((rule) => rule.id)
  const prices = { set: 'PV', dates, instruments, columns: pv, values: new Float64Array(days * 6 * names).fill(NaN) }
  const flows = {
    set: 'C',
    dates,
    instruments,
    columns: c,
    values: new Float64Array(days * c.length * names).fill(NaN),
  }
  const grid = (): Float64Array => new Float64Array(days * names).fill(NaN)
  const history = { dates, instruments, close: grid(), floatCap: grid(), totalCap: grid() }
  const level = Float64Array.from({ length: names }, () => 10 + 20 * random())
  const shares = Float64Array.from({ length: names }, () => Math.exp(18 + 2 * normal(random)))
  for (let day = 0; day < days; day++) {
    const common = 0.01 * normal(random)
    for (let name = 0; name < names; name++) {
      level[name] *= Math.exp(common * (0.5 + (name % 7) / 6) + 0.015 * normal(random))
      history.floatCap[day * names + name] = 0.6 * shares[name] * level[name]
      history.totalCap[day * names + name] = shares[name] * level[name]
      if (random() < 1 / 40 && day < days - 1) continue
      history.close[day * names + name] = level[name]
      const bar = [0.999, 1.01, 0.985, 1, 1.001].map((ratio) => level[name] * (ratio + 0.002 * normal(random)))
      bar[3] = level[name]
      const row = [...bar, Math.round(Math.exp(14 + normal(random)))]
      row.forEach((value, column) => (prices.values[(day * 6 + column) * names + name] = value))
      for (let column = 0; column < c.length; column++) {
        flows.values[(day * c.length + column) * names + name] = normal(random)
      }
    }
  }
  return {
    prices,
    flows,
    history,
    fundamentals: drawFundamentals(random, instruments, dates),
    industries: instruments.map((_, i) => `I${i % 5}`),
  }
}

function drawFundamentals(
  random: () => number,
  instruments: readonly string[],
  dates: readonly string[],
): FundamentalRows {
  const rows = instruments.flatMap((instrument) =>
    Array.from({ length: Math.floor(dates.length / 20) }, (_, quarter) => ({
      instrument,
      period: `P${String(quarter).padStart(3, '0')}`,
      usableFrom: dates[quarter * 20 + Math.floor(20 * random())],
    })),
  )
  return {
    instruments: rows.map((row) => row.instrument),
    periods: rows.map((row) => row.period),
    usableFrom: rows.map((row) => row.usableFrom),
    values: Float64Array.from({ length: rows.length * 36 }, () => (random() < 0.1 ? NaN : normal(random))),
  }
}

export interface DayOfInputs {
  readonly samples: readonly DaySample[]
  readonly graphs: readonly Graph[]
  readonly styles: Float64Array
}

/** Everything the models read on a date: both samples, the graphs, twenty days of style returns. */
export function inputsOf(market: DrawnMarket, date: string, lookback: number): DayOfInputs {
  const day = market.prices.dates.indexOf(date)
  const returns = dailyReturns(market.history)
  const styleDates = market.prices.dates.slice(Math.max(1, day - 19), day + 1)
  const styles = Float64Array.from(
    styleDates.flatMap((styleDate) => Array.from(styleReturnsOn(returns, styleDate, market.industries).styles)),
  )
  const names = market.prices.instruments.length
  const lnCap = market.history.floatCap.slice(day * names, (day + 1) * names).map(Math.log)
  const fundamentals = fundamentalsAsOf(market.fundamentals, date, market.prices.instruments)
  const industry = industryGraph(date, market.prices.instruments, market.industries, lnCap, 6)
  const financial = financialGraph(fundamentals, 6)
  const flow = flowGraph(market.flows, date, 6)
  const universe = universeOf(market.prices, date, { lookback, minimumRows: lookback, tradedShare: 0.8 })
  const samples = [market.prices, market.flows].map((panel) =>
    assembleSample({
      date,
      lookback,
      scaler: createScaler(panel, panel.columns),
      section: universe.instruments,
      graphs: { industry, financial, flow },
      fundamentals,
      styles: styleWindow({ dates: styleDates, returns: styles }, date),
    }),
  )
  return { samples, graphs: [industry, financial, flow], styles }
}
