import { parquetMetadataAsync, parquetRead, type ColumnData } from 'hyparquet'
import type { TableColumn } from '../../../schemas/tables.ts'
import { isText } from '../../ports/store-rows.ts'
import type { ColumnValues, Rows } from '../../ports/store.ts'

/** The columns of a Parquet file: numbers as f64 with NaN for null, strings with '' for null. */
export async function readParquet(file: ArrayBuffer, columns: readonly TableColumn[]): Promise<Rows> {
  const metadata = await parquetMetadataAsync(file)
  const count = Number(metadata.num_rows)
  const read = new Map<string, Float64Array | string[]>(
    columns.map(({ name, kind }) => [name, isText(kind) ? new Array<string>(count).fill('') : emptyNumbers(count)]),
  )
  const onChunk = ({ columnName, columnData, rowStart, rowEnd }: ColumnData): void => {
    const values = read.get(columnName)
    if (values instanceof Float64Array) copyNumbers(columnData, values, rowStart, rowEnd)
    else if (values !== undefined) copyTexts(columnData, values, rowStart, rowEnd)
  }
  if (count > 0) await parquetRead({ file, metadata, onChunk })
  return { count, columns: Object.fromEntries<ColumnValues>(read) }
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
