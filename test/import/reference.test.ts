import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importReference } from '../../src/import/import-reference.ts'
import { numbers, texts, type Store } from '../../src/ports/store.ts'
import { simulateMarket } from '../../src/simulator/market.ts'
import { writeReference } from '../../src/simulator/reference-files.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { seed } from '../seed.ts'

const market = simulateMarket({ seed, instruments: 12, days: 3, earlierDays: 60 })
let folder = ''
let store: Store

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reference-'))
  await writeReference(folder, market)
  store = await openDuckdb(':memory:')
})

afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

const barCount = market.earlierBars.close.filter((close) => close > 0).length

describe('reference data of a simulated market', () => {
  it('goes into the store whole, as the market drew it', async () => {
    const counts = await importReference(store, folder)
    expect(counts).toEqual({ instruments: 12, fundamentals: market.fundamentals.length, pv: barCount, rejected: [] })
    const { dates } = market.earlierBars
    const pv = await store.panel({
      table: 'pv',
      columns: ['instrument', 'pv_close', 'pv_vwap', 'pv_volume', 'origin'],
      from: dates[0],
      to: dates[59],
    })
    expect(pv.count).toBe(barCount)
    expect(new Set(texts(pv, 'origin'))).toEqual(new Set(['simulated']))
    const closes = Array.from(market.earlierBars.close).filter((close) => close > 0)
    expect(Array.from(numbers(pv, 'pv_close'))).toEqual(closes.map((close) => Number(close.toFixed(2))))
    const averages = Array.from(market.earlierBars.vwap).filter((vwap) => vwap > 0)
    expect(Array.from(numbers(pv, 'pv_vwap'))).toEqual(averages.map((vwap) => Number(vwap.toFixed(4))))
    const instruments = await store.panel({
      table: 'instruments',
      columns: ['instrument', 'industry', 'float_shares', 'list_date'],
      from: dates[0],
      to: dates[59],
    })
    expect(texts(instruments, 'instrument')).toEqual(market.instruments.map(({ symbol }) => symbol))
    expect(Array.from(numbers(instruments, 'float_shares'))).toEqual(
      market.instruments.map((_, i) => market.shares(i).float),
    )
  })

  it('keeps a line that a statement lacks NaN', async () => {
    const banks = market.instruments.filter(({ industry }) => industry === 'banks').map(({ symbol }) => symbol)
    const reports = await store.panel({
      table: 'fundamentals',
      columns: ['instrument', 'f06', 'f08', 'period'],
      from: '2020-01-01',
      to: market.dates[2],
      instruments: banks,
    })
    expect(reports.count).toBeGreaterThan(banks.length)
    expect(numbers(reports, 'f08').every((value) => Number.isNaN(value))).toBe(true)
    expect(numbers(reports, 'f06').every((value) => Number.isFinite(value))).toBe(true)
  })

  it('imported twice is there once; a broken row costs itself and is named by file, line and reason', async () => {
    const path = join(folder, 'daily.csv')
    const lines = (await readFile(path, 'utf8')).split('\n')
    lines[3] = lines[3].replace(/,\d+$/, ',many')
    lines[5] = lines[5].replace(/^[^,]+/, '2023-02-30')
    lines[7] = `${lines[7]},1`
    lines[9] = lines[9].replace(/^([^,]+),[^,]+/, '$1,a b')
    lines[11] = lines[11].replace(/^([^,]+,[^,]+),/, '$1,-')
    await writeFile(path, lines.join('\n'))
    const counts = await importReference(store, folder)
    expect(counts.pv).toBe(barCount - 5)
    expect(counts.rejected.map(({ file, line }) => [file, line])).toEqual(
      [4, 6, 8, 10, 12].map((line) => ['daily.csv', line]),
    )
    expect(counts.rejected[0].reason).toMatch(/volume 'many' is no number/)
    expect(counts.rejected[1].reason).toMatch(/date '2023-02-30' is no date/)
    expect(counts.rejected[3].reason).toMatch(/symbol 'a b'/)
    expect(counts.rejected[4].reason).toMatch(/open '-.*' is not above 0/)
    const { dates } = market.earlierBars
    const pv = await store.panel({ table: 'pv', columns: ['pv_close'], from: dates[0], to: dates[59] })
    expect(pv.count).toBe(barCount)
  })

  it('without a file or a column says so', async () => {
    await writeFile(join(folder, 'instruments.csv'), 'date,instrument\n')
    await expect(importReference(store, folder)).rejects.toThrow(/CB_FEED_INPUT: instruments.csv has no column name/)
    await rm(join(folder, 'instruments.csv'))
    await expect(importReference(store, folder)).rejects.toThrow(/CB_ABSENT: no file instruments.csv/)
  })
})

describe('earlier bars', () => {
  it('meet the simulated days in price: the last close is the previous close of the first day', () => {
    const { path, earlierBars } = market
    for (let i = 0; i < path.names; i++) {
      const last = earlierBars.close[59 * path.names + i]
      expect(Math.abs(Math.log(last) - path.level[60 * path.names + i])).toBeLessThan(0.12)
    }
  })

  it('keep low <= open, close, vwap <= high and whole lots', () => {
    const { open, high, low, close, vwap, volume } = market.earlierBars
    const whole = Array.from(close.keys()).filter((k) => close[k] > 0)
    expect(whole.every((k) => low[k] <= Math.min(open[k], close[k], vwap[k]))).toBe(true)
    expect(whole.every((k) => high[k] >= Math.max(open[k], close[k], vwap[k]))).toBe(true)
    expect(whole.every((k) => volume[k] > 0 && volume[k] % 100 === 0)).toBe(true)
  })
})
