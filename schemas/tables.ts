import { dayRules, minuteRules, type Rule } from './catalogue/index.ts'
import { sets, type SetName } from './topics.ts'

/** One definition of every table; each store adapter makes its own DDL from it. */

export type ColumnKind = 'symbol' | 'double' | 'long' | 'boolean' | 'text' | 'timestamp'

export interface TableColumn {
  readonly name: string
  readonly kind: ColumnKind
}

export interface TableSpec {
  readonly name: TableName
  /** Designated timestamp is always `event_time`, µs UTC; day rows stand at 00:00 UTC of their trade date. */
  readonly columns: readonly TableColumn[]
  /** Rows with equal keys are one row: the later write replaces the earlier. */
  readonly keys: readonly string[]
  readonly partitionBy: 'day' | 'year'
  /** A retraction of their date takes the rows back. */
  readonly retractable?: true
  /** A completed revision takes the place of all earlier rows of its date, whatever their keys. */
  readonly replaced?: true
}

export type DayTable = 'pv' | 'g' | 'c' | 'hf' | 'dp'
export type MinuteTable = `${DayTable}_minutes`
export type TableName =
  | DayTable
  | MinuteTable
  | 'factors'
  | 'weights'
  | 'styles'
  | 'exposures'
  | 'graphs'
  | 'completed'
  | 'instruments'
  | 'fundamentals'
  | 'deployment'

const col = (name: string, kind: ColumnKind): TableColumn => ({ name, kind })
const time = col('event_time', 'timestamp')
const instrument = col('instrument', 'symbol')
const revision = col('revision', 'long')
const knownAt = col('known_at', 'timestamp')
const dayKeys = ['event_time', 'instrument', 'revision']

const features = (rules: readonly Rule[]): TableColumn[] => rules.map((rule) => col(rule.id, 'double'))

/** Columns that every row of a set begins with. `origin`: live, backfill, imported or simulated. */
const rowColumns = [
  time,
  instrument,
  revision,
  col('origin', 'symbol'),
  knownAt,
  col('sizing', 'symbol'),
  col('quality', 'long'),
]

/**
 * How the prices of a row compare with those of other days. `adj_factor`: stored price x factor is comparable across
 * days; null = comparable as it is. `adjusted_as_of`: date up to which the vendor had adjusted the prices, null = raw.
 * `adj_ratio`: adjusted / raw price of rows that came adjusted, estimated from rows up to the day; null for raw ones.
 */
const priceColumns = [col('adj_factor', 'double'), col('adjusted_as_of', 'text'), col('adj_ratio', 'double')]

const dayTable = (set: SetName): TableSpec => ({
  name: set.toLowerCase() as DayTable,
  columns: [...rowColumns, ...features(dayRules[set]), ...(set === 'PV' ? priceColumns : [])],
  keys: dayKeys,
  partitionBy: 'year',
  retractable: true,
})

const minuteTable = (set: SetName): TableSpec => ({
  name: `${set.toLowerCase()}_minutes` as MinuteTable,
  columns: [...rowColumns, col('minute', 'long'), ...features(minuteRules[set])],
  keys: dayKeys,
  partitionBy: 'day',
  retractable: true,
})

const indicators = Array.from({ length: 36 }, (_, i) => col(`f${String(i + 1).padStart(2, '0')}`, 'double'))

export const tables: readonly TableSpec[] = [
  ...sets.filter((set) => dayRules[set].length > 0).map(dayTable),
  ...sets.filter((set) => minuteRules[set].length > 0).map(minuteTable),
  {
    name: 'factors',
    columns: [
      time,
      instrument,
      revision,
      knownAt,
      col('set', 'symbol'),
      col('horizon', 'long'),
      col('raw', 'double'),
      col('neutral', 'double'),
      col('artifact', 'symbol'),
    ],
    keys: ['event_time', 'set', 'instrument', 'revision'],
    partitionBy: 'year',
    retractable: true,
    replaced: true,
  },
  {
    name: 'weights',
    columns: [
      time,
      revision,
      knownAt,
      col('set', 'symbol'),
      col('weight', 'double'),
      col('sa', 'double'),
      col('long_only', 'double'),
    ],
    keys: ['event_time', 'set', 'revision'],
    partitionBy: 'year',
    retractable: true,
    replaced: true,
  },
  {
    name: 'styles',
    columns: [time, revision, knownAt, col('style', 'symbol'), col('return', 'double')],
    keys: ['event_time', 'style', 'revision'],
    partitionBy: 'year',
    retractable: true,
  },
  {
    name: 'exposures',
    columns: [time, instrument, revision, knownAt, col('style', 'symbol'), col('exposure', 'double')],
    keys: ['event_time', 'instrument', 'style', 'revision'],
    partitionBy: 'year',
  },
  {
    name: 'graphs',
    columns: [
      time,
      instrument,
      revision,
      knownAt,
      col('graph', 'symbol'),
      col('rank', 'long'),
      col('neighbour', 'symbol'),
    ],
    keys: ['event_time', 'instrument', 'graph', 'rank', 'revision'],
    partitionBy: 'year',
  },
  {
    name: 'completed',
    columns: [
      time,
      revision,
      knownAt,
      col('degraded', 'boolean'),
      col('retracted', 'boolean'),
      col('cause', 'text'),
      col('universe', 'long'),
      col('published', 'long'),
    ],
    keys: ['event_time', 'revision'],
    partitionBy: 'year',
  },
  {
    // An instrument as listed from event_time on: the latest row up to a date is in force.
    name: 'instruments',
    columns: [
      time,
      instrument,
      revision,
      knownAt,
      col('name', 'text'),
      col('industry', 'symbol'),
      col('float_shares', 'double'),
      col('total_shares', 'double'),
      col('list_date', 'text'),
      col('listed', 'boolean'),
    ],
    keys: dayKeys,
    partitionBy: 'year',
  },
  {
    // The 36 indicators of domain.md §5 in its order; event_time is the first day on which they may be used.
    name: 'fundamentals',
    columns: [time, instrument, revision, knownAt, col('period', 'symbol'), ...indicators],
    keys: dayKeys,
    partitionBy: 'year',
  },
  {
    // What a store was opened with, one row a key (sizing, profile).
    name: 'deployment',
    columns: [time, col('key', 'symbol'), col('value', 'text')],
    keys: ['event_time', 'key'],
    partitionBy: 'year',
  },
]

export const tableOf = (name: TableName): TableSpec => {
  const table = tables.find((spec) => spec.name === name)
  if (table === undefined) throw new RangeError(`no table ${name}`)
  return table
}
