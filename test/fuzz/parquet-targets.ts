import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { TableColumn } from '../../schemas/tables.ts'
import { writeParquet } from '../../src/compose/parquet.ts'
import { BarFiles } from '../../src/import/daily/bar-files.ts'
import { DailyTally } from '../../src/import/daily/report.ts'
import type { DailyMapping } from '../../src/import/mapping.ts'
import { readParquet } from '../../src/store/questdb/parquet.ts'
import { mutated } from './mutate.ts'
import type { Target } from './runner.ts'

const columns: readonly TableColumn[] = [
  { name: 'date', kind: 'text' },
  { name: 'code', kind: 'text' },
  ...['open', 'high', 'low', 'close', 'volume', 'amount'].map((name) => ({ name, kind: 'double' as const })),
]

const mapping: DailyMapping = {
  columns: {
    date: 'date',
    code: 'code',
    open: 'open',
    high: 'high',
    low: 'low',
    close: 'close',
    volume: 'volume',
    amount: 'amount',
  },
}

async function uncompressed(from: string, to: string): Promise<Buffer> {
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  await db.run(`COPY (FROM '${from}') TO '${to}' (FORMAT parquet, COMPRESSION uncompressed)`)
  db.closeSync()
  instance.closeSync()
  return readFileSync(to)
}

/** Parquet files as QuestDB answers with them, and as vendors give them. */
export async function parquetTargets(): Promise<Target[]> {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-fuzz-parquet-'))
  const file = join(folder, 'bars.parquet')
  const numbers = Array.from({ length: 40 }, (_, i) => [NaN, 10 + i, 1e9][i % 3] as number)
  const rows = {
    date: numbers.map((_, i) => `2023-02-${String((i % 28) + 1).padStart(2, '0')}`),
    code: numbers.map((_, i) => `60000${i % 3}.SH`),
    ...Object.fromEntries(columns.slice(2).map(({ name }) => [name, Float64Array.from(numbers)])),
  }
  await writeParquet(file, columns, { count: numbers.length, columns: rows })
  const corpus = [readFileSync(file)]
  const plain = [await uncompressed(file, join(folder, 'plain.parquet'))]
  return [
    {
      name: 'Parquet of the store',
      share: 4,
      draw: (random) => mutated(plain, random),
      read: (input) => readParquet(Uint8Array.from(input).buffer, columns),
    },
    {
      name: 'Parquet of a vendor',
      share: 0.1,
      startMs: 200,
      draw: (random) => mutated(corpus, random),
      read: async (input) => {
        writeFileSync(file, input)
        const bars = await BarFiles.open([file], mapping, (code) => code, new DailyTally())
        try {
          for await (const part of bars.year(2023)) void part
        } finally {
          bars.close()
        }
      },
      close: async () => rmSync(folder, { recursive: true }),
    },
  ]
}
