import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { parse } from 'csv-parse/sync'
import { afterAll, describe, expect, it } from 'vitest'
import { documentOf } from '../../src/backtest/document.ts'
import { pageOf } from '../../src/backtest/page/page.ts'
import { writeBacktest } from '../../src/cli/backtest-files.ts'
import { seed } from '../seed.ts'
import { drawnBacktest } from './drawn-market.ts'

const provenance = { command: 'closebell backtest --set PV', store: 'duckdb:a', models: 'm', version: '0.1.0' }
const { result } = drawnBacktest({ seed, days: 200, names: 60 }, 10, ['PV', 'G', 'C', 'HF', 'DP', 'ML_C'])

describe('the page of a backtest', () => {
  const page = pageOf(result, provenance)

  it('is one file below 3 MB without script or request', () => {
    expect(page.length).toBeLessThan(3e6)
    expect(page).not.toMatch(/<script|<link|<iframe|@import|url\(/i)
    const addresses = [...page.matchAll(/(?:src|href|action|data)="([^"]*)"/g)].map(([, address]) => address)
    expect(addresses.filter((address) => !address.startsWith('data:text/csv'))).toEqual([])
    expect(page).not.toMatch(/\bon\w+="/)
  })

  it('has a caption, numbers and a CSV with every drawing', () => {
    const figures = page.split('<figure>').slice(1)
    expect(figures.length).toBeGreaterThanOrEqual(6 * 3 + 4)
    for (const figure of figures) {
      expect(figure).toMatch(/<figcaption>[^<]*Unit: /)
      expect(figure).toContain('<svg')
      expect(figure).toContain('<details>')
      expect(figure).toContain('href="data:text/csv')
    }
  })

  it('gives the published row beside each factor, and says no NaN', () => {
    expect(page.match(/class="published"/g)).toHaveLength(6)
    expect(page).toContain('0.142')
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/)
  })

  it('shows names as text, whatever they are', () => {
    const evil = '<img src=x onerror=alert(1)>'
    const factors = result.factors.map((one, i) => (i === 0 ? { ...one, factor: { ...one.factor, set: evil } } : one))
    const odd = pageOf({ ...result, factors, origins: [evil] }, { ...provenance, command: `closebell ${evil}` })
    expect(odd).not.toContain('<img')
    expect(odd).toContain('&lt;img src=x onerror=alert(1)&gt;')
  })
})

describe('the tables beside it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-report-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('carry the numbers of the document, factors and returns, in CSV and Parquet alike', async () => {
    const files = await writeBacktest(join(folder, 'report.html'), result, provenance)
    expect(files.map((file) => file.slice(folder.length + 1))).toEqual([
      'report.html',
      ...['metrics', 'daily', 'factors'].flatMap((name) => [`report-${name}.csv`, `report-${name}.parquet`]),
    ])
    for (const name of ['metrics', 'daily', 'factors']) {
      const csv: Record<string, string>[] = parse(readFileSync(join(folder, `report-${name}.csv`)), { columns: true })
      const file = await asyncBufferFromFile(join(folder, `report-${name}.parquet`))
      const parquet = await parquetReadObjects({ file, compressors })
      const texts = parquet.map((row) =>
        Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value === null ? '' : String(value)])),
      )
      expect(csv.length).toBeGreaterThan(0)
      expect(texts).toEqual(csv)
    }
  })

  it('let the headline be found again', async () => {
    await writeBacktest(join(folder, 'report.html'), result, provenance)
    const rows: Record<string, string>[] = parse(readFileSync(join(folder, 'report-metrics.csv')), { columns: true })
    for (const factor of documentOf(result).factors) {
      const meanOf = (metric: string, cost = ''): number =>
        Number(
          rows.find((row) => row['set'] === factor.set && row['metric'] === metric && row['cost_a_side'] === cost)?.[
            'mean'
          ],
        )
      expect(meanOf('rank_ic_10d')).toBe(factor.rank_ic)
      expect(meanOf('long_short_annual_return', '0')).toBe(factor.long_short.annual_return)
      expect(meanOf('long_only_information_ratio', '0')).toBe(factor.long_only.information_ratio)
      expect(meanOf('coverage')).toBe(factor.coverage)
    }
  })
})
