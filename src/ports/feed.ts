import type { ClosebellError } from '../../schemas/errors.ts'
import type { BookBatch, ChainName, ReferenceEntry, TickBatch } from '../../schemas/market.ts'

/**
 * What an adapter of a vendor gives: the events of whole channels, in channel order, as columnar blocks
 * without batch numbers. src/workers/feed.ts turns them into batches per partition with marks.
 */
export interface FeedChannel {
  readonly channel: string
  readonly kind: 'ticks' | 'books'
  /** Whether sequences are contiguous, so that a hole is lost data (extracts of single stocks are not). */
  readonly contiguous: boolean
}

/** Columns of events of one channel. `time` here is raw exchange time from `baseTime`; the feed makes it monotone. */
export type TickBlock = Omit<TickBatch, keyof TickHeaderOnly | 'rawTime'> & BlockHeader
export type BookBlock = Omit<BookBatch, keyof TickHeaderOnly | 'rawTime'> & BlockHeader
export type FeedBlock = { readonly ticks: TickBlock } | { readonly books: BookBlock }

interface TickHeaderOnly {
  date: string
  producer: string
  channel: string
  partition: number
  batchNumber: number
  firstSequence: number
  lastSequence: number
  markTime: number
  markSequence: number
  crc: number
}

interface BlockHeader {
  channel: string
}

/** A day of a vendor's data. Blocks of different channels may come in any order; within a channel in sequence order. */
export interface FeedDay {
  readonly date: string
  readonly profile: string
  readonly channels: readonly FeedChannel[]
  /** What the source knows of the instruments at the open, asked for before the blocks; absent if it tells none. */
  reference?(): readonly ReferenceEntry[]
  /**
   * `report` is told of each row that is no event, and reading goes on; without it such a row is thrown.
   * The publisher holds what is ahead of the slowest channel, so channels that keep pace in time cost least memory.
   */
  blocks(report?: (error: ClosebellError) => void): AsyncIterable<FeedBlock>
}

/** A file feed. Every adapter passes test/contract/feed.ts. */
export interface Feed {
  readonly producer: string
  /** Days found in the input, ascending. */
  days(): AsyncIterable<FeedDay>
}

export type { ChainName }
