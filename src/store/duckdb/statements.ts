import type { ColumnKind, TableColumn, TableSpec } from '../../../schemas/tables.ts'
import { isText, type Equality, type PanelPlan } from '../../ports/store-rows.ts'

/** The SQL of the DuckDB adapter. Names are always quoted: `set`, `return` and `key` are columns of ours. */

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

export const duckdbTypes: Readonly<Record<ColumnKind, string>> = {
  symbol: 'VARCHAR',
  text: 'VARCHAR',
  double: 'DOUBLE',
  long: 'BIGINT',
  boolean: 'BOOLEAN',
  timestamp: 'TIMESTAMP',
}

const definition = (column: TableColumn): string => `${quoted(column.name)} ${duckdbTypes[column.kind]}`

export const createTable = (spec: TableSpec): string =>
  `CREATE TABLE ${quoted(spec.name)} (${spec.columns.map(definition).join(', ')})`

export const addColumn = (spec: TableSpec, column: TableColumn): string =>
  `ALTER TABLE ${quoted(spec.name)} ADD COLUMN ${definition(column)}`

/** Numbers of every kind are staged as doubles, so that one tight loop fills them; the upsert casts them. */
export const createStaging = (columns: readonly TableColumn[]): string =>
  `CREATE OR REPLACE TEMP TABLE staged (${columns
    .map((column) => `${quoted(column.name)} ${isText(column.kind) ? 'VARCHAR' : 'DOUBLE'}`)
    .join(', ')})`

function unstaged(column: TableColumn): string {
  const name = `staged.${quoted(column.name)}`
  if (isText(column.kind)) return `nullif(${name}, '')`
  const number = `nullif(${name}, 'NaN'::DOUBLE)`
  if (column.kind === 'timestamp') return `make_timestamp(CAST(${number} AS BIGINT))`
  return column.kind === 'double' ? number : `CAST(${number} AS ${duckdbTypes[column.kind]})`
}

const keyColumns = (spec: TableSpec): TableColumn[] => spec.columns.filter(({ name }) => spec.keys.includes(name))

/** Deletes what the staged rows replace; the bounds on event_time (µs UTC) let DuckDB skip row groups. */
export const deleteReplaced = (spec: TableSpec, first: number, last: number): string =>
  `DELETE FROM ${quoted(spec.name)} AS stored USING staged
   WHERE stored.event_time BETWEEN make_timestamp(${first}) AND make_timestamp(${last})
   AND ${keyColumns(spec)
     .map((column) => `stored.${quoted(column.name)} = ${unstaged(column)}`)
     .join(' AND ')}`

export const countDistinct = (spec: TableSpec): string =>
  `SELECT count(*)::DOUBLE FROM (SELECT DISTINCT ${spec.keys.map(quoted).join(', ')} FROM staged)`

/** Moves the staged rows over; `repeated` when keys repeat among them, the last one then wins. */
export const insertStaged = (spec: TableSpec, columns: readonly TableColumn[], repeated: boolean): string =>
  `INSERT INTO ${quoted(spec.name)} (${columns.map(({ name }) => quoted(name)).join(', ')})
   SELECT ${columns.map(unstaged).join(', ')} FROM staged` +
  (repeated
    ? ` QUALIFY row_number() OVER (PARTITION BY ${spec.keys.map((key) => `staged.${quoted(key)}`).join(', ')}
        ORDER BY staged.rowid DESC) = 1`
    : '')

function readable(column: TableColumn): string {
  const name = quoted(column.name)
  if (isText(column.kind)) return `coalesce(${name}, '')`
  const number = column.kind === 'timestamp' ? `epoch_us(${name})` : name
  return `coalesce(CAST(${number} AS DOUBLE), 'NaN'::DOUBLE)`
}

const equality = ({ column, value }: Equality): string =>
  value === '' ? `${quoted(column)} IS NULL` : `${quoted(column)} = ${literal(value)}`

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

function rangeFilter(plan: PanelPlan): string {
  const filters = [`event_time >= make_timestamp(${plan.first})`, `event_time < make_timestamp(${plan.end})`]
  for (const { first, end, below } of plan.leftOut) {
    const revision = below === Infinity ? '' : ` AND revision < ${below}`
    filters.push(`NOT (event_time >= make_timestamp(${first}) AND event_time < make_timestamp(${end})${revision})`)
  }
  if (plan.asOf !== undefined) filters.push(`known_at <= make_timestamp(${Math.floor(plan.asOf)})`)
  if (plan.instruments !== undefined) {
    filters.push(`instrument IN (${plan.instruments.map(literal).join(', ') || 'NULL'})`)
  }
  return [...filters, ...plan.keyFilters.map(equality)].join(' AND ')
}

/** The one revision that all rows of a panel have; null when they have several, or when there is no row. */
export const selectOnlyRevision = (plan: PanelPlan): string =>
  `SELECT CASE WHEN min(revision) = max(revision) THEN min(revision)::DOUBLE END
   FROM ${quoted(plan.spec.name)} WHERE ${rangeFilter(plan)}`

/**
 * A panel's rows, of one revision if it is named: that spares a window over all of them, and naming it keeps out a
 * second one that is written meanwhile.
 */
export function selectPanel(plan: PanelPlan, onlyRevision: number | null): string {
  const order = plan.order.map(quoted).join(', ')
  const rowFilters = plan.rowFilters.map(equality)
  const isWindow = plan.revised && onlyRevision === null
  const newest = isWindow ? [`row_number() OVER (PARTITION BY ${order} ORDER BY revision DESC) = 1`, ...rowFilters] : []
  const where = isWindow ? [] : [...(plan.revised ? [`revision = ${onlyRevision}`] : []), ...rowFilters]
  return (
    `SELECT ${plan.columns.map(readable).join(', ') || 'NULL'} FROM ${quoted(plan.spec.name)}` +
    ` WHERE ${[rangeFilter(plan), ...where].join(' AND ')}` +
    (isWindow ? ` QUALIFY ${newest.join(' AND ')}` : '') +
    ` ORDER BY ${order}`
  )
}

export const selectDates = (spec: TableSpec, first: number, end: number): string =>
  `SELECT DISTINCT CAST(CAST(event_time AS DATE) AS VARCHAR) AS day FROM ${quoted(spec.name)}
   WHERE event_time >= make_timestamp(${first}) AND event_time < make_timestamp(${end}) ORDER BY day`
