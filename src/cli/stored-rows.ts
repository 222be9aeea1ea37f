import { dayRules, minuteRules, type Rule } from '../../schemas/catalogue/index.ts'
import { ClosebellError } from '../../schemas/errors.ts'
import { tableOf, type TableColumn, type TableName } from '../../schemas/tables.ts'
import { sets, type SetName } from '../../schemas/topics.ts'
import { isText } from '../ports/store-rows.ts'
import { eventTimeToDate, numbers, texts, type ColumnValues, type Rows, type Store } from '../ports/store.ts'
import type { DateRange } from './values.ts'

export const subjects = ['features', 'bars', 'factors', 'weights', 'styles', 'graphs', 'exposures'] as const
export type Subject = (typeof subjects)[number]

export interface Question {
  readonly subject: Subject
  /** Absent: the last date that is stored. */
  readonly dates?: DateRange
  readonly instruments?: readonly string[]
  readonly set?: string
  readonly minute?: number
}

/** Rows to show: `date` first, then what tells rows apart, then values under their ids. */
export interface Shown {
  readonly columns: readonly TableColumn[]
  readonly rows: Rows
}

const featureSets = sets.filter((set) => dayRules[set].length > 0)
const minuteSets = sets.filter((set) => minuteRules[set].length > 0)
const barIds = minuteRules.PV.filter((rule) => rule.id.startsWith('bar_')).map((rule) => rule.id)
/** Kept with every row for the store's own sake; what is shown is what the row says. */
const bookkeeping = ['event_time', 'known_at', 'revision']

/** @throws ClosebellError CB_USAGE for flags that do not fit the subject, CB_ABSENT when nothing is stored */
export async function storedRows(store: Store, question: Question): Promise<Shown> {
  const parts = partsOf(question)
  const tables = parts.map(({ table }) => table)
  const dates = question.dates ?? (await lastDate(store, tables))
  const shown: Shown[] = []
  for (const part of parts) shown.push(await readPart(store, part, dates, question))
  const stored = shown.filter(({ rows }) => rows.count > 0)
  if (stored.length === 0) throw (await retraction(store, tables, dates)) ?? nothing(tables, dates, question)
  return parts.length === 1 ? stored[0] : sideBySide(shown)
}

/** One table's share of an answer. */
interface Part {
  readonly table: TableName
  /** What tells its rows apart, beside the date. */
  readonly keys: readonly string[]
  readonly values: readonly string[]
  readonly where?: Readonly<Record<string, string>>
}

function partsOf({ subject, set, minute, instruments }: Question): readonly Part[] {
  if (minute !== undefined && subject !== 'features' && subject !== 'bars') throw misfit('--minute', subject)
  if (subject === 'features') {
    const known = minute === undefined ? featureSets : minuteSets
    const wanted = set === undefined ? known : [setAmong(known, set)]
    return wanted.map((name) => featurePart(name, minute !== undefined))
  }
  if (subject === 'bars') {
    if (set !== undefined) throw misfit('--set', subject)
    return [{ table: 'pv_minutes', keys: ['instrument', 'minute'], values: barIds }]
  }
  const { columns, keys } = tableOf(subject)
  if (instruments !== undefined && !keys.includes('instrument')) throw misfit('--instrument', subject)
  if (set !== undefined && !keys.includes('set')) throw misfit('--set', subject)
  const names = columns.map(({ name }) => name).filter((name) => !bookkeeping.includes(name))
  return [
    {
      table: subject,
      keys: names.filter((name) => keys.includes(name)),
      values: names.filter((name) => !keys.includes(name)),
      ...(set === undefined ? {} : { where: { set } }),
    },
  ]
}

const misfit = (flag: string, subject: Subject): ClosebellError =>
  new ClosebellError('CB_USAGE', `${subject} know no ${flag}`)

function setAmong(known: readonly SetName[], name: string): SetName {
  const set = known.find((candidate) => candidate === name)
  if (set === undefined) {
    throw new ClosebellError('CB_USAGE', `--set: ${name} is none of ${known.join(', ')}, which have such rows`)
  }
  return set
}

function featurePart(set: SetName, isMinute: boolean): Part {
  const day = set.toLowerCase() as Lowercase<SetName>
  const values = dayRules[set].map((rule: Rule) => rule.id)
  return isMinute
    ? { table: `${day}_minutes`, keys: ['instrument', 'minute'], values }
    : { table: day, keys: ['instrument'], values }
}

async function lastDate(store: Store, tables: readonly TableName[]): Promise<DateRange> {
  const dates = await Promise.all(tables.map((table) => store.dates(table, '1970-01-01', '2261-12-31')))
  const last = dates.flatMap((stored) => stored.slice(-1)).reduce((a, b) => (a > b ? a : b), '')
  if (last === '') throw new ClosebellError('CB_ABSENT', `the store has no rows in ${tables.join(', ')}`)
  return { from: last, to: last }
}

function nothing(tables: readonly TableName[], { from, to }: DateRange, question: Question): ClosebellError {
  const { instruments, set, minute } = question
  const asked = [instruments?.join(','), set, minute === undefined ? undefined : `minute ${minute}`].filter(Boolean)
  const dates = from === to ? from : `${from}..${to}`
  return new ClosebellError('CB_ABSENT', `${tables.join(', ')} have no row of ${[dates, ...asked].join(', ')}`)
}

/** What to say of dates whose rows were taken back; null when they were not. */
async function retraction(
  store: Store,
  tables: readonly TableName[],
  { from, to }: DateRange,
): Promise<ClosebellError | null> {
  if (!tables.some((table) => tableOf(table).retractable === true)) return null
  const columns = ['event_time', 'revision', 'retracted', 'cause']
  const completed = await store.panel({ table: 'completed', columns, from, to })
  const row = numbers(completed, 'retracted').findLastIndex((value) => value === 1)
  if (row < 0) return null
  const date = eventTimeToDate(numbers(completed, 'event_time')[row])
  const revision = numbers(completed, 'revision')[row] + 1
  const cause = texts(completed, 'cause')[row]
  return new ClosebellError('CB_RETRACTED', `${date} was retracted by r${revision}: ${cause}`)
}

async function readPart(store: Store, part: Part, { from, to }: DateRange, question: Question): Promise<Shown> {
  const { table, keys, values, where } = part
  const names = [...keys, ...values]
  const { instruments, minute } = question
  const read = await store.panel({
    table,
    columns: ['event_time', ...names],
    from,
    to,
    ...(instruments === undefined ? {} : { instruments }),
    ...(where === undefined ? {} : { where }),
  })
  const date = Array.from(numbers(read, 'event_time'), eventTimeToDate)
  const { columns: stored } = tableOf(table)
  const columns: TableColumn[] = [
    { name: 'date', kind: 'symbol' },
    ...names.flatMap((name) => stored.filter((column) => column.name === name)),
  ]
  const rows: Rows = { count: read.count, columns: { ...read.columns, date } }
  return { columns, rows: minute === undefined ? rows : onlyMinute(rows, minute) }
}

function onlyMinute(rows: Rows, minute: number): Rows {
  const chosen = [...numbers(rows, 'minute').entries()].filter(([, value]) => value === minute).map(([row]) => row)
  const pick = (values: ColumnValues): ColumnValues =>
    values instanceof Float64Array ? Float64Array.from(chosen, (row) => values[row]) : chosen.map((row) => values[row])
  const columns = Object.entries(rows.columns).map(([name, values]) => [name, pick(values)] as const)
  return { count: chosen.length, columns: Object.fromEntries(columns) }
}

/** Sets side by side, a row per date and instrument (and minute); a set that lacks a row has no values there. */
function sideBySide(parts: readonly Shown[]): Shown {
  const keys = ['date', 'instrument', 'minute'].filter((name) => Object.hasOwn(parts[0].rows.columns, name))
  const keyOf = ({ columns }: Rows, row: number): string => keys.map((name) => columns[name][row]).join(' ')
  const places = new Map<string, number>()
  const origin: { part: Rows; row: number }[] = []
  for (const { rows } of parts) {
    for (let row = 0; row < rows.count; row++) {
      const key = keyOf(rows, row)
      if (places.has(key)) continue
      places.set(key, origin.length)
      origin.push({ part: rows, row })
    }
  }
  const count = origin.length
  const columns: Record<string, ColumnValues> = {}
  for (const name of keys) {
    const cells = origin.map(({ part, row }) => part.columns[name][row])
    columns[name] = name === 'minute' ? Float64Array.from(cells, Number) : cells.map(String)
  }
  for (const part of parts) {
    for (const { name } of part.columns.filter((column) => !keys.includes(column.name))) {
      const values = numbers(part.rows, name)
      const merged = new Float64Array(count).fill(NaN)
      for (let row = 0; row < part.rows.count; row++) merged[places.get(keyOf(part.rows, row)) ?? -1] = values[row]
      columns[name] = merged
    }
  }
  const own = parts.flatMap((part) => part.columns.filter(({ name }) => !keys.includes(name)))
  const leading = parts[0].columns.filter(({ name }) => keys.includes(name))
  return { columns: [...leading, ...own], rows: { count, columns } }
}

/** Rows as objects under their ids; NaN and empty text are null. */
export function asObjects({ columns, rows }: Shown): Record<string, string | number | boolean | null>[] {
  return Array.from({ length: rows.count }, (_, row) =>
    Object.fromEntries(columns.map(({ name, kind }) => [name, plain(rows, name, kind, row)])),
  )
}

function plain(rows: Rows, name: string, kind: TableColumn['kind'], row: number): string | number | boolean | null {
  if (isText(kind)) return texts(rows, name)[row] || null
  const value = numbers(rows, name)[row]
  if (Number.isNaN(value)) return null
  return kind === 'boolean' ? value === 1 : value
}
