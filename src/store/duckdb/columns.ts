import {
  DOUBLE,
  DuckDBDataChunk,
  DuckDBDoubleVector,
  DuckDBVarCharVector,
  VARCHAR,
  type DuckDBConnection,
  type DuckDBMaterializedResult,
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
  for (let row = 0; row < chunk.rowCount; row++) vector.setItem(row, values[start + row] as number)
  vector.flush()
}

/** The rows of a result whose columns are doubles (NaN = null) and strings ('' = null), never null. */
export function readColumns(result: DuckDBMaterializedResult, columns: readonly TableColumn[]): Rows {
  const read: Record<string, ColumnValues> = {}
  columns.forEach((column, index) => {
    read[column.name] = isText(column.kind) ? readTexts(result, index) : readNumbers(result, index)
  })
  return { count: result.rowCount, columns: read }
}

function readNumbers(result: DuckDBMaterializedResult, index: number): Float64Array {
  const values = new Float64Array(result.rowCount)
  let at = 0
  for (let part = 0; part < result.chunkCount; part++) {
    const vector = result.getChunk(part).getColumnVector(index)
    if (!(vector instanceof DuckDBDoubleVector)) throw new TypeError(`column ${index} was not read as DOUBLE`)
    for (let row = 0; row < vector.itemCount; row++) values[at++] = vector.getItem(row) as number
  }
  return values
}

/** One column of strings that are never null. */
export function readTexts(result: DuckDBMaterializedResult, index: number): string[] {
  const values = new Array<string>(result.rowCount)
  let at = 0
  for (let part = 0; part < result.chunkCount; part++) {
    const vector = result.getChunk(part).getColumnVector(index)
    if (!(vector instanceof DuckDBVarCharVector)) throw new TypeError(`column ${index} was not read as VARCHAR`)
    for (let row = 0; row < vector.itemCount; row++) values[at++] = vector.getItem(row) as string
  }
  return values
}
