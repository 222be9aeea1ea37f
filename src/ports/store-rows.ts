import { ClosebellError } from '../../schemas/errors.ts'
import { tableOf, type ColumnKind, type TableColumn, type TableSpec } from '../../schemas/tables.ts'
import { dateToEventTime, numbers, type ColumnValues, type PanelQuery, type Rows } from './store.ts'

/** What every store adapter refuses and plans alike; how it is written down is the adapter's own. */

export const isText = (kind: ColumnKind): boolean => kind === 'symbol' || kind === 'text'

const dayMicros = 86_400_000_000
const exactLimit = 2 ** 53

/**
 * Refuses rows that cannot be stored as they are, before the first is written: a store that takes half of a batch,
 * or turns an infinity into null, cannot be told from one that was fed right.
 * @throws CB_STORE_COLUMN for a column its table lacks; CB_STORE_VALUE for a value of another type or length,
 * an infinite one, a fraction or more than 2^53 in an integer column, a NUL in a text, or a key that is missing.
 */
export function checkRows(spec: TableSpec, rows: Rows): void {
  for (const [name, values] of Object.entries(rows.columns)) {
    const column = columnOf(spec, name)
    if (values.length !== rows.count) {
      throw refused(`${spec.name}.${name} has ${values.length} values for ${rows.count} rows`)
    }
    checkValues(spec, column, values)
  }
  if (rows.count === 0) return
  for (const key of spec.keys) {
    if (!Object.hasOwn(rows.columns, key)) throw refused(`${spec.name} rows lack their key ${key}`)
  }
}

/** @throws CB_STORE_COLUMN when the table has no such column. */
export function columnOf(spec: TableSpec, name: string): TableColumn {
  const column = spec.columns.find((candidate) => candidate.name === name)
  if (column === undefined) throw new ClosebellError('CB_STORE_COLUMN', `${spec.name} has no column ${name}`)
  return column
}

function checkValues(spec: TableSpec, column: TableColumn, values: ColumnValues): void {
  const isKey = spec.keys.includes(column.name)
  if (values instanceof Float64Array) {
    if (isText(column.kind)) throw refused(`${spec.name}.${column.name} is text and was given numbers`)
    const row = values.findIndex((value) => !(Number.isNaN(value) ? !isKey : fits(column.kind, value)))
    if (row >= 0) throw refused(`${spec.name}.${column.name} (${column.kind}) row ${row} is ${values[row]}`)
    return
  }
  if (!isText(column.kind)) throw refused(`${spec.name}.${column.name} is ${column.kind} and was given text`)
  const row = values.findIndex((value) => (isKey && value === '') || unstorable.test(value))
  if (row >= 0)
    throw refused(`${spec.name}.${column.name} (${column.kind}) row ${row} is ${JSON.stringify(values[row])}`)
}

/** What a store would cut or replace: NUL, and half of a surrogate pair, which UTF-8 does not know. */
const unstorable = /[\0\p{Surrogate}]/u

function fits(kind: ColumnKind, value: number): boolean {
  if (kind === 'double') return Number.isFinite(value)
  if (kind === 'boolean') return value === 0 || value === 1
  return Number.isInteger(value) && Math.abs(value) <= exactLimit
}

const refused = (fact: string): ClosebellError => new ClosebellError('CB_STORE_VALUE', fact)

/** A panel query with its names checked and its dates as times. */
export interface PanelPlan {
  readonly spec: TableSpec
  readonly columns: readonly TableColumn[]
  /** µs UTC: first time, and the first after the last. */
  readonly first: number
  readonly end: number
  /** Keys without the revision, in the order of the rows: what makes two rows versions of one. */
  readonly order: readonly string[]
  readonly revised: boolean
  readonly instruments: readonly string[] | undefined
  readonly asOf: number | undefined
  /** Equalities on keys, which choose among rows, and on other columns, which must hold for the newest revision. */
  readonly keyFilters: readonly Equality[]
  readonly rowFilters: readonly Equality[]
  readonly leftOut: readonly LeftOut[]
}

/** Rows that hold no longer: those of a date below a revision. */
export interface LeftOut {
  /** µs UTC: first time of the date, and the first after it. */
  readonly first: number
  readonly end: number
  /** Infinity: all of the date were taken back. */
  readonly below: number
}

export interface Equality {
  readonly column: string
  readonly value: string
}

/** @throws CB_STORE_COLUMN for names that the table lacks, CB_STORE_VALUE for what is no date. */
export function planPanel(query: PanelQuery): PanelPlan {
  const spec = tableOf(query.table)
  const filters = Object.entries(query.where ?? {}).map(([column, value]) => ({ column, value }))
  for (const { column } of filters) {
    if (!isText(columnOf(spec, column).kind)) {
      throw new ClosebellError('CB_STORE_COLUMN', `${spec.name}.${column} is not text: where compares text only`)
    }
  }
  const odd = [...filters.map(({ value }) => value), ...(query.instruments ?? [])].find((text) => unstorable.test(text))
  if (odd !== undefined) throw refused(`${spec.name} cannot be asked for ${JSON.stringify(odd)}`)
  if (query.instruments !== undefined) columnOf(spec, 'instrument')
  if (query.asOf !== undefined) columnOf(spec, 'known_at')
  const leading = ['event_time', 'instrument'].filter((name) => spec.keys.includes(name))
  const others = spec.keys.filter((name) => !leading.includes(name) && name !== 'revision')
  return {
    spec,
    columns: [...new Set(query.columns)].map((name) => columnOf(spec, name)),
    ...timeRange(query.from, query.to),
    order: [...leading, ...others],
    revised: spec.keys.includes('revision'),
    instruments: query.instruments,
    asOf: query.asOf,
    keyFilters: filters.filter(({ column }) => spec.keys.includes(column)),
    rowFilters: filters.filter(({ column }) => !spec.keys.includes(column)),
    leftOut: [],
  }
}

/** Newest revisions of the completed dates that a plan covers, as it knows them; null where they take nothing back. */
export const completedQuery = ({ table, from, to, asOf }: PanelQuery): PanelQuery | null =>
  tableOf(table).retractable !== true
    ? null
    : {
        table: 'completed',
        columns: completedColumns,
        from,
        to,
        ...(asOf === undefined ? {} : { asOf }),
      }

export const completedColumns = ['event_time', 'revision', 'retracted'] as const

/** The plan without the rows that hold no longer. @param completed answer to the query above */
export function withoutOvertaken(plan: PanelPlan, completed: Rows): PanelPlan {
  const revision = numbers(completed, 'revision')
  const retracted = numbers(completed, 'retracted')
  const leftOut = [...numbers(completed, 'event_time')].flatMap((first, row): LeftOut[] => {
    const end = first + dayMicros
    if (retracted[row] === 1) return [{ first, end, below: Infinity }]
    return plan.spec.replaced === true && revision[row] > 0 ? [{ first, end, below: revision[row] }] : []
  })
  return { ...plan, leftOut }
}

/** [first, end) in µs UTC of the dates from..to, both inclusive. @throws CB_STORE_VALUE for what is no date. */
export function timeRange(from: string, to: string): { first: number; end: number } {
  const first = dateToEventTime(from)
  const end = dateToEventTime(to) + dayMicros
  if (Number.isNaN(first) || Number.isNaN(end)) throw refused(`${from}..${to} are not two dates YYYY-MM-DD`)
  return { first, end }
}
