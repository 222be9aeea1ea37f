import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { importIndustries, importShares } from '../../src/import/listings/import-listings.ts'
import { loadMapping, type Mapping } from '../../src/import/mapping.ts'
import { dateToEventTime, type Store } from '../../src/ports/store.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { Listings } from '../../src/workers/history/instruments.ts'

const folder = mkdtempSync(join(tmpdir(), 'closebell-listings-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const industriesFile = write('stocks.csv.gz', [
  'ts_code,symbol,name,area,industry,list_date',
  '600000.SH,600000,浦发银行,上海,银行,19991110',
  '600001.SH,600001,新股,上海,钢铁,20230301',
  '600002.SH,600002,无业,上海,,19991110',
  '600003.SH,600003,错日,上海,银行,19991340',
])
const sharesFile = write('basics.csv', [
  'code,name,outstanding,totals,timeToMarket',
  '600000.SH,浦发,100,200,19991110',
  '600001.SH,新,50,80,20230302',
  '600009.SH,只此,10,20,20100101',
  '600008.SH,零,0.0,0.0,0',
  '600007.SH,倒,30,20,20100101',
])

function write(name: string, lines: readonly string[]): string {
  const path = join(folder, name)
  const text = [...lines, ''].join('\n')
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text)
  return path
}

let store: Store
let industries: Mapping
let shares: Mapping
beforeEach(async () => {
  store = await openDuckdb(':memory:')
  await store.ensureTables()
  industries = await loadMapping('cn-daily')
  shares = await loadMapping('cn-fund')
})
afterEach(() => store.close())

const takeIndustries = (effective?: string, file = industriesFile) =>
  importIndustries({ store, file, mapping: industries, effective })
const takeShares = (effective?: string) => importShares({ store, file: sharesFile, mapping: shares, effective })

const on = async (date: string) =>
  (await Listings.load(store)).on(date).map(({ instrument, industry, floatShares }) => ({
    instrument,
    industry,
    floatShares,
  }))

/** Stored bars whose prices were adjusted by a ratio. */
const bars = (instrument: string, ...rows: readonly (readonly [date: string, ratio: number])[]) =>
  store.append('pv', {
    count: rows.length,
    columns: {
      event_time: Float64Array.from(rows, ([date]) => dateToEventTime(date)),
      instrument: rows.map(() => instrument),
      revision: new Float64Array(rows.length),
      known_at: new Float64Array(rows.length),
      adj_ratio: Float64Array.from(rows, ([, ratio]) => ratio),
    },
  })

describe('import industries', () => {
  it('holds from its own date on, or from the one that is asked for, which it says is look-ahead', async () => {
    expect(await takeIndustries()).toMatchObject({
      asOf: '2023-03-17',
      effective: '2023-03-17',
      lookAhead: false,
      names: 2,
      written: 2,
      rejected: [
        { file: 'stocks.csv.gz', line: 4, reason: 'its industry is empty' },
        { file: 'stocks.csv.gz', line: 5, reason: "list date '19991340' is no date" },
      ],
    })
    expect(await on('2023-03-16')).toEqual([])
    expect((await on('2023-03-17')).map(({ industry }) => industry)).toEqual(['银行', '钢铁'])
    expect(await takeIndustries('2013-01-01')).toMatchObject({ effective: '2013-01-01', lookAhead: true })
    expect((await on('2013-01-01')).map(({ instrument }) => instrument)).toEqual(['600000.SH'])
  })

  it('a name is listed from its list date on, not before', async () => {
    await takeIndustries('2013-01-01')
    expect((await on('2023-02-28')).map(({ instrument }) => instrument)).toEqual(['600000.SH'])
    expect((await on('2023-03-01')).map(({ instrument }) => instrument)).toEqual(['600000.SH', '600001.SH'])
  })
})

describe('import shares', () => {
  it('in units of the stored price: divided by adjusted / raw at the date that the file is of', async () => {
    await bars('600000.SH', ['2016-09-02', 0.5], ['2016-12-30', 0.8])
    await bars('600009.SH', ['2011-03-01', Number.NaN])
    await takeIndustries('2013-01-01')
    const report = await takeShares('2013-01-01')
    expect(report).toMatchObject({ asOf: '2016-09-05', lookAhead: true, names: 3, unpriced: 1 })
    expect(report.rejected.map(({ line, reason }) => `${line}: ${reason}`)).toEqual([
      "5: outstanding '0.0' is not above 0",
      '6: float 300000 is above the total 200000',
    ])
    expect(await on('2013-01-01')).toEqual([
      { instrument: '600000.SH', industry: '银行', floatShares: 2e6 },
      { instrument: '600009.SH', industry: '', floatShares: 1e5 },
    ])
    expect((await on('2023-03-01')).at(1)).toEqual({ instrument: '600001.SH', industry: '钢铁', floatShares: 5e5 })
  })

  it('from their own date on, earlier days have none', async () => {
    await takeIndustries('2013-01-01')
    expect(await takeShares()).toMatchObject({ effective: '2016-09-05', lookAhead: false })
    expect((await on('2016-09-04')).map(({ floatShares }) => floatShares)).toEqual([Number.NaN])
    expect((await on('2016-09-05'))[0]).toEqual({ instrument: '600000.SH', industry: '银行', floatShares: 1e6 })
  })

  it.each(['shares first', 'industries first'])(
    'the order does not matter, and again nothing changes: %s',
    async (order) => {
      const imports = [() => takeShares(), () => takeIndustries('2013-01-01')]
      if (order === 'industries first') imports.reverse()
      for (const run of imports) expect((await run()).written).toBeGreaterThan(0)
      expect((await on('2016-09-05')).map(({ industry }) => industry)).toEqual(['银行', ''])
      expect((await on('2016-09-05')).map(({ floatShares }) => floatShares)).toEqual([1e6, 1e5])
      for (const run of imports) expect((await run()).written).toBe(0)
    },
  )

  it('an industry that changes reaches the rows that had carried it, not those with one of their own', async () => {
    const line = (industry: string) => [
      'ts_code,symbol,name,area,industry,list_date',
      `600000.SH,600000,浦发银行,上海,${industry},19991110`,
    ]
    await takeIndustries('2013-01-01', write('a.csv', line('银行')))
    await takeShares()
    await takeIndustries('2020-01-01', write('b.csv', line('保险')))
    await takeIndustries('2013-01-01', write('c.csv', line('证券')))
    const seen = await Promise.all(['2013-01-01', '2016-09-05', '2020-01-01'].map(on))
    expect(seen.map(([row]) => row.industry)).toEqual(['证券', '证券', '保险'])
  })

  it('a mapping without shares, and a file that is no CSV, are refused', async () => {
    const file = join(folder, 'x.parquet')
    await expect(importShares({ store, file, mapping: shares })).rejects.toThrow(/CB_FEED_INPUT: .*x.parquet ends/)
    await expect(importShares({ store, file: sharesFile, mapping: industries })).rejects.toThrow(
      /says nothing of shares/,
    )
    writeFileSync(join(folder, 'broken.csv.gz'), 'not gzip')
    const broken = { store, file: join(folder, 'broken.csv.gz'), mapping: shares }
    await expect(importShares(broken)).rejects.toThrow(/CB_FEED_INPUT: broken.csv.gz is no gzip/)
  })
})
