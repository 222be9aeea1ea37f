import type { TableName } from '../../schemas/tables.ts'

/**
 * Values of one column: doubles (NaN = null), exact integers, µs timestamps and booleans as f64, or strings ('' =
 * null).
 */
export type ColumnValues = Float64Array | readonly string[]

/** Rows, column by column. Every column has `count` values; a column of the table that is absent is null. */
export interface Rows {
  readonly count: number
  readonly columns: Readonly<Record<string, ColumnValues>>
}

export interface PanelQuery {
  readonly table: TableName
  readonly columns: readonly string[]
  /** First and last trading date (or, in minute tables, date of the session), inclusive. */
  readonly from: string
  readonly to: string
  readonly instruments?: readonly string[]
  /** Equality on further symbol columns, e.g. { set: 'PV' }. */
  readonly where?: Readonly<Record<string, string>>
  /** Only rows known at this time (µs UTC); the highest revision among them is taken for each key. */
  readonly asOf?: number
}

/** The store. Every adapter passes test/contract/store.ts. No SQL outside of the adapters. */
export interface Store {
  /**
   * Creates the tables of schemas/tables.ts that are missing. A table whose columns differ is CB_STORE_COLUMN,
   * except that columns which the definition gained are added.
   */
  ensureTables(): Promise<void>
  /**
   * Writes rows; resolves when the store acknowledged them. Rows are kept and sent again until then.
   * Unknown columns are refused before the first write (CB_STORE_COLUMN), infinite values are CB_STORE_VALUE.
   */
  append(table: TableName, rows: Rows): Promise<void>
  /** Resolves when everything acknowledged so far can be read; a suspended table is CB_STORE_SUSPENDED. */
  applied(tables?: readonly TableName[]): Promise<void>
  /**
   * Rows ordered by (event_time, instrument where the table has one, then the other keys), highest known revision only.
   */
  panel(query: PanelQuery): Promise<Rows>
  /** Dates (ascending) that have rows, within [from, to]. */
  dates(table: TableName, from: string, to: string): Promise<readonly string[]>
  close(): Promise<void>
}

/** µs UTC of 00:00 of a trading date: the event_time of its day rows. */
export const dateToEventTime = (date: string): number => Date.parse(`${date}T00:00:00Z`) * 1000

export const eventTimeToDate = (eventTime: number): string => new Date(eventTime / 1000).toISOString().slice(0, 10)

/** A numeric column of rows. @throws TypeError when the column is absent or text. */
export function numbers(rows: Rows, name: string): Float64Array {
  const values = rows.columns[name]
  if (!(values instanceof Float64Array)) throw new TypeError(`column ${name} is not numeric`)
  return values
}

/** A text column of rows. @throws TypeError when the column is absent or numeric. */
export function texts(rows: Rows, name: string): readonly string[] {
  const values = rows.columns[name]
  if (values === undefined || values instanceof Float64Array) throw new TypeError(`column ${name} is not text`)
  return values
}
