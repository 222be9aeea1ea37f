import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cn } from '../../schemas/profiles/index.ts'
import { tableOf, type TableName } from '../../schemas/tables.ts'
import { importDaily, type DailyReport } from '../../src/import/daily/import-daily.ts'
import type { Mapping } from '../../src/import/mapping.ts'
import { dateToEventTime, numbers, texts, type Rows, type Store } from '../../src/ports/store.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { storedPanel } from '../../src/workers/history/panels.ts'
import { seed } from '../seed.ts'
import { drawBars, linesOf, writeCsv, writeParquet, type DrawnBar } from './drawn-bars.ts'

const folder = mkdtempSync(join(tmpdir(), 'closebell-daily-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const codes = ['000001.SZ', '000002.SZ', '600000.SH', '600004.SH', '600006.SH']
const columns = {
  code: 'code',
  date: 'date',
  open: 'open',
  high: 'high',
  low: 'low',
  close: 'close',
  volume: 'volume',
  amount: 'amount',
}
const vendor: Mapping = {
  name: 'vendor',
  daily: { columns, adjusted_as_of: '2023-12-29', price_decimals: 4, return_limit: 0.11 },
}
const raw: Mapping = { name: 'vendor-raw', daily: { columns: { ...columns, previous_close: 'pre_close' } } }

let store: Store
beforeEach(async () => (store = await openDuckdb(':memory:')))
afterEach(() => store.close())

const bring = (mapping: Mapping, ...files: string[]): Promise<DailyReport> =>
  importDaily({ store, files, mapping, profile: cn })

const all = (table: TableName, from = '2020-01-01', to = '2026-12-31'): Promise<Rows> =>
  store.panel({ table, columns: tableOf(table).columns.map(({ name }) => name), from, to })

/** Everything a store holds of imported days, bit for bit. */
const contents = async (to?: string): Promise<unknown> => [
  await all('pv', undefined, to),
  await all('g', undefined, to),
]

const csv = (name: string, bars: readonly DrawnBar[], prices: 'adjusted' | 'raw' = 'adjusted'): string =>
  writeCsv(join(folder, name), linesOf(bars, prices))

const bars = drawBars(seed, codes, '2023-01-03', '2024-06-28')
const ordered = [...bars].sort((a, b) => (a.date + a.code < b.date + b.code ? -1 : 1))
const until = (date: string): DrawnBar[] => bars.filter((bar) => bar.date < date)
const since = (date: string): DrawnBar[] => bars.filter((bar) => bar.date >= date)

describe('import daily of adjusted prices', () => {
  it('PV-01..06: prices stay, vwap and volume are brought to them by a ratio that the day allows', async () => {
    const report = await bring(vendor, csv('all.csv', bars))
    expect(report).toMatchObject({ unchanged: false, names: 5, gaps: [], from: ordered[0].date })
    expect(report.tally).toMatchObject({ read: bars.length, stored: bars.length, rejectedCount: 0 })
    const rows = await all('pv')
    expect(texts(rows, 'instrument')).toEqual(ordered.map(({ code }) => code))
    const [ratio, vwap, volume, high, low] = ['adj_ratio', 'pv_vwap', 'pv_volume', 'pv_high', 'pv_low'].map((name) =>
      numbers(rows, name),
    )
    ordered.forEach((bar, r) => {
      const rawVwap = bar.amount / bar.volume
      expect(ratio[r] * rawVwap).toBeGreaterThan(low[r] - 1e-4)
      expect(ratio[r] * rawVwap).toBeLessThan(high[r] + 1e-4)
      expect(vwap[r]).toBe(Math.max(low[r], Math.min(high[r], rawVwap * ratio[r])))
      expect(volume[r] * ratio[r]).toBeCloseTo(bar.volume, 4)
      expect(Math.abs(ratio[r] / bar.ratio - 1)).toBeLessThan(0.12)
    })
    expect(numbers(rows, 'adj_factor').every(Number.isNaN)).toBe(true)
    expect(new Set(texts(rows, 'adjusted_as_of'))).toEqual(new Set(['2023-12-29']))
    expect(new Set(texts(rows, 'origin'))).toEqual(new Set(['imported']))
  })

  it('the ratio narrows to the true one within a segment and finds ex-days, each once', async () => {
    const quiet = drawBars(seed, codes, '2023-01-03', '2023-12-29', 0)
    const report = await bring(vendor, csv('quiet.csv', quiet))
    const ratio = numbers(await all('pv'), 'adj_ratio').slice(-codes.length)
    for (const value of ratio) expect(Math.abs(value - 1)).toBeLessThan(0.06)
    expect(report.breaks).toBeGreaterThan(0)
    expect(report.breaks).toBeLessThanOrEqual(3 * codes.length)
  })

  it('a row knows nothing later: other bars from a day on leave all rows before it as they were', async () => {
    const day = '2023-09-18'
    await bring(vendor, csv('all.csv', bars))
    const before = await contents('2023-09-15')
    await store.close()
    store = await openDuckdb(':memory:')
    const other = since(day).map((bar) => ({ ...bar, ratio: bar.ratio * 0.7, volume: bar.volume * 3 }))
    await bring(vendor, csv('all.csv', [...until(day), ...other]))
    expect(await contents('2023-09-15')).toEqual(before)
    expect(numbers(await all('pv'), 'pv_close').length).toBe(bars.length)
  })

  it('G rows stand beside the bars and say where they look back over fewer than 250', async () => {
    await bring(vendor, csv('all.csv', bars))
    const [pv, g] = [await all('pv'), await all('g')]
    expect([texts(g, 'instrument'), numbers(g, 'event_time')]).toEqual([
      texts(pv, 'instrument'),
      numbers(pv, 'event_time'),
    ])
    const short = [...numbers(g, 'quality').entries()].filter(([, quality]) => quality === 512)
    expect(short).toHaveLength(249 * codes.length)
    const last = numbers(g, tableOf('g').columns.at(-1)?.name ?? '').slice(-codes.length)
    expect(last.every(Number.isFinite)).toBe(true)
  })
})

describe('an import that comes again', () => {
  it('changes nothing, reads nothing and says so', async () => {
    const file = csv('all.csv', bars)
    await bring(vendor, file)
    const before = await contents()
    const again = await bring(vendor, file)
    expect(again).toMatchObject({ unchanged: true, names: 5, from: ordered[0].date })
    expect(again.tally.read).toBe(0)
    expect(await contents()).toEqual(before)
  })

  it('year by year, in CSV, gzip or Parquet and whatever order the files are named in: the same bits', async () => {
    await bring(vendor, csv('all.csv', bars))
    const whole = await contents()
    const [first, second] = [csv('first.csv', until('2024-01-01')), csv('second.csv', since('2024-01-01'))]
    const parquet = await writeParquet(join(folder, 'first.parquet'), `SELECT * FROM read_csv('${first}')`)
    const zipped = join(folder, 'second.csv.gz')
    writeFileSync(zipped, gzipSync(readFileSync(second)))
    for (const groups of [[[first], [second]], [[second, parquet]], [[parquet], [zipped]]]) {
      await store.close()
      store = await openDuckdb(':memory:')
      for (const files of groups) await bring(vendor, ...files)
      expect(await contents()).toEqual(whole)
    }
  })

  it('with an earlier file alone is refused, naming what depends on it; together they are made anew', async () => {
    const files = [csv('a.csv', until('2024-01-01')), csv('b.csv', since('2024-01-01'))]
    await bring(vendor, files[1])
    await expect(bring(vendor, files[0])).rejects.toThrow(
      /CB_FEED_INPUT: these files begin on 2023-01-.., but rows up to 2024-06-.. .* Name b.csv in the same command/,
    )
    expect((await bring(vendor, ...files)).tally.stored).toBe(bars.length)
    const together = await contents()
    await store.close()
    store = await openDuckdb(':memory:')
    await bring(vendor, ...files)
    expect(await contents()).toEqual(together)
  })

  it('is made anew when the mapping or the rows of the store changed', async () => {
    const file = csv('all.csv', bars)
    await bring(vendor, file)
    const { daily } = vendor
    const other = { ...vendor, daily: { ...(daily as NonNullable<typeof daily>), adjusted_as_of: '2024-06-28' } }
    expect((await bring(other, file)).unchanged).toBe(false)
    expect(new Set(texts(await all('pv'), 'adjusted_as_of'))).toEqual(new Set(['2024-06-28']))
  })
})

describe('import daily of raw prices', () => {
  it('price x adj_factor is comparable: its return is close / previous close of the day', async () => {
    await bring(raw, csv('raw.csv', bars, 'raw'))
    const panel = await storedPanel(store, 'PV', ['pv_close'], '2023-01-03', '2024-06-28')
    const factors = panel.factors as Float64Array
    const placeOf = new Map(panel.instruments.map((symbol, i) => [symbol, i]))
    const last = new Map<string, { price: number; cents: number }>()
    let exDays = 0
    for (const bar of ordered) {
      const at = panel.dates.indexOf(bar.date) * panel.instruments.length + (placeOf.get(bar.code) as number)
      const price = panel.values[at] * factors[at]
      const before = last.get(bar.code)
      if (before !== undefined) {
        expect(price / before.price).toBeCloseTo(bar.raw.close / bar.raw.previous, 10)
        if (before.cents !== bar.raw.previous) exDays++
      }
      last.set(bar.code, { price, cents: bar.raw.close })
    }
    expect(exDays).toBeGreaterThan(0)
    const rows = await all('pv')
    expect(numbers(rows, 'pv_vwap')[0]).toBe(ordered[0].amount / ordered[0].volume)
    expect(numbers(rows, 'adj_ratio').every(Number.isNaN)).toBe(true)
    expect(new Set(texts(rows, 'adjusted_as_of'))).toEqual(new Set(['']))
  })

  it('goes on from the factor of the files before, also over an ex-day among days without trades', async () => {
    const lines = [
      '600000.SH,2023-02-01,20,20,20,20,1000,20000,20',
      '600000.SH,2023-02-02,20,20,20,20,0,0,20',
      '600000.SH,2023-02-03,10,10,10,10,0,,10',
    ]
    const next = ['600000.SH,2023-02-06,10.5,10.5,10.5,10.5,1000,10500,10']
    const report = await bring(raw, writeCsv(join(folder, 'c.csv'), lines))
    expect(report.tally).toMatchObject({ stored: 1, untraded: 2, rejectedCount: 0 })
    await bring(raw, writeCsv(join(folder, 'd.csv'), next))
    expect([...numbers(await all('pv'), 'adj_factor')]).toEqual([1, 2])
  })
})

describe('rows that are broken or odd', () => {
  const good = '600000.SH,2023-02-01,10,11,9,10,1000,10000,10'
  const asDate = (date: string) => good.replace('2023-02-01', date)

  it('a broken row of a CSV file costs itself and is named by file, line and reason', async () => {
    const lines = [
      good,
      asDate('2023-02-30'),
      asDate('2023-02-04'),
      good.replace('600000.SH', 'a b'),
      asDate('2023-02-02').replace('1000,', 'many,'),
      asDate('2023-02-03').replace(',11,', ',8,'),
      asDate('2023-02-06').replace(',9,', ',-9,'),
      asDate('2023-02-07').replace(',10000,', ',,'),
      `${asDate('2023-02-08')},1,2`,
      asDate('2023-02-09'),
    ]
    const { tally, gaps, suspended } = await bring(raw, writeCsv(join(folder, 'broken.csv'), lines))
    expect(tally).toMatchObject({ read: 10, stored: 2, rejectedCount: 8 })
    const told = [...tally.rejected].sort((a, b) => a.line - b.line)
    expect(told.map(({ file, line }) => `${file}:${line}`)).toEqual(
      [3, 4, 5, 6, 7, 8, 9, 10].map((line) => `broken.csv:${line}`),
    )
    const reasons = told.map(({ reason }) => reason)
    expect(reasons.slice(0, 4)).toEqual([
      "date '2023-02-30' is no date YYYY-MM-DD",
      '2023-02-04 is no trading day of cn',
      "code 'a b' is no symbol",
      "volume 'many' is no number",
    ])
    expect(reasons.slice(4, 7)).toEqual(['low 9 is above high 8', 'low -9 is not above 0', 'amount is no number'])
    expect(gaps).toEqual(['2023-02-02', '2023-02-03', '2023-02-06', '2023-02-07', '2023-02-08'])
    expect(suspended).toBe(5)
  })

  it('so does one of a Parquet file, by its row', async () => {
    const select = (date: string, rest: string) => `SELECT '600000.SH' AS code, ${date} AS date, ${rest}`
    const fine =
      '10.0 AS open, 11.0 AS high, 9.0 AS low, 10.0 AS close, 1000 AS volume, 10000 AS amount, 10.0 AS pre_close'
    const file = await writeParquet(
      join(folder, 'broken.parquet'),
      [
        select("DATE '2023-02-01'", fine),
        select('NULL', fine),
        select("DATE '2023-02-02'", fine.replace('9.0', 'NULL')),
        select("DATE '2023-02-04'", fine),
        select("DATE '2023-02-03'", fine).replace('600000.SH', 'no symbol'),
      ].join(' UNION ALL '),
    )
    const { tally } = await bring(raw, file)
    expect(tally).toMatchObject({ read: 5, stored: 1, rejectedCount: 4 })
    expect(tally.rejected.map(({ line, reason }) => `${line}: ${reason}`).sort()).toEqual([
      '2: its date is none',
      '3: low is no number',
      '4: 2023-02-04 is no trading day of cn',
      "5: code 'no symbol' is no symbol",
    ])
  })

  it('duplicates, odd prices, averages and returns are counted, and told with their place', async () => {
    const lines = [
      good,
      good.replace('10,1000', '10.5,1000'),
      asDate('2023-02-02').replace(',10,11,', ',12,11,'),
      asDate('2023-02-03').replace('10000,10', '20000,10'),
      asDate('2023-02-06').replace(',9,10,', ',9,9.5,').replace(/10$/, '20'),
    ]
    const limited = { ...raw, daily: { ...(raw.daily as NonNullable<Mapping['daily']>), return_limit: 0.11 } }
    const { tally } = await bring(limited, writeCsv(join(folder, 'odd.csv'), lines))
    expect(tally.suspicious).toEqual({ ohlc: 1, vwap: 1, return: 1, ratio: 0, duplicate: 1 })
    expect(tally.stored).toBe(4)
    expect(tally.examples.map(({ kind, file, line }) => `${kind} ${file}:${line}`).sort()).toEqual([
      'duplicate odd.csv:3',
      'ohlc odd.csv:4',
      'return odd.csv:6',
      'vwap odd.csv:5',
    ])
    expect(numbers(await all('pv'), 'pv_close')[0]).toBe(10)
  })

  it('days that a live session left rows of stay, the others are what they would have been', async () => {
    const file = csv('all.csv', bars)
    await bring(vendor, file)
    const [kept, next] = ['2023-02-02', '2023-02-03']
    const others = async (): Promise<unknown> => [
      await contents('2023-02-01'),
      await all('pv', next),
      await all('g', next),
    ]
    const whole = await others()
    await store.close()
    store = await openDuckdb(':memory:')
    await store.ensureTables()
    await store.append('pv', {
      count: 1,
      columns: {
        event_time: Float64Array.of(dateToEventTime(kept)),
        instrument: [codes[0]],
        revision: Float64Array.of(0),
        known_at: Float64Array.of(1),
        origin: ['live'],
        pv_close: Float64Array.of(77),
      },
    })
    const { tally, gaps } = await bring(vendor, file)
    expect(tally.kept).toBe(bars.filter(({ date }) => date === kept).length)
    expect(tally.stored + tally.kept).toBe(bars.length)
    expect(gaps).toEqual([])
    expect([...numbers(await all('pv', kept, kept), 'pv_close')]).toEqual([77])
    expect((await all('g', kept, kept)).count).toBe(0)
    expect(await others()).toEqual(whole)
  })

  it.each([
    ['none.csv', /CB_ABSENT: no file .*none.csv/],
    ['odd.txt', /CB_FEED_INPUT: odd.txt ends neither in .parquet nor in .csv or .csv.gz/],
    ['empty.parquet', /CB_FEED_INPUT: empty.parquet is no Parquet file/],
    ['other.csv', /CB_FEED_INPUT: other.csv has no column open, high/],
    ['late.csv', /CB_CALENDAR_END: .* not 2035/],
  ])('%s is refused', async (name, message) => {
    writeFileSync(join(folder, 'odd.txt'), '')
    writeFileSync(join(folder, 'empty.parquet'), 'PAR1')
    writeFileSync(join(folder, 'other.csv'), 'code,date\n')
    writeCsv(join(folder, 'late.csv'), [asDate('2035-02-01')])
    await expect(bring(raw, join(folder, name))).rejects.toThrow(message)
  })
})
