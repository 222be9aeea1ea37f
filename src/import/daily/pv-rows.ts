import type { ColumnValues, Rows } from '../../ports/store.ts'

const numberColumns = [
  'event_time',
  'revision',
  'known_at',
  'quality',
  'pv_open',
  'pv_high',
  'pv_low',
  'pv_close',
  'pv_vwap',
  'pv_volume',
  'adj_factor',
  'adj_ratio',
] as const

type NumberColumn = (typeof numberColumns)[number]

/** Rows of table pv on their way into the store: typed columns that are filled and taken again and again. */
export class PvRows {
  count = 0
  readonly capacity: number
  private readonly adjustedAsOf: string
  private readonly instruments: string[] = []
  private columns: Record<NumberColumn, Float64Array>

  constructor(capacity: number, adjustedAsOf: string) {
    this.capacity = capacity
    this.adjustedAsOf = adjustedAsOf
    this.columns = emptyColumns(capacity)
  }

  add(instrument: string, row: Readonly<Record<NumberColumn, number>>): void {
    for (const name of numberColumns) this.columns[name][this.count] = row[name]
    this.instruments[this.count++] = instrument
  }

  /** The rows so far, and an empty beginning. */
  take(): Rows {
    const { count } = this
    const columns: Record<string, ColumnValues> = {
      instrument: this.instruments.slice(0, count),
      origin: new Array<string>(count).fill('imported'),
      adjusted_as_of: new Array<string>(count).fill(this.adjustedAsOf),
    }
    for (const name of numberColumns) columns[name] = this.columns[name].subarray(0, count)
    this.columns = emptyColumns(this.capacity)
    this.count = 0
    return { count, columns }
  }
}

const emptyColumns = (capacity: number): Record<NumberColumn, Float64Array> =>
  Object.fromEntries(numberColumns.map((name) => [name, new Float64Array(capacity)])) as Record<
    NumberColumn,
    Float64Array
  >
