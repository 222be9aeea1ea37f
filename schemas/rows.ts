import { arrayOf, column, crcField, field, nested, record } from './record.ts'

/** What the features workers publish: minute rows, day rows, PartitionClosed. */

export type FlowSizing = 'order' | 'filled' | 'trade'

/**
 * Bits of `quality`: an input letter of the catalogue that was incomplete, then the states of the row: a hole now, one
 * that is not reconciled yet, late events, a section made without all partitions.
 */
export const Quality = {
  daily: 1,
  minutes: 2,
  auction: 4,
  trades: 8,
  parents: 16,
  snapshots: 32,
  orders: 64,
  index: 128,
  reference: 256,
  history: 512,
  section: 1024,
  gap: 1 << 16,
  incomplete: 1 << 17,
  late: 1 << 18,
  partial: 1 << 19,
} as const

/** All rows of one (partition, minute, set), column after column: value of column c, row r at `c * count + r`. */
export interface MinuteRows {
  date: string
  partition: number
  /** Minute of the session, from 0; -1 the opening auction, n (minutes of the profile) the closing auction. */
  minute: number
  /** Start of the minute, µs UTC. */
  eventTime: number
  set: string
  revision: number
  sizing: string
  catalogue: string
  count: number
  instruments: string[]
  columns: string[]
  quality: Int32Array
  values: Float64Array
  crc: number
}

export const minuteRows = record<MinuteRows>('MinuteRows', 'The rows of one set at the end of one minute', [
  field('date', 'string', 'trading date'),
  field('partition', 'int', 'partition of the market topic'),
  field('minute', 'int', 'minute of the session from 0; -1 opening auction, n closing auction'),
  field('event_time', 'long', 'start of the minute', { unit: 'µs' }),
  field('set', 'string', 'PV, G, C, HF or DP'),
  field('revision', 'int', 'revision of the date'),
  field('sizing', 'string', 'order, filled or trade'),
  field('catalogue', 'string', 'fingerprint of the catalogue of the set'),
  field('count', 'int', 'rows'),
  field('instruments', arrayOf('string'), 'a symbol per row'),
  field('columns', arrayOf('string'), 'catalogue ids, a column of values each'),
  column('quality', 'i32', 'bits', 'quality of each row'),
  column('values', 'f64', 'by column', 'columns one after another; NaN = no value'),
  crcField,
])

/** The tick-level day row of one instrument, with its minute block. */
export interface DayRow {
  date: string
  partition: number
  instrument: string
  revision: number
  sizing: string
  quality: number
  sets: { set: string; catalogue: string; columns: string[] }[]
  /** Minutes in the block: the opening auction, the session's minutes, the closing auction. */
  minuteCount: number
  /** Values of the sets, one after another. */
  values: Float64Array
  /** Minute block: o, h, l, c, v, amt, cnt, each `minuteCount` long; NaN where an empty minute has no price. */
  minutes: Float64Array
  crc: number
}

/** Columns of the minute block, in its order. */
export const barColumns = [
  'bar_open',
  'bar_high',
  'bar_low',
  'bar_close',
  'bar_volume',
  'bar_amount',
  'bar_trades',
] as const

export const dayRow = record<DayRow>('DayRow', 'The tick-level day row of one instrument', [
  field('date', 'string', 'trading date'),
  field('partition', 'int', 'partition of the market topic'),
  field('instrument', 'string', 'symbol'),
  field('revision', 'int', 'revision of the date'),
  field('sizing', 'string', 'order, filled or trade'),
  field('quality', 'int', 'quality bits'),
  field(
    'sets',
    arrayOf(
      nested('SetColumns', [
        field('set', 'string', 'PV, G, C, HF or DP'),
        field('catalogue', 'string', 'fingerprint of the catalogue of the set'),
        field('columns', arrayOf('string'), 'catalogue ids'),
      ]),
    ),
    'the sets of the row, in the order of values',
  ),
  field('minute_count', 'int', 'bars in the minute block'),
  column('values', 'f64', 'by column', 'values of the sets one after another; NaN = no value'),
  column('minutes', 'f64', 'by column', 'o, h, l, c, v, amt, cnt, each minute_count long'),
  crcField,
])

/** The partition's day is done: what was counted, and a hash over its day rows. */
export interface PartitionClosed {
  date: string
  partition: number
  revision: number
  sizing: string
  cutOffset: number
  rows: number
  eventsIn: number
  eventsUsed: number
  eventsQuarantined: number
  eventsLate: number
  degraded: boolean
  missing: string[]
  /** sha256 over the encoded day rows in symbol order. */
  rowsHash: string
  codeVersion: string
}

export const partitionClosed = record<PartitionClosed>(
  'PartitionClosed',
  'A partition has emitted all rows of its day',
  [
    field('date', 'string', 'trading date'),
    field('partition', 'int', 'partition'),
    field('revision', 'int', 'revision of the date'),
    field('sizing', 'string', 'order, filled or trade'),
    field('cut_offset', 'long', 'offset in the market topic at which the day ended'),
    field('rows', 'int', 'day rows'),
    field('events_in', 'long', 'events read up to the cut'),
    field('events_used', 'long', 'events that went into rows'),
    field('events_quarantined', 'long', 'events refused, with their reasons in the quarantine topic'),
    field('events_late', 'long', 'events below a mark of their chain'),
    field('degraded', 'boolean', 'closed by a deadline or with chains lost'),
    field('missing', arrayOf('string'), 'chains that did not end'),
    field('rows_hash', 'string', 'sha256 over the encoded day rows in symbol order'),
    field('code_version', 'string', 'version of the code'),
  ],
)
