import { parquetMetadataAsync, parquetRead, type ColumnData, type FileMetaData } from 'hyparquet'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { TableColumn } from '../../../schemas/tables.ts'
import { isText } from '../../ports/store-rows.ts'
import type { ColumnValues, Rows } from '../../ports/store.ts'
import { checkMetadata, checkPages } from './parquet-bounds.ts'

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
  checkMetadata(file)
  const metadata = await parquetMetadataAsync(file)
  const count = rowsOf(metadata)
  checkPages(file, metadata)
  const filled = new Map<string, Float64Array | string[]>(
    columns.map(({ name, kind }) => [name, isText(kind) ? new Array<string>(count).fill('') : emptyNumbers(count)]),
  )
  const tooMany: ColumnData[] = []
  const onChunk = (chunk: ColumnData): void => {
    const { columnName, columnData, rowStart, rowEnd } = chunk
    const values = filled.get(columnName)
    // What is thrown here reaches nobody.
    if (rowEnd > count) tooMany.push(chunk)
    else if (values instanceof Float64Array) copyNumbers(columnData, values, rowStart, rowEnd)
    else if (values !== undefined) copyTexts(columnData, values, rowStart, rowEnd)
  }
  if (count > 0) await parquetRead({ file, metadata, onChunk })
  if (tooMany.length > 0) throw new RangeError(`${tooMany[0].columnName} has more than ${count} rows`)
  return { count, columns: Object.fromEntries<ColumnValues>(filled) }
}

/** Rows that the file promises, when all that it says of them agrees and it is not compressed. @throws RangeError */
function rowsOf(metadata: FileMetaData): number {
  const { num_rows: promised, row_groups: groups } = metadata
  const count = Number(promised)
  const grouped = groups.reduce((sum, group) => sum + Number(group.num_rows), 0)
  const isWhole = groups.every(({ num_rows: rows, columns }) =>
    columns.every(({ meta_data: column }) => column?.num_values === rows && column.codec === 'UNCOMPRESSED'),
  )
  if (count >= 0 && count <= rowsMax && count === grouped && isWhole && isTable(metadata)) return count
  throw new RangeError(`${count} rows in groups of ${grouped}, each of which must be whole, flat and uncompressed`)
}

/**
 * Whether each group has every column of the schema once, and none is nested: of others the reader leaves promises
 * behind, whose failure would end the process.
 */
function isTable({ schema, row_groups: groups }: FileMetaData): boolean {
  const [root, ...leaves] = schema
  const names = new Set(leaves.map(({ name }) => name))
  const isFlat = root.num_children === leaves.length && leaves.every((leaf) => (leaf.num_children ?? 0) === 0)
  const hasAll = ({ columns }: FileMetaData['row_groups'][number]): boolean => {
    const paths = columns.map(({ meta_data: column }) => column?.path_in_schema ?? [])
    const found = new Set(paths.flatMap((path) => (path.length === 1 ? path : [])))
    return columns.length === names.size && found.size === names.size && paths.every(([name]) => names.has(name))
  }
  return isFlat && names.size === leaves.length && groups.every(hasAll)
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
