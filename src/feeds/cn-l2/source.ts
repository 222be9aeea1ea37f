import { createReadStream, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse'
import { ClosebellError } from '../../../schemas/errors.ts'

/** Reads one CSV record of an instrument into a table; answers what is wrong with it, or ''. */
export type RowReader = (record: readonly string[], instrument: string) => string

export type Form = 'sse-orders' | 'sse-trades' | 'szse-trades' | 'snapshots'

/** One vendor file and what its path, header and first row say: a file holds one date, one exchange and one channel. */
export interface Source {
  readonly path: string
  readonly date: string
  readonly form: Form
  readonly channel: string
  /** Text of the channel column of a tick file, '' for snapshots. */
  readonly channelNumber: string
  /** Exchange suffix of its symbols, SH or SZ. */
  readonly suffix: string
  /** Symbol of every row, or null where a `code` column names it. */
  readonly instrument: string | null
  /** Decimals that a price may have, and the scale they give: SSE publishes three, SZSE four. */
  readonly priceDigits: number
  readonly priceScale: number
  readonly columnCount: number
  /** Index of a column. @throws ClosebellError CB_FEED_INPUT when the header lacks it. */
  readonly column: (name: string) => number
  /** Index of a column, -1 when the header lacks it. */
  readonly optional: (name: string) => number
}

const datePattern = /^\d{4}-\d{2}-\d{2}$/
const symbolPattern = /^\d{6}\.(SH|SZ)$/
const csvPattern = /\.csv(\.gz)?$/

/** Every CSV file below the inputs, each once, in the order of their paths. @throws ClosebellError CB_ABSENT */
export function csvFiles(inputs: readonly string[]): string[] {
  const files = new Set<string>()
  for (const input of inputs) {
    const path = resolve(input)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined) throw new ClosebellError('CB_ABSENT', `no file or folder ${input}`)
    const names = stat.isDirectory() ? readdirSync(path, { recursive: true, encoding: 'utf8' }) : ['']
    const found = names.map((name) => join(path, name)).filter((file) => csvPattern.test(file))
    if (found.length === 0) throw new ClosebellError('CB_ABSENT', `no .csv or .csv.gz file in ${input}`)
    for (const file of found) files.add(file)
  }
  return [...files].sort()
}

/** The date a file is of: its nearest folder that is named YYYY-MM-DD. @throws ClosebellError CB_FEED_INPUT */
export function dateOf(path: string): string {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    if (datePattern.test(basename(folder))) return basename(folder)
  }
  throw new ClosebellError('CB_FEED_INPUT', `${path} lies in no folder named YYYY-MM-DD`)
}

/**
 * Records of a CSV file, the header first. Vendor files quote nothing, and records of another width come through:
 * the reader refuses those alone. @throws ClosebellError CB_FEED_INPUT for a truncated or damaged file
 */
export async function* records(path: string): AsyncGenerator<readonly string[]> {
  const parser = parse({ quote: false, relax_column_count: true })
  const file: Readable = createReadStream(path)
  let failed: Error | undefined
  const settle = (error: Error | null): void => {
    failed = error ?? undefined
  }
  if (path.endsWith('.gz')) pipeline(file, createGunzip(), parser, settle)
  else pipeline(file, parser, settle)
  try {
    for await (const record of parser) yield record as readonly string[]
  } catch (error) {
    const cause = failed ?? error
    throw new ClosebellError('CB_FEED_INPUT', `${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

function formOf(path: string, header: readonly string[]): Form {
  const has = (...names: string[]): boolean => names.every((name) => header.includes(name))
  if (has('bid_px1', 'ask_px10')) return 'snapshots'
  if (has('biz_index', 'order_no', 'type')) return 'sse-orders'
  if (has('biz_index', 'buy_no', 'sell_no')) return 'sse-trades'
  if (has('appl_seq', 'exec_type')) return 'szse-trades'
  throw new ClosebellError(
    'CB_FEED_INPUT',
    `${path} has none of the known headers, but ${header.slice(0, 12).join(',') || 'no line'}`,
  )
}

/** What a file is by its path, header and first row that names a channel and a symbol; null when it has no such row. */
export async function openSource(path: string): Promise<Source | null> {
  const folder = basename(dirname(path))
  let header: readonly string[] | undefined
  for await (const record of records(path)) {
    if (header === undefined) {
      header = record
      formOf(path, header)
      continue
    }
    const source = describe(path, header, record, symbolPattern.test(folder) ? folder : null)
    if (source !== null) return source
  }
  if (header === undefined) formOf(path, [])
  return null
}

function describe(
  path: string,
  header: readonly string[],
  first: readonly string[],
  folderSymbol: string | null,
): Source | null {
  const form = formOf(path, header)
  const optional = (name: string): number => header.indexOf(name)
  const column = (name: string): number => {
    const at = header.indexOf(name)
    if (at < 0) throw new ClosebellError('CB_FEED_INPUT', `${path} has no column ${name}`)
    return at
  }
  const instrument = optional('code') < 0 ? folderSymbol : null
  if (instrument === null && optional('code') < 0) {
    throw new ClosebellError('CB_FEED_INPUT', `${path} has no column code and its folder is no symbol like 600519.SH`)
  }
  const symbol = instrument ?? first[column('code')] ?? ''
  const suffix = symbolPattern.exec(symbol)?.[1]
  const channelNumber = form === 'snapshots' ? '' : (first[column('channel')] ?? '')
  if (suffix === undefined || (form !== 'snapshots' && !/^\d+$/.test(channelNumber))) return null
  const exchange = suffix === 'SH' ? 'sse' : 'szse'
  const priceDigits = suffix === 'SH' ? 3 : 4
  return {
    path,
    date: dateOf(path),
    form,
    channel: form === 'snapshots' ? `${exchange}-books` : `${exchange}-${channelNumber}`,
    channelNumber,
    suffix,
    instrument,
    priceDigits,
    priceScale: 10 ** priceDigits,
    columnCount: header.length,
    column,
    optional,
  }
}

/**
 * Runs every record of a file through its reader. A record that is no event goes to `report` with file and line,
 * and reading goes on.
 */
export async function readRows(
  source: Source,
  read: RowReader,
  report: (error: ClosebellError) => void,
): Promise<void> {
  const codeAt = source.optional('code')
  let line = 0
  for await (const record of records(source.path)) {
    line++
    if (line === 1) continue
    const instrument = source.instrument ?? record[codeAt] ?? ''
    const wrong =
      record.length !== source.columnCount
        ? `${record.length} columns, the header has ${source.columnCount}`
        : symbolPattern.exec(instrument)?.[1] !== source.suffix
          ? `code is '${instrument}' in a file of ${source.suffix}`
          : read(record, instrument)
    if (wrong !== '') report(new ClosebellError('CB_FEED_INPUT', `${source.path}:${line}: ${wrong}`))
  }
}
