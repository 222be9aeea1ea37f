import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { indexOf } from './bars.ts'
import { indicatorCount } from './fundamentals.ts'
import type { SimulatedMarket } from './market.ts'

const readme = `Reference data of a simulated market. Comma-separated, one header line, an empty field = not known.

instruments.csv   date (listed as such from this date on), instrument, name, exchange, industry, float_shares,
                  total_shares, list_date
fundamentals.csv  instrument, period (quarter reported), announced (after the close of that day), usable (first
                  trading day on which the report may be used), f01..f36: growth of revenue, net profit, recurring
                  profit, operating cash flow, equity; ROE, ROA, gross margin, net margin, ROIC; CFO/NI,
                  -(NI-CFO)/assets, recurring/total profit, revenue growth less receivables growth; current ratio,
                  quick ratio, CFO/current liabilities, EBIT/interest; debt/assets, interest-bearing debt/invested
                  capital, long-term debt/assets, -equity multiplier; turnover of assets, inventory, receivables,
                  fixed assets; -goodwill/equity, -goodwill/assets; R&D/revenue, R&D/market value, expensed share;
                  earnings yield, book to price, sales to price, cash flow to price, dividend yield
daily.csv         date, instrument, open, high, low, close, vwap (CNY), volume (shares): the days before the first
                  simulated one; no row = suspended
index.csv         date, close: float-cap-weighted index of daily.csv, 1000 at its first close
planted.csv       date, instrument, expected: log return from the average price of the next trading day to that of
                  the day \`horizon\` trading days later, as it could be expected at the close of the date
`

const number = (value: number, digits: number): string => (Number.isNaN(value) ? '' : value.toFixed(digits))

function* instrumentLines(market: SimulatedMarket): Generator<string> {
  yield 'date,instrument,name,exchange,industry,float_shares,total_shares,list_date\n'
  for (const [i, { symbol, name, exchange, industry, listDate }] of market.instruments.entries()) {
    const { float, total } = market.shares(i)
    yield `${market.earlierBars.dates[0]},${symbol},${name},${exchange},${industry},${float},${total},${listDate}\n`
  }
}

function* fundamentalLines(market: SimulatedMarket): Generator<string> {
  const names = Array.from({ length: indicatorCount }, (_, k) => `f${String(k + 1).padStart(2, '0')}`)
  yield `instrument,period,announced,usable,${names.join(',')}\n`
  for (const { instrument, period, announced, usable, values } of market.fundamentals) {
    const { symbol } = market.instruments[instrument]
    yield `${symbol},${period},${announced},${usable},${Array.from(values, (value) => number(value, 6)).join(',')}\n`
  }
}

function* dailyLines(market: SimulatedMarket): Generator<string> {
  yield 'date,instrument,open,high,low,close,vwap,volume\n'
  const bars = market.earlierBars
  const n = market.instruments.length
  for (const [t, date] of bars.dates.entries()) {
    let lines = ''
    for (let i = 0; i < n; i++) {
      const k = t * n + i
      if (Number.isNaN(bars.close[k])) continue
      const prices = [bars.open[k], bars.high[k], bars.low[k], bars.close[k]].map((price) => price.toFixed(2))
      const { symbol } = market.instruments[i]
      lines += `${date},${symbol},${prices.join(',')},${bars.vwap[k].toFixed(4)},${bars.volume[k]}\n`
    }
    yield lines
  }
}

function* indexLines(market: SimulatedMarket): Generator<string> {
  yield 'date,close\n'
  const index = indexOf(market.instruments, market.path, market.earlierBars)
  for (const [t, date] of market.earlierBars.dates.entries()) yield `${date},${index[t].toFixed(4)}\n`
}

function* plantedLines(market: SimulatedMarket): Generator<string> {
  yield 'date,instrument,expected\n'
  const { dates, instruments, values } = market.plantedReturns()
  for (let k = 0; k < values.length; k++) {
    const date = dates[Math.floor(k / instruments.length)]
    yield `${date},${instruments[k % instruments.length]},${values[k].toFixed(8)}\n`
  }
}

/** Writes the market's reference data into a folder, made when it is missing; README.txt explains the columns. */
export async function writeReference(folder: string, market: SimulatedMarket): Promise<void> {
  await mkdir(folder, { recursive: true })
  const files: Readonly<Record<string, Generator<string>>> = {
    'instruments.csv': instrumentLines(market),
    'fundamentals.csv': fundamentalLines(market),
    'daily.csv': dailyLines(market),
    'index.csv': indexLines(market),
    'planted.csv': plantedLines(market),
  }
  await writeFile(join(folder, 'README.txt'), readme)
  for (const [name, lines] of Object.entries(files)) {
    await pipeline(Readable.from(lines), createWriteStream(join(folder, name)))
  }
}
