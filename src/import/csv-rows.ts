import { createReadStream } from 'node:fs'
import { access } from 'node:fs/promises'
import { basename } from 'node:path'
import { createGunzip } from 'node:zlib'
import type { Readable } from 'node:stream'
import { parse, type CsvError, type Parser } from 'csv-parse'
import { ClosebellError } from '../../schemas/errors.ts'

/** A row that was left out. */
export interface RejectedRow {
  readonly file: string
  /** Line of the file, 1 = the header. */
  readonly line: number
  readonly reason: string
}

export type CsvRow = Readonly<Record<string, string>>

/**
 * Reads a file with a header line, of gzip where its name ends so. Each row goes to `take` with its line; one that is
 * broken, or that `take` refuses by throwing a RangeError, costs itself alone and is added to `rejected`.
 * @throws ClosebellError CB_ABSENT without the file, CB_FEED_INPUT when its header lacks a column or it is no gzip
 */
export async function readRows(
  path: string,
  columns: readonly string[],
  rejected: RejectedRow[],
  take: (row: CsvRow, line: number) => Promise<void> | void,
): Promise<void> {
  const file = basename(path)
  await access(path).catch((cause: unknown) => {
    throw new ClosebellError('CB_ABSENT', `no file ${file}`, { cause })
  })
  const refused: RejectedRow[] = []
  const reject = (line: number, reason: string): undefined => {
    refused.push({ file, line, reason })
  }
  const parser = parse({
    columns: (header: string[]) => {
      const missing = columns.filter((name) => !header.includes(name))
      if (missing.length > 0) throw new ClosebellError('CB_FEED_INPUT', `${file} has no column ${missing.join(', ')}`)
      return header
    },
    info: true,
    skip_records_with_error: true,
    on_skip: (error: CsvError | undefined) => reject(Number(error?.['lines']), error?.message ?? 'unreadable'),
  })
  const source = createReadStream(path)
  source.on('error', (error) => parser.destroy(error))
  for await (const { record, info } of unzipped(source, path, parser).pipe(parser) as AsyncIterable<{
    record: CsvRow
    info: { lines: number }
  }>) {
    try {
      const taken = take(record, info.lines)
      if (taken !== undefined) await taken
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      reject(info.lines, error.message)
    }
  }
  // The parser reads ahead of the rows that are taken, so what it refuses comes early.
  rejected.push(...refused.sort((a, b) => a.line - b.line))
}

function unzipped(source: Readable, path: string, parser: Parser): Readable {
  if (!path.endsWith('.gz')) return source
  const unzip = createGunzip()
  unzip.on('error', (cause) => {
    parser.destroy(new ClosebellError('CB_FEED_INPUT', `${basename(path)} is no gzip: ${cause.message}`, { cause }))
  })
  return source.pipe(unzip)
}

/** A date YYYY-MM-DD. @throws RangeError */
export function dateIn(row: CsvRow, name: string): string {
  const text = row[name]
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text) {
    throw new RangeError(`${name} '${text}' is no date YYYY-MM-DD`)
  }
  return text
}

/** A symbol. @throws RangeError */
export function symbolIn(row: CsvRow): string {
  const text = row['instrument']
  if (!/^[A-Za-z0-9.-][A-Za-z0-9._-]{0,31}$/.test(text)) throw new RangeError(`symbol '${text}' is none`)
  return text
}

/** A finite number, NaN for an empty field. @throws RangeError */
export function numberIn(row: CsvRow, name: string): number {
  const text = row[name].trim()
  if (text === '') return NaN
  const value = Number(text)
  if (!Number.isFinite(value)) throw new RangeError(`${name} '${text}' is no number`)
  return value
}

/** A number that must be there and above zero. @throws RangeError */
export function positiveIn(row: CsvRow, name: string): number {
  const value = numberIn(row, name)
  if (!(value > 0)) throw new RangeError(`${name} '${row[name]}' is not above 0`)
  return value
}
