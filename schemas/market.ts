import { arrayOf, column, crcField, field, nested, record } from './record.ts'

/** What the market topic carries: batches of ticks, batches of books, and session records. */

/** Kinds of tick, as stored in the `kind` column. */
export const TickKind = { order: 0, cancel: 1, trade: 2, bust: 3 } as const
/** Sides; for an order or cancel its own side, for a trade the active side. */
export const Side = { unknown: 0, buy: 1, sell: 2 } as const
/** Order types of the `order_type` column. */
export const OrderType = { limit: 0, market: 1, ownBest: 2 } as const
/** Bits of the `flags` column. */
export const TickFlag = {
  /** The feed says that this print is an auction's. */
  auction: 1,
  /** The feed states auctions, so a missing `auction` bit means a continuous print. */
  statesAuction: 2,
  /** The feed states the active side, so `unknown` is final and nothing is inferred. */
  statesSide: 4,
  /** The quantity of this order row is the original one (SZSE), not what is left of it (SSE). */
  originalQuantity: 8,
} as const

export const bookLevels = 10

export interface DictionaryEntry {
  instrument: string
  /** Prices are integers of 1/priceScale currency units. */
  priceScale: number
  /** Quantities are integers of 1/quantityScale shares. */
  quantityScale: number
}

/** What every batch of a chain begins with. A chain is producer x channel x partition. */
export interface BatchHeader {
  date: string
  producer: string
  channel: string
  partition: number
  batchNumber: number
  /** First and last channel sequence in the batch; both -1 in an empty one. */
  firstSequence: number
  lastSequence: number
  /** The chain's promise: nothing of an earlier time (µs UTC), and no sequence up to `markSequence`, follows. */
  markTime: number
  markSequence: number
  /** Epoch µs UTC that the time columns count from. */
  baseTime: number
  count: number
  dictionary: DictionaryEntry[]
  crc: number
}

export interface TickBatch extends BatchHeader {
  instrument: Uint16Array
  kind: Uint8Array
  side: Uint8Array
  orderType: Uint8Array
  flags: Uint8Array
  time: Int32Array
  rawTime: Int32Array
  sequence: Float64Array
  price: Int32Array
  quantity: Float64Array
  buyId: Float64Array
  sellId: Float64Array
}

export interface BookBatch extends BatchHeader {
  instrument: Uint16Array
  time: Int32Array
  rawTime: Int32Array
  sequence: Float64Array
  last: Int32Array
  trades: Float64Array
  volume: Float64Array
  amount: Float64Array
  bidPrice: Int32Array
  bidQuantity: Float64Array
  askPrice: Int32Array
  askQuantity: Float64Array
}

const header = [
  field('date', 'string', 'trading date, YYYY-MM-DD'),
  field('producer', 'string', 'configured name of the feed'),
  field('channel', 'string', 'channel of the source'),
  field('partition', 'int', 'partition of the market topic'),
  field('batch_number', 'long', 'number of the batch within its chain and date, from 0'),
  field('first_sequence', 'long', 'first channel sequence, -1 when empty'),
  field('last_sequence', 'long', 'last channel sequence, -1 when empty'),
  field('mark_time', 'long', 'no event of an earlier time follows on this chain', { unit: 'µs' }),
  field('mark_sequence', 'long', 'no sequence up to this one follows on this chain'),
  field('base_time', 'long', 'epoch time the time columns count from', { unit: 'µs' }),
  field('count', 'int', 'rows'),
  field(
    'dictionary',
    arrayOf(
      nested('DictionaryEntry', [
        field('instrument', 'string', 'symbol'),
        field('price_scale', 'int', 'prices are integers of 1/price_scale'),
        field('quantity_scale', 'int', 'quantities are integers of 1/quantity_scale'),
      ]),
    ),
    'symbols that the instrument column points at',
  ),
]

export const tickBatch = record<TickBatch>('TickBatch', 'Orders, cancels, trades and busts of one chain', [
  ...header,
  column('instrument', 'u16', 'index', 'index into the dictionary'),
  column('kind', 'u8', 'code', '0 order, 1 cancel, 2 trade, 3 bust'),
  column('side', 'u8', 'code', '0 unknown, 1 buy, 2 sell; a trade has its active side'),
  column('order_type', 'u8', 'code', '0 limit, 1 market, 2 own best; absent = all limit'),
  column('flags', 'u8', 'bits', '1 auction print, 2 feed states auctions, 4 feed states sides, 8 original quantity'),
  column('time', 'i32', 'µs', 'running maximum of exchange time over the channel, from base_time'),
  column('raw_time', 'i32', 'µs', 'exchange time from base_time; absent where it equals time in every row'),
  column('sequence', 'f64', 'count', 'channel sequence'),
  column('price', 'i32', '1/price_scale', 'price; 0 where the kind has none'),
  column('quantity', 'f64', '1/quantity_scale', 'quantity'),
  column('buy_id', 'f64', 'id', 'buy order id, 0 where there is none'),
  column('sell_id', 'f64', 'id', 'sell order id, 0 where there is none'),
  crcField,
])

export const bookBatch = record<BookBatch>('BookBatch', 'Order book snapshots of one chain', [
  ...header,
  column('instrument', 'u16', 'index', 'index into the dictionary'),
  column('time', 'i32', 'µs', 'running maximum of exchange time over the channel, from base_time'),
  column('raw_time', 'i32', 'µs', 'exchange time from base_time; absent where it equals time in every row'),
  column('sequence', 'f64', 'count', 'rank by (time, instrument, row) in a file, a counter live'),
  column('last', 'i32', '1/price_scale', 'last price'),
  column('trades', 'f64', 'count', 'cumulative trades'),
  column('volume', 'f64', '1/quantity_scale', 'cumulative volume'),
  column('amount', 'f64', '1/(price_scale*quantity_scale)', 'cumulative amount as the exchange gives it'),
  column('bid_price', 'i32', '1/price_scale', 'bids, best first; 0 = no level', bookLevels),
  column('bid_quantity', 'f64', '1/quantity_scale', 'bid sizes', bookLevels),
  column('ask_price', 'i32', '1/price_scale', 'asks, best first; 0 = no level', bookLevels),
  column('ask_quantity', 'f64', '1/quantity_scale', 'ask sizes', bookLevels),
  crcField,
])

export interface ChainName {
  producer: string
  channel: string
}

/** First record of a day in each partition; the first one logged wins, a repeat is identical. */
export interface DayOpened {
  date: string
  profile: string
  partitions: number
  partition: number
  chains: ChainName[]
  universeHash: string
}

export const dayOpened = record<DayOpened>('DayOpened', 'Opens a day on a partition', [
  field('date', 'string', 'trading date'),
  field('profile', 'string', 'market profile'),
  field('partitions', 'int', 'partitions of the market topic'),
  field('partition', 'int', 'this partition'),
  field(
    'chains',
    arrayOf(nested('ChainName', [field('producer', 'string', 'feed'), field('channel', 'string', 'channel')])),
    'the chains that are expected on this partition',
  ),
  field(
    'universe_hash',
    'string',
    'sha256 over the sorted symbols of the universe; empty when a file feed opened the day',
  ),
])

export interface ReferenceEntry {
  instrument: string
  previousClose: number
  limitUp: number
  limitDown: number
  adv20: number
  floatShares: number
  largeOrderCount: number
  largeOrderSum: number
  largeOrderSquares: number
}

/** What is known of each instrument of a partition at the open. NaN is "not known". */
export interface Reference {
  date: string
  partition: number
  instruments: ReferenceEntry[]
}

export const reference = record<Reference>('Reference', 'Reference data of the instruments of a partition', [
  field('date', 'string', 'trading date'),
  field('partition', 'int', 'partition'),
  field(
    'instruments',
    arrayOf(
      nested('ReferenceEntry', [
        field('instrument', 'string', 'symbol'),
        field('previous_close', 'double', 'ex-right previous close', { unit: 'CNY' }),
        field('limit_up', 'double', 'upper price limit, NaN = none', { unit: 'CNY' }),
        field('limit_down', 'double', 'lower price limit, NaN = none', { unit: 'CNY' }),
        field('adv20', 'double', 'mean volume of the 20 days before', { unit: 'shares' }),
        field('float_shares', 'double', 'free float', { unit: 'shares' }),
        field('large_order_count', 'double', 'filled parents of the 20 days before', { unit: 'count' }),
        field('large_order_sum', 'double', 'sum of ln notional over them'),
        field('large_order_squares', 'double', 'sum of squared ln notional over them'),
      ]),
    ),
    'one entry an instrument, sorted by symbol',
  ),
])

export interface ChainEnded {
  date: string
  producer: string
  channel: string
  partition: number
  batches: number
  lastSequence: number
  events: number
}

const chainFields = [
  field('date', 'string', 'trading date'),
  field('producer', 'string', 'feed'),
  field('channel', 'string', 'channel'),
  field('partition', 'int', 'partition'),
]

export const chainEnded = record<ChainEnded>('ChainEnded', 'A chain has said all of its day', [
  ...chainFields,
  field('batches', 'long', 'batches of the chain on this partition'),
  field('last_sequence', 'long', 'last channel sequence, -1 = none'),
  field('events', 'long', 'events of the chain on this partition'),
])

export interface ChainLost {
  date: string
  producer: string
  channel: string
  partition: number
}

export const chainLost = record<ChainLost>('ChainLost', 'A chain is given up for the day, at this offset', chainFields)

export interface Deadline {
  date: string
  partition: number
}

export const deadline = record<Deadline>('Deadline', 'The day ends here, whatever is missing', [
  field('date', 'string', 'trading date'),
  field('partition', 'int', 'partition'),
])

export interface Correction {
  date: string
  partition: number
  revision: number
  cause: string
  retract: boolean
}

export const correction = record<Correction>('Correction', 'Starts a new revision of a date', [
  field('date', 'string', 'trading date'),
  field('partition', 'int', 'partition, -1 in the topic corrections'),
  field('revision', 'int', 'the revision that starts here'),
  field('cause', 'string', 'why'),
  field('retract', 'boolean', 'the revision has no values', { default: false }),
])
