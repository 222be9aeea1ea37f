import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { csvOf } from '../backtest/csv.ts'
import { pageOf, type Provenance } from '../backtest/page/page.ts'
import type { BacktestResult } from '../backtest/result.ts'
import { tablesOf } from '../backtest/tables.ts'
import { writeParquet } from '../compose/parquet.ts'
import { ClosebellError } from '../../schemas/errors.ts'

/** Writes the page, and its tables beside it as CSV and Parquet. @returns the files */
export async function writeBacktest(out: string, result: BacktestResult, provenance: Provenance): Promise<string[]> {
  const stem = out.replace(/\.html?$/i, '')
  const tables = tablesOf(result)
  const files = [out]
  await written(out, () => writeFile(out, pageOf(result, provenance)))
  for (const { name, columns, rows } of tables) {
    const csv = `${stem}-${name}.csv`
    const parquet = `${stem}-${name}.parquet`
    await written(csv, () => pipeline(Readable.from(csvOf(columns, rows)), createWriteStream(csv)))
    await writeParquet(parquet, columns, rows)
    files.push(csv, parquet)
  }
  return files
}

async function written(file: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    throw new ClosebellError('CB_ABSENT', `${file} cannot be written: ${(cause as Error).message}`, { cause })
  }
}
