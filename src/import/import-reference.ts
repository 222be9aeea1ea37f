import { join } from 'node:path'
import { dateToEventTime, type Store } from '../ports/store.ts'
import { dateIn, numberIn, positiveIn, readRows, symbolIn, type RejectedRow } from './csv-rows.ts'
import { RowBuffer } from './row-buffer.ts'

export type { RejectedRow } from './csv-rows.ts'

export interface ImportCounts {
  /** Rows appended to each table. */
  readonly instruments: number
  readonly fundamentals: number
  readonly pv: number
  readonly rejected: readonly RejectedRow[]
}

const indicators = Array.from({ length: 36 }, (_, k) => `f${String(k + 1).padStart(2, '0')}`)
const always = ['event_time', 'instrument', 'revision', 'known_at']

const dayKey = (date: string, instrument: string): Record<string, string | number> => {
  const time = dateToEventTime(date)
  return { event_time: time, instrument, revision: 0, known_at: time }
}

/**
 * Reads the reference folder of a simulated tape (instruments, dated fundamentals, earlier daily bars) into the store.
 * Rows carry deterministic keys, so a second import replaces them with themselves.
 * @throws ClosebellError CB_ABSENT, CB_FEED_INPUT for a missing file or column; a broken row is reported in `rejected`
 */
export async function importReference(store: Store, folder: string): Promise<ImportCounts> {
  const rejected: RejectedRow[] = []
  await store.ensureTables()
  const instruments = await importInstruments(store, join(folder, 'instruments.csv'), rejected)
  const fundamentals = await importFundamentals(store, join(folder, 'fundamentals.csv'), rejected)
  const pv = await importDaily(store, join(folder, 'daily.csv'), rejected)
  await store.applied(['instruments', 'fundamentals', 'pv'])
  return { instruments, fundamentals, pv, rejected }
}

async function importInstruments(store: Store, path: string, rejected: RejectedRow[]): Promise<number> {
  const own = ['name', 'industry', 'float_shares', 'total_shares', 'list_date']
  const buffer = new RowBuffer(store, 'instruments', [...always, ...own, 'listed'])
  await readRows(path, ['date', 'instrument', ...own], rejected, (row) =>
    buffer.add({
      ...dayKey(dateIn(row, 'date'), symbolIn(row)),
      name: row['name'],
      industry: row['industry'],
      float_shares: positiveIn(row, 'float_shares'),
      total_shares: positiveIn(row, 'total_shares'),
      list_date: dateIn(row, 'list_date'),
      listed: 1,
    }),
  )
  await buffer.flush()
  return buffer.count
}

async function importFundamentals(store: Store, path: string, rejected: RejectedRow[]): Promise<number> {
  const buffer = new RowBuffer(store, 'fundamentals', [...always, 'period', ...indicators])
  await readRows(path, ['instrument', 'period', 'usable', ...indicators], rejected, (row) => {
    const values = indicators.map((name): [string, number] => [name, numberIn(row, name)])
    const key = dayKey(dateIn(row, 'usable'), symbolIn(row))
    return buffer.add({ ...key, period: row['period'], ...Object.fromEntries(values) })
  })
  await buffer.flush()
  return buffer.count
}

const barColumns = ['open', 'high', 'low', 'close', 'vwap', 'volume']

async function importDaily(store: Store, path: string, rejected: RejectedRow[]): Promise<number> {
  const own = barColumns.map((name) => `pv_${name}`)
  const buffer = new RowBuffer(store, 'pv', [...always, 'origin', 'quality', ...own])
  await readRows(path, ['date', 'instrument', ...barColumns], rejected, (row) => {
    const bar = Object.fromEntries(barColumns.map((name) => [`pv_${name}`, positiveIn(row, name)]))
    if (bar['pv_low'] > bar['pv_high']) throw new RangeError(`low ${row['low']} is above high ${row['high']}`)
    return buffer.add({ ...dayKey(dateIn(row, 'date'), symbolIn(row)), origin: 'simulated', quality: 0, ...bar })
  })
  await buffer.flush()
  return buffer.count
}
