import { DuckDBInstance } from '@duckdb/node-api'
import { isText } from '../ports/store-rows.ts'
import type { Rows } from '../ports/store.ts'
import { ClosebellError } from '../../schemas/errors.ts'
import type { TableColumn } from '../../schemas/tables.ts'
import { fillStaging } from '../store/duckdb/columns.ts'
import { createStaging, quoted } from '../store/duckdb/statements.ts'

/**
 * Writes rows as a Parquet file: text columns, 64-bit integers for `long`, doubles else; NaN and '' become null.
 * @throws ClosebellError CB_ABSENT when the file cannot be written
 */
export async function writeParquet(file: string, columns: readonly TableColumn[], rows: Rows): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  try {
    await db.run(createStaging(columns))
    await fillStaging(db, columns, rows)
    await db.run(
      `COPY (SELECT ${columns.map(exported).join(', ')} FROM staged) ` +
        `TO '${file.replaceAll("'", "''")}' (FORMAT parquet)`,
    )
  } catch (cause) {
    throw new ClosebellError('CB_ABSENT', `${file} cannot be written: ${(cause as Error).message}`, { cause })
  } finally {
    db.closeSync()
    instance.closeSync()
  }
}

function exported(column: TableColumn): string {
  const name = quoted(column.name)
  if (isText(column.kind)) return `nullif(${name}, '') AS ${name}`
  const number = `nullif(${name}, 'NaN'::DOUBLE)`
  return `${column.kind === 'long' ? `CAST(${number} AS BIGINT)` : number} AS ${name}`
}
