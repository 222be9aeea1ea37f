import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { cn } from '../../schemas/profiles/index.ts'
import { tableOf } from '../../schemas/tables.ts'
import { importDaily } from '../../src/import/daily/import-daily.ts'
import { loadMapping } from '../../src/import/mapping.ts'
import type { Store } from '../../src/ports/store.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { seed } from '../seed.ts'
import { openReal, prefixOf, realQuestdb } from '../store/real-questdb.ts'
import { drawBars, linesOf, writeCsv } from './drawn-bars.ts'

const folder = mkdtempSync(join(tmpdir(), 'closebell-questdb-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(realQuestdb === null)('import daily into QuestDB', () => {
  it(
    'gives the rows that DuckDB gets, goes on from the year before, and again changes nothing',
    { timeout: 120_000 },
    async () => {
      const bars = drawBars(seed, ['000001.SZ', '600000.SH', '600004.SH'], '2022-07-01', '2023-06-30')
      const files = ['2022', '2023'].map((year) =>
        writeCsv(
          join(folder, `${year}.csv`),
          linesOf(
            bars.filter(({ date }) => date.startsWith(year)),
            'adjusted',
          ),
        ),
      )
      const mapping = await loadMapping('cn-daily')
      const contents = (store: Store): Promise<unknown> =>
        Promise.all(
          (['pv', 'g'] as const).map((table) => {
            const columns = tableOf(table).columns.map(({ name }) => name)
            return store.panel({ table, columns, from: '2022-01-01', to: '2023-12-31' })
          }),
        )
      const questdb = await openReal(prefixOf('import'))
      const duckdb = await openDuckdb(':memory:')
      await importDaily({ store: duckdb, files, mapping, profile: cn })
      for (const file of files) await importDaily({ store: questdb, files: [file], mapping, profile: cn })
      const stored = await contents(questdb)
      expect(stored).toEqual(await contents(duckdb))
      expect((await importDaily({ store: questdb, files, mapping, profile: cn })).unchanged).toBe(true)
      expect(await contents(questdb)).toEqual(stored)
      await Promise.all([questdb.close(), duckdb.close()])
    },
  )
})
