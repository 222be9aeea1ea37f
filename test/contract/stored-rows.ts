import { dateToEventTime, type ColumnValues, type Rows } from '../../src/ports/store.ts'

const date = '2023-02-01'
export const day = dateToEventTime(date)
export const minuteMicros = 60_000_000

interface FactorRow {
  readonly time?: number
  readonly instrument: string
  readonly set?: string
  readonly revision?: number
  readonly knownAt?: number
  readonly raw?: number
  readonly artifact?: string
}

/** Rows of the table `factors`, as columns. */
export const factorRows = (rows: readonly FactorRow[]): Rows => ({
  count: rows.length,
  columns: {
    event_time: Float64Array.from(rows, (row) => row.time ?? day),
    instrument: rows.map((row) => row.instrument),
    revision: Float64Array.from(rows, (row) => row.revision ?? 0),
    known_at: Float64Array.from(rows, (row) => row.knownAt ?? day + 1),
    set: rows.map((row) => row.set ?? 'PV'),
    raw: Float64Array.from(rows, (row) => row.raw ?? 0.5),
    artifact: rows.map((row) => row.artifact ?? 'a'),
  },
})

export const without = (rows: Rows, ...names: readonly string[]): Record<string, ColumnValues> =>
  Object.fromEntries(Object.entries(rows.columns).filter(([name]) => !names.includes(name)))

export const dayOf = (offset: number): number => day + offset * 86_400_000_000
export const dateOf = (offset: number): string => new Date(dayOf(offset) / 1000).toISOString().slice(0, 10)

export const bits = (values: ColumnValues): string[] =>
  [...(values as Float64Array)].map((value) => {
    const view = new DataView(new ArrayBuffer(8))
    view.setFloat64(0, value)
    return view.getBigUint64(0).toString(16)
  })
