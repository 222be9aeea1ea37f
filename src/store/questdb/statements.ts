import type { ColumnKind, TableColumn, TableSpec } from '../../../schemas/tables.ts'
import { type Equality, type PanelPlan } from '../../ports/store-rows.ts'

/** The SQL of the QuestDB adapter. Names are always quoted: `set`, `return` and `key` are columns of ours. */

export const quoted = (name: string): string => `"${name}"`

/** A table under the name that it has in the server, which may carry the deployment's prefix. */
export type StoredTable = Omit<TableSpec, 'name'> & { readonly name: string }

/** Booleans are INT, since QuestDB's BOOLEAN knows no null and NaN must stay NaN. */
export const questdbTypes: Readonly<Record<ColumnKind, string>> = {
  symbol: 'SYMBOL',
  text: 'VARCHAR',
  double: 'DOUBLE',
  long: 'LONG',
  boolean: 'INT',
  timestamp: 'TIMESTAMP',
}

const definition = (column: TableColumn): string => `${quoted(column.name)} ${questdbTypes[column.kind]}`

export const createTable = (spec: StoredTable): string =>
  `CREATE TABLE IF NOT EXISTS ${quoted(spec.name)} (${spec.columns.map(definition).join(', ')})
   TIMESTAMP(event_time) PARTITION BY ${spec.partitionBy.toUpperCase()} WAL
   DEDUP UPSERT KEYS(${spec.keys.map(quoted).join(', ')})`

export const addColumn = (spec: StoredTable, column: TableColumn): string =>
  `ALTER TABLE ${quoted(spec.name)} ADD COLUMN ${definition(column)}`

export const selectColumns = (spec: StoredTable): string =>
  `SELECT "column", "type", "upsertKey" FROM table_columns('${spec.name}')`

export const selectProgress = (): string =>
  'SELECT name, suspended, writerTxn, sequencerTxn, errorTag, errorMessage FROM wal_tables()'

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

const equality = ({ column, value }: Equality): string =>
  value === '' ? `${quoted(column)} IS NULL` : `${quoted(column)} = ${literal(value)}`

const timeFilter = (first: number, end: number): string => `event_time >= ${first} AND event_time < ${end}`

function rangeFilter(plan: PanelPlan): string {
  const filters = [timeFilter(plan.first, plan.end)]
  for (const { first, end, below } of plan.leftOut)
    filters.push(`NOT (${timeFilter(first, end)}${below === Infinity ? '' : ` AND revision < ${below}`})`)
  if (plan.asOf !== undefined) filters.push(`known_at <= ${Math.floor(plan.asOf)}`)
  if (plan.instruments !== undefined)
    filters.push(`instrument IN (${plan.instruments.map(literal).join(', ') || 'NULL'})`)
  return [...filters, ...plan.keyFilters.map(equality)].join(' AND ')
}

export const selectRevisions = (table: string, plan: PanelPlan): string =>
  `SELECT min(revision), max(revision) FROM ${quoted(table)} WHERE ${rangeFilter(plan)}`

/**
 * A panel's rows, of one revision if it is named: that spares a window over all of them, and naming it keeps out a
 * second one that is written meanwhile. Times are cast to LONG, so that their µs come over whole; the cast stands
 * outside, where it does not disturb the order.
 */
export function selectPanel(table: string, plan: PanelPlan, onlyRevision: number | null): string {
  const order = plan.order.map(quoted).join(', ')
  const needed = new Set([...plan.columns.map(({ name }) => name), ...plan.order])
  for (const { column } of plan.rowFilters) needed.add(column)
  const isWindow = plan.revised && onlyRevision === null
  const number = isWindow ? `, row_number() OVER (PARTITION BY ${order} ORDER BY revision DESC) AS newest` : ''
  const revision = plan.revised && !isWindow ? ` AND revision = ${onlyRevision}` : ''
  const names = [...needed].map(quoted).join(', ')
  const rows = `SELECT ${names}${number} FROM ${quoted(table)} WHERE ${rangeFilter(plan)}${revision}`
  const chosen = [...(isWindow ? ['newest = 1'] : []), ...plan.rowFilters.map(equality)].join(' AND ')
  // Outside of a window a column named rank would be read as the function, were it not for the name before it.
  const read = plan.columns.map(({ name, kind }) =>
    kind === 'timestamp' ? `cast(panel.${quoted(name)} AS LONG) AS ${quoted(name)}` : `panel.${quoted(name)}`,
  )
  const ordered = `SELECT * FROM (${rows})${chosen === '' ? '' : ` WHERE ${chosen}`} ORDER BY ${order}`
  return `SELECT ${read.join(', ')} FROM (${ordered}) panel`
}

export const selectDays = (spec: StoredTable, first: number, end: number): string =>
  `SELECT DISTINCT cast(timestamp_floor('d', event_time) AS LONG) AS day FROM ${quoted(spec.name)}
   WHERE ${timeFilter(first, end)} ORDER BY day`
