import { writeFileSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import { tradingDays } from '../../schemas/calendars/index.ts'
import { Random } from '../../src/simulator/random.ts'

/** One bar of a vendor: raw prices, and what adjusted / raw truly was on the day. */
export interface DrawnBar {
  readonly code: string
  readonly date: string
  readonly raw: Readonly<Record<'open' | 'high' | 'low' | 'close' | 'previous', number>>
  readonly volume: number
  readonly amount: number
  readonly ratio: number
}

const cents = (price: number): number => Math.round(price * 100) / 100

/**
 * Names with ex-days (the ratio steps up towards 1), suspensions and days of one price, in cents, with whole amounts.
 * @param gaps share of days without a row
 */
export function drawBars(seed: number, codes: readonly string[], from: string, to: string, gaps = 0.05): DrawnBar[] {
  const dates = tradingDays('cn', from, to)
  return codes.flatMap((code, i) => {
    const random = new Random(seed, i)
    const exDays = new Set(Array.from({ length: 3 }, () => dates[Math.floor(random.uniform() * dates.length)]))
    const steps = dates.map((date) => (exDays.has(date) ? 1.02 + 0.5 * random.uniform() : 1))
    let ratio = 1 / steps.reduce((product, step) => product * step, 1)
    let close = cents(5 + 40 * random.uniform())
    return dates.flatMap((date, d) => {
      ratio *= steps[d]
      const previous = cents(close / steps[d])
      if (random.uniform() < gaps) {
        close = previous
        return []
      }
      const bar = drawBar(random, previous)
      const { amount, volume, ...prices } = bar
      close = bar.close
      return [{ code, date, raw: { ...prices, previous }, volume, amount, ratio }]
    })
  })
}

function drawBar(random: Random, previous: number) {
  const onePrice = random.uniform() < 0.05
  const draw = (): number => cents(previous * (1 + 0.02 * random.normal()))
  const [open, close] = onePrice ? Array<number>(2).fill(cents(previous * 1.1)) : [draw(), draw()]
  const high = onePrice ? open : Math.max(open, close, draw())
  const low = onePrice ? open : Math.min(open, close, draw())
  const volume = 100 * (1 + Math.floor(20_000 * random.uniform()))
  // Whole hundreds of shares at whole cents are whole yuan.
  const [least, most] = [Math.round(volume * low), Math.round(volume * high)]
  return { open, high, low, close, volume, amount: least + Math.round((most - least) * random.uniform()) }
}

const header = 'code,date,open,high,low,close,volume,amount,pre_close'

const adjusted = (bar: DrawnBar, price: number): string => (price * bar.ratio).toFixed(4)

/** The bars as a vendor's lines: adjusted to four decimals, or raw. */
export function linesOf(bars: readonly DrawnBar[], prices: 'adjusted' | 'raw'): string[] {
  return bars.map((bar) => {
    const told = (['open', 'high', 'low', 'close'] as const).map((field) =>
      prices === 'raw' ? bar.raw[field].toFixed(2) : adjusted(bar, bar.raw[field]),
    )
    return [bar.code, bar.date, ...told, bar.volume, bar.amount, bar.raw.previous.toFixed(2)].join(',')
  })
}

export function writeCsv(path: string, lines: readonly string[]): string {
  writeFileSync(path, [header, ...lines, ''].join('\n'))
  return path
}

/** The rows of a CSV file as Parquet, numbers as decimals where they are, or rows of any other statement. */
export async function writeParquet(path: string, select: string): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  await db.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`)
  db.closeSync()
  instance.closeSync()
  return path
}
