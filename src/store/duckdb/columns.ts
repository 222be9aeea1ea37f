import {
  DOUBLE,
  DuckDBDataChunk,
  DuckDBDoubleVector,
  DuckDBVarCharVector,
  VARCHAR,
  type DuckDBConnection,
  type DuckDBResult,
} from '@duckdb/node-api'
import type { TableColumn } from '../../../schemas/tables.ts'
import { isText } from '../../ports/store-rows.ts'
import type { ColumnValues, Rows } from '../../ports/store.ts'

/** Columns in and out of DuckDB, a vector at a time: no row is ever an object. */

/** DuckDB's vector size: the most rows that one data chunk takes. */
const chunkRows = 2048

/** Appends rows to the temporary table `staged`, whose columns are these. */
export async function fillStaging(db: DuckDBConnection, columns: readonly TableColumn[], rows: Rows): Promise<void> {
  const types = columns.map((column) => (isText(column.kind) ? VARCHAR : DOUBLE))
  const values = columns.map((column) => rows.columns[column.name] ?? [])
  const appender = await db.createAppender('staged', 'main', 'temp')
  for (let start = 0; start < rows.count; start += chunkRows) {
    const chunk = DuckDBDataChunk.create(types, Math.min(chunkRows, rows.count - start))
    values.forEach((column, index) => fillVector(chunk, index, column, start))
    appender.appendDataChunk(chunk)
  }
  appender.closeSync()
}

function fillVector(chunk: DuckDBDataChunk, index: number, values: ColumnValues, start: number): void {
  const vector = chunk.getColumnVector(index)
  const count = vector.itemCount
  for (let row = 0; row < count; row++) vector.setItem(row, values[start + row] as number)
  vector.flush()
}

/** A result whose columns are doubles (NaN = null) and strings ('' = null), and never null. */
export async function readColumns(result: DuckDBResult, columns: readonly TableColumn[]): Promise<Rows> {
  const chunks = await result.fetchAllChunks()
  const count = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0)
  const read: Record<string, ColumnValues> = {}
  columns.forEach((column, index) => {
    read[column.name] = isText(column.kind) ? readTexts(chunks, index, count) : readNumbers(chunks, index, count)
  })
  return { count, columns: read }
}

function readNumbers(chunks: readonly DuckDBDataChunk[], index: number, count: number): Float64Array {
  const values = new Float64Array(count)
  let at = 0
  for (const chunk of chunks) {
    const vector = chunk.getColumnVector(index)
    if (!(vector instanceof DuckDBDoubleVector)) throw new TypeError(`column ${index} was not read as DOUBLE`)
    const length = vector.itemCount
    for (let row = 0; row < length; row++) values[at++] = vector.getItem(row) as number
  }
  return values
}

function readTexts(chunks: readonly DuckDBDataChunk[], index: number, count: number): string[] {
  const values = new Array<string>(count)
  let at = 0
  for (const chunk of chunks) {
    const vector = chunk.getColumnVector(index)
    if (!(vector instanceof DuckDBVarCharVector)) throw new TypeError(`column ${index} was not read as VARCHAR`)
    const length = vector.itemCount
    for (let row = 0; row < length; row++) values[at++] = vector.getItem(row) as string
  }
  return values
}
