import { access } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { tmpdir } from 'node:os'
import {
  DuckDBDoubleVector,
  DuckDBInstance,
  type DuckDBAppender,
  type DuckDBConnection,
  type DuckDBDataChunk,
} from '@duckdb/node-api'
import { ClosebellError } from '../../../schemas/errors.ts'
import { numberIn, readRows, type CsvRow, type RejectedRow } from '../csv-rows.ts'
import type { DailyMapping } from '../mapping.ts'
import { toldMax, type DailyTally } from './report.ts'

export interface FileSpan {
  readonly from: string
  readonly to: string
}

/** Numbers of a bar as the files give them; the last two are NaN where the mapping names no such column. */
export const barFields = ['open', 'high', 'low', 'close', 'volume', 'amount', 'previous_close', 'traded'] as const
type BarField = (typeof barFields)[number]

const chunkFields = ['name', 'day', 'file', 'line', ...barFields] as const

/** Rows by (day, name, file, line), column by column. `name` is an index into the symbols, `day` days since 1970. */
export type BarChunk = Readonly<Record<(typeof chunkFields)[number], Float64Array>> & { readonly count: number }

/**
 * Daily bars of Parquet and CSV files (.parquet, .csv, .csv.gz), read in the order of their days whatever order they
 * lie in. CSV rows are read once into a table that may spill to disk; Parquet is read where it lies.
 */
export class BarFiles {
  /** Symbols of all rows, sorted. */
  readonly symbols: readonly string[]
  readonly firstYear: number
  readonly lastYear: number
  readonly rows: number
  private readonly instance: DuckDBInstance
  private readonly db: DuckDBConnection

  private readonly files: readonly string[]

  private constructor(
    connected: { readonly instance: DuckDBInstance; readonly db: DuckDBConnection },
    symbols: readonly string[],
    [firstYear, lastYear, rows]: readonly number[],
    files: readonly string[],
  ) {
    this.instance = connected.instance
    this.db = connected.db
    this.symbols = symbols
    this.firstYear = firstYear
    this.lastYear = lastYear
    this.rows = rows
    this.files = files
  }

  /**
   * Rows whose code or date is none are rejected here.
   * @param symbolOf symbol of a code, null = none
   * @throws ClosebellError CB_ABSENT, CB_FEED_INPUT for a file of another form or without a column
   */
  static async open(
    files: readonly string[],
    mapping: DailyMapping,
    symbolOf: (code: string) => string | null,
    tally: DailyTally,
  ): Promise<BarFiles> {
    for (const file of files) await requireFile(file)
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: '400MB',
      temp_directory: join(tmpdir(), `closebell-import-${process.pid}`),
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    })
    const db = await instance.connect()
    try {
      await stageCsv(db, files, mapping, tally)
      await db.run(`CREATE VIEW bars AS ${[staged, ...(await parquetBars(db, files, mapping))].join(' UNION ALL ')}`)
      const symbols = await nameCodes(db, files, symbolOf, tally)
      return new BarFiles({ instance, db }, symbols, await spanOf(db), files)
    } catch (error) {
      db.closeSync()
      instance.closeSync()
      throw readable(error, files)
    }
  }

  /** First and last date of each file, in the order in which they were named; null for one without a dated row. */
  spans(): Promise<(FileSpan | null)[]> {
    return spansOf(this.db, this.files.length)
  }

  /** Rows of one calendar year. */
  async *year(year: number): AsyncGenerator<BarChunk> {
    try {
      yield* this.chunks(year)
    } catch (error) {
      throw readable(error, this.files)
    }
  }

  private async *chunks(year: number): AsyncGenerator<BarChunk> {
    const result = await this.db.stream(
      `SELECT codes.name, CAST(date - DATE '1970-01-01' AS DOUBLE) AS day, CAST(file AS DOUBLE), line,
         ${barFields.map((field) => `coalesce(${field}, 'NaN'::DOUBLE)`).join(', ')}
       FROM bars JOIN codes USING (code)
       WHERE date >= DATE '${year}-01-01' AND date < DATE '${year + 1}-01-01'
       ORDER BY date, codes.name, file, line`,
    )
    for (
      let chunk = await result.fetchChunk();
      chunk !== null && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    ) {
      yield chunkOf(chunk)
    }
  }

  close(): void {
    this.db.closeSync()
    this.instance.closeSync()
  }
}

/** What DuckDB says of damaged bytes is a plain Error. */
function readable(error: unknown, files: readonly string[]): Error {
  if (error instanceof ClosebellError || (error instanceof Error && error.constructor !== Error)) return error
  const fact = `${files.map((file) => basename(file)).join(', ')} cannot be read: ${(error as Error).message}`
  return new ClosebellError('CB_FEED_INPUT', fact, { cause: error })
}

function chunkOf(chunk: DuckDBDataChunk): BarChunk {
  const count = chunk.rowCount
  const columns = chunkFields.map((field, index) => {
    const vector = chunk.getColumnVector(index)
    if (!(vector instanceof DuckDBDoubleVector)) throw new TypeError(`${field} was not read as DOUBLE`)
    return [field, Float64Array.from({ length: count }, (_, row) => vector.getItem(row) as number)] as const
  })
  return { ...(Object.fromEntries(columns) as Record<(typeof chunkFields)[number], Float64Array>), count }
}

const isParquet = (file: string): boolean => file.endsWith('.parquet')

async function requireFile(file: string): Promise<void> {
  await access(file).catch((cause: unknown) => {
    throw new ClosebellError('CB_ABSENT', `no file ${file}`, { cause })
  })
  if (isParquet(file) || /\.csv(\.gz)?$/.test(file)) return
  throw new ClosebellError('CB_FEED_INPUT', `${basename(file)} ends neither in .parquet nor in .csv or .csv.gz`)
}

const unitOf = ({ units }: DailyMapping, field: BarField): number =>
  field === 'volume' || field === 'amount' ? (units?.[field] ?? 1) : 1

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

const staged = `SELECT file, line, code, DATE '1970-01-01' + CAST(day AS INTEGER) AS date,
  ${barFields.map((field) => `nullif(${field}, 'NaN'::DOUBLE) AS ${field}`).join(', ')} FROM staged`

async function stageCsv(
  db: DuckDBConnection,
  files: readonly string[],
  mapping: DailyMapping,
  tally: DailyTally,
): Promise<void> {
  const columns = barFields.map((field) => `${field} DOUBLE`).join(', ')
  await db.run(`CREATE TABLE staged (file INTEGER, line DOUBLE, code VARCHAR, day DOUBLE, ${columns})`)
  const wanted = Object.values(mapping.columns).filter((name) => name !== undefined)
  for (const [index, file] of files.entries()) {
    if (isParquet(file)) continue
    const rejected: RejectedRow[] = []
    const appender = await db.createAppender('staged')
    await readRows(file, wanted, rejected, (row, line) => appendRow(appender, mapping, index, row, line))
    appender.closeSync()
    rejected.forEach((row) => tally.reject(row))
    tally.read += rejected.length
  }
}

function appendRow(appender: DuckDBAppender, mapping: DailyMapping, file: number, row: CsvRow, line: number): void {
  const { columns } = mapping
  const day = dayOf(row[columns.date])
  const values = barFields.map((field) => {
    const name = columns[field]
    return name === undefined ? NaN : numberIn(row, name) * unitOf(mapping, field)
  })
  appender.appendInteger(file)
  appender.appendDouble(line)
  appender.appendVarchar(row[columns.code])
  appender.appendDouble(day)
  for (const value of values) appender.appendDouble(value)
  appender.endRow()
}

/** Days since 1970 of YYYY-MM-DD or YYYYMMDD. @throws RangeError */
function dayOf(text: string): number {
  const [, year, month, day] = /^(\d{4})(?:-?)(\d{2})(?:-?)(\d{2})$/.exec(text) ?? []
  const date = `${year}-${month}-${day}`
  const ms = Date.parse(`${date}T00:00:00Z`)
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== date) {
    throw new RangeError(`date '${text}' is no date YYYY-MM-DD`)
  }
  return ms / 86_400_000
}

async function parquetBars(db: DuckDBConnection, files: readonly string[], mapping: DailyMapping): Promise<string[]> {
  const parquet = files.filter(isParquet)
  if (parquet.length === 0) return []
  await db.run('CREATE TABLE files (file INTEGER, path VARCHAR)')
  for (const [index, file] of files.entries()) {
    if (isParquet(file)) await db.run(`INSERT INTO files VALUES (${index}, ${literal(file)})`)
  }
  let dateType = ''
  for (const file of parquet) dateType = (await typesOf(db, file, mapping)).get(mapping.columns.date) as string
  const list = parquet.map(literal).join(', ')
  const values = barFields.map((field) => {
    const name = mapping.columns[field]
    if (name === undefined) return `NULL::DOUBLE AS ${field}`
    return `TRY_CAST(${quoted(name)} AS DOUBLE) * ${unitOf(mapping, field)} AS ${field}`
  })
  return [
    `SELECT files.file, CAST(file_row_number AS DOUBLE) + 1 AS line, CAST(${quoted(mapping.columns.code)} AS VARCHAR),
       ${dateExpression(quoted(mapping.columns.date), dateType)} AS date, ${values.join(', ')}
     FROM read_parquet([${list}], filename = true, file_row_number = true, union_by_name = true) AS rows
     JOIN files ON files.path = rows.filename`,
  ]
}

async function typesOf(db: DuckDBConnection, file: string, mapping: DailyMapping): Promise<Map<string, string>> {
  const described = await db
    .runAndReadAll(`DESCRIBE SELECT * FROM read_parquet(${literal(file)})`)
    .catch((cause: unknown) => {
      throw new ClosebellError('CB_FEED_INPUT', `${basename(file)} is no Parquet file`, { cause })
    })
  const types = new Map(described.getRowsJS().map(([name, type]) => [String(name), String(type)]))
  const missing = Object.values(mapping.columns).filter((name) => name !== undefined && !types.has(name))
  if (missing.length === 0) return types
  throw new ClosebellError('CB_FEED_INPUT', `${basename(file)} has no column ${missing.join(', ')}`)
}

/** A date column is compared as it stands, so that row groups of other years are passed over. */
function dateExpression(name: string, type: string): string {
  if (type === 'DATE') return name
  if (/^TIMESTAMP/.test(type)) return `CAST(${name} AS DATE)`
  return `CAST(coalesce(try_strptime(CAST(${name} AS VARCHAR), '%Y-%m-%d'),
    try_strptime(CAST(${name} AS VARCHAR), '%Y%m%d')) AS DATE)`
}

/** Numbers the symbols in their order; rows of codes that are none, or without a date, are rejected. */
async function nameCodes(
  db: DuckDBConnection,
  files: readonly string[],
  symbolOf: (code: string) => string | null,
  tally: DailyTally,
): Promise<string[]> {
  const [codes = []] = (await (await db.run('SELECT DISTINCT code FROM bars')).getColumnsJS()) as (string | null)[][]
  const known = codes.flatMap((code) => {
    const symbol = code === null ? null : symbolOf(code)
    return symbol === null ? [] : [{ code: code as string, symbol }]
  })
  const symbols = [...new Set(known.map(({ symbol }) => symbol))].sort()
  const placeOf = new Map(symbols.map((symbol, place) => [symbol, place]))
  await db.run('CREATE TABLE codes (code VARCHAR, name DOUBLE)')
  const appender = await db.createAppender('codes')
  for (const { code, symbol } of known) {
    appender.appendVarchar(code)
    appender.appendDouble(placeOf.get(symbol) as number)
    appender.endRow()
  }
  appender.closeSync()
  await rejectFaults(db, files, tally)
  return symbols
}

async function rejectFaults(db: DuckDBConnection, files: readonly string[], tally: DailyTally): Promise<void> {
  const faults = `FROM bars WHERE date IS NULL OR code IS NULL OR code NOT IN (SELECT code FROM codes)`
  const [[count]] = (await (await db.run(`SELECT count(*)::DOUBLE ${faults}`)).getRowsJS()) as [[number]]
  const told = await db.run(
    `SELECT file::DOUBLE, line, coalesce(code, ''), date IS NULL ${faults} ORDER BY file, line LIMIT ${toldMax}`,
  )
  const rows = (await told.getRowsJS()) as [number, number, string, boolean][]
  for (const [file, line, code, dateless] of rows) {
    tally.reject({
      file: basename(files[file]),
      line,
      reason: dateless ? 'its date is none' : `code '${code}' is no symbol`,
    })
  }
  tally.rejectedCount += count - rows.length
  tally.read += count
}

/** First and last date of each file, by its place; null for one without a dated row. */
async function spansOf(db: DuckDBConnection, files: number): Promise<(FileSpan | null)[]> {
  const spans = new Array<FileSpan | null>(files).fill(null)
  const result = await db.run(
    'SELECT file::DOUBLE, min(date)::VARCHAR, max(date)::VARCHAR FROM bars WHERE date IS NOT NULL GROUP BY file',
  )
  for (const [file, from, to] of (await result.getRowsJS()) as [number, string, string][]) spans[file] = { from, to }
  return spans
}

/** First and last year and number of the rows. */
async function spanOf(db: DuckDBConnection): Promise<number[]> {
  const result = await db.run(
    `SELECT coalesce(year(min(date)), 0)::DOUBLE, coalesce(year(max(date)), -1)::DOUBLE, count(*)::DOUBLE FROM bars`,
  )
  return (await result.getRowsJS())[0] as number[]
}
