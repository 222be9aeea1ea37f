import { parquetMetadataAsync, parquetRead, type ColumnData, type FileMetaData } from 'hyparquet'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { TableColumn } from '../../../schemas/tables.ts'
import { isText } from '../../ports/store-rows.ts'
import type { ColumnValues, Rows } from '../../ports/store.ts'

/** More rows than this no panel has: a bound on what a hostile answer can make us allocate. */
const rowsMax = 50_000_000

/**
 * The columns of a Parquet file: numbers as f64 with NaN for null, strings with '' for null.
 * @throws ClosebellError CB_WIRE_VALUE for bytes that are none
 */
export async function readParquet(file: ArrayBuffer, columns: readonly TableColumn[]): Promise<Rows> {
  try {
    return await read(file, columns)
  } catch (cause) {
    const fact = `the store answered with ${file.byteLength} bytes that are no Parquet file: ${String(cause)}`
    throw new ClosebellError('CB_WIRE_VALUE', fact, { cause, remedy: 'Look at the log of QuestDB.' })
  }
}

async function read(file: ArrayBuffer, columns: readonly TableColumn[]): Promise<Rows> {
  const metadata = await parquetMetadataAsync(file)
  const count = rowsOf(metadata)
  const filled = new Map<string, Float64Array | string[]>(
    columns.map(({ name, kind }) => [name, isText(kind) ? new Array<string>(count).fill('') : emptyNumbers(count)]),
  )
  const onChunk = ({ columnName, columnData, rowStart, rowEnd }: ColumnData): void => {
    const values = filled.get(columnName)
    if (values instanceof Float64Array) copyNumbers(columnData, values, rowStart, rowEnd)
    else if (values !== undefined) copyTexts(columnData, values, rowStart, rowEnd)
  }
  if (count > 0) await parquetRead({ file, metadata, onChunk })
  return { count, columns: Object.fromEntries<ColumnValues>(filled) }
}

/** Rows that the file promises, when all that it says of them agrees and it is not compressed. @throws RangeError */
function rowsOf({ num_rows: promised, row_groups: groups }: FileMetaData): number {
  const count = Number(promised)
  const grouped = groups.reduce((sum, group) => sum + Number(group.num_rows), 0)
  const isWhole = groups.every(({ num_rows: rows, columns }) =>
    columns.every(({ meta_data: column }) => column?.num_values === rows && column.codec === 'UNCOMPRESSED'),
  )
  if (count >= 0 && count <= rowsMax && count === grouped && isWhole) return count
  throw new RangeError(`${count} rows in groups of ${grouped}, each of which must be whole and uncompressed`)
}

const emptyNumbers = (count: number): Float64Array => new Float64Array(count).fill(NaN)

type Decoded = ColumnData['columnData']

function copyNumbers(from: Decoded, to: Float64Array, start: number, end: number): void {
  if (from instanceof Float64Array) {
    to.set(from.length === end - start ? from : from.subarray(0, end - start), start)
    return
  }
  for (let row = start; row < end; row++) {
    const value = from[row - start] as number | bigint | null | undefined
    if (value !== null && value !== undefined) to[row] = Number(value)
  }
}

function copyTexts(from: Decoded, to: string[], start: number, end: number): void {
  for (let row = start; row < end; row++) to[row] = (from[row - start] as string | null | undefined) ?? ''
}
