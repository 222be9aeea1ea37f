import type { BookBatch, TickBatch } from '../../schemas/market.ts'
import type { Late, Quarantined } from '../../schemas/day.ts'
import type { DayRow, MinuteRows, PartitionClosed } from '../../schemas/rows.ts'

/** A batch of either kind with its place in the log. Rows marked in `skip` are not reduced (refused or late). */
export interface PendingBatch {
  readonly kind: 'ticks' | 'books'
  readonly batch: TickBatch | BookBatch
  readonly offset: number
  readonly skip: Uint8Array | null
  /** Accumulator row of each dictionary entry, -1 until its first event is released. */
  readonly rows: Int32Array
}

/** A fact about one row of a batch that keeps it out of the rows. */
export interface RowFault {
  readonly row: number
  readonly code: Quarantined['code']
  readonly detail: string
}

/**
 * What a partition's day gives out. `crc` fields are filled by the encoder, `rowsHash` and `codeVersion` by the worker.
 */
export type DayOutput =
  | { readonly kind: 'minuteRows'; readonly value: MinuteRows }
  | { readonly kind: 'dayRow'; readonly value: DayRow }
  | { readonly kind: 'partitionClosed'; readonly value: PartitionClosed }
  | { readonly kind: 'late'; readonly value: Late }
  | { readonly kind: 'fault'; readonly offset: number; readonly date: string; readonly fault: RowFault }
