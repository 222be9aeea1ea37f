import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, describe, expect, it } from 'vitest'
import { cn } from '../../schemas/profiles/index.ts'
import { importDaily, type DailyReport } from '../../src/import/daily/import-daily.ts'
import { loadMapping } from '../../src/import/mapping.ts'
import type { Store } from '../../src/ports/store.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { comparablePrices } from '../../src/workers/history/prices.ts'
import { storedPanel } from '../../src/workers/history/panels.ts'
import { writeParquet } from './drawn-bars.ts'

const data = resolve('../shared/data')
const isAbsent = !existsSync(data)
if (isAbsent) console.info(`real years are skipped: there is no folder ${data}`)

const folder = mkdtempSync(join(tmpdir(), 'closebell-real-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Rows of a few names of real files: every 300th code, so that the test takes seconds. */
async function extract(
  name: string,
  files: string,
  each: number,
): Promise<{ file: string; changes: Map<string, number> }> {
  const codes = `(SELECT code FROM (SELECT code, row_number() OVER (ORDER BY code) AS n FROM
    (SELECT DISTINCT code FROM '${files}')) WHERE n % ${each} = 1)`
  const file = await writeParquet(
    join(folder, name),
    `SELECT * FROM '${files}' WHERE code IN ${codes} ORDER BY code, date`,
  )
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  const read = await db.runAndReadAll(
    `SELECT code || ' ' || CAST(date AS VARCHAR), CAST(pct_chg AS DOUBLE) FROM '${file}' WHERE volume > 0`,
  )
  const changes = new Map(read.getRowsJS() as [string, number][])
  db.closeSync()
  instance.closeSync()
  return { file, changes }
}

/** Half of the last decimal of the vendor's changes, as a share. */
const changeRounding = 5e-7

/**
 * Largest difference between the vendor's daily change and the one of comparable closes, beyond what the rounding of
 * both closes (`rounding`, a price) and of the change explains, how many are beyond that, and how many were compared.
 */
async function compareReturns(
  store: Store,
  changes: ReadonlyMap<string, number>,
  report: DailyReport,
  rounding: number,
) {
  const panel = await storedPanel(store, 'PV', ['pv_close'], report.from, report.to)
  const closes = comparablePrices(panel, 'pv_close')
  const names = panel.instruments.length
  let [worst, beyond, compared] = [0, 0, 0]
  panel.instruments.forEach((instrument, i) => {
    let before = Number.NaN
    panel.dates.forEach((date, d) => {
      const close = closes[d * names + i]
      if (Number.isNaN(close)) return
      const told = changes.get(`${instrument} ${date}`) ?? Number.NaN
      if (before > 0) {
        compared++
        const explained = (rounding * (1 + close / before)) / before + changeRounding
        const excess = Math.abs(close / before - 1 - told / 100) - explained
        worst = Math.max(worst, excess)
        if (excess > 1e-6) beyond++
      }
      before = close
    })
  })
  return { worst, beyond, compared }
}

describe.skipIf(isAbsent)('real years', () => {
  it(
    'cn-daily: no row is lost, returns are the vendor’s, and every vwap lies in its day',
    { timeout: 60_000 },
    async () => {
      const { file, changes } = await extract('cn-daily.parquet', join(data, 'cn-daily/*.parquet'), 300)
      const store = await openDuckdb(':memory:')
      const report = await importDaily({ store, files: [file], mapping: await loadMapping('cn-daily'), profile: cn })
      expect(report.tally).toMatchObject({ read: changes.size, stored: changes.size, rejectedCount: 0 })
      expect([report.from, report.to]).toEqual(['2013-01-04', '2016-12-30'])
      const { worst, beyond, compared } = await compareReturns(store, changes, report, 0.00005)
      expect(compared).toBe(changes.size - report.names)
      // The vendor's change of an ex-day goes by a previous close in whole cents.
      expect(beyond / compared).toBeLessThan(0.005)
      expect(worst).toBeLessThan(2e-3)
      const pv = await storedPanel(store, 'PV', ['pv_low', 'pv_vwap', 'pv_high'], report.from, report.to)
      const width = pv.instruments.length
      for (let at = 0; at < pv.values.length; at += 3 * width) {
        for (let i = at; i < at + width; i++) {
          expect(pv.values[i] > pv.values[i + width] || pv.values[i + width] > pv.values[i + 2 * width]).toBe(false)
        }
      }
      // A-shares pay once a year at most as a rule: far fewer breaks than days, and some.
      expect(report.breaks / changes.size).toBeLessThan(2 / 242)
      expect(report.breaks).toBeGreaterThan(0)
      await store.close()
    },
  )

  it('cn-csi300: raw prices by their factor give the vendor’s adjusted returns', { timeout: 60_000 }, async () => {
    const { file, changes } = await extract('cn-csi300.parquet', join(data, 'cn-csi300/*.parquet'), 30)
    const store = await openDuckdb(':memory:')
    const report = await importDaily({ store, files: [file], mapping: await loadMapping('cn-csi300'), profile: cn })
    expect(report.tally).toMatchObject({ stored: changes.size, rejectedCount: 0 })
    const { beyond, compared } = await compareReturns(store, changes, report, 0)
    expect([compared, beyond]).toEqual([changes.size - report.names, 0])
    await store.close()
  })
})
