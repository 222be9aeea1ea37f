import { bookLevels, OrderType, Side, TickFlag, TickKind, type DictionaryEntry } from '../../schemas/market.ts'
import type { BookBlock, TickBlock } from '../ports/feed.ts'
import type { DayLog } from './day-log.ts'
import type { Exchange } from './universe.ts'

/**
 * How an exchange tells what happened. Shanghai: an order that trades on arrival shows its trades first and then a row
 * with what is left of it (none when nothing is), and prints state their active side and auction. Shenzhen: every order
 * shows first, with its original quantity; its id is its place in the channel's sequence; no side is stated.
 */
export const channelsOf = (exchange: Exchange): { ticks: string; books: string } => ({
  ticks: `${exchange}-ticks`,
  books: `${exchange}-books`,
})

/** Where a channel stands in its day. */
export interface ChannelState {
  sequence: number
  /** Last order number given (Shanghai counts orders apart). */
  orderNumber: number
  /** Channel's id of each order of the log. */
  readonly ids: Float64Array
  /** Index into the channel's dictionary of each instrument. */
  readonly place: Uint16Array
  readonly dictionary: DictionaryEntry[]
}

const stated = TickFlag.statesSide | TickFlag.statesAuction

/** Row of a group that Shanghai shows last: the order with what is left of it; 0 = it shows none. */
function shanghaiRest(log: DayLog, start: number, end: number): number {
  let rest = log.quantity[start]
  for (let row = start + 1; row < end; row++) rest -= log.quantity[row]
  return rest
}

function rowsOf(log: DayLog, exchange: Exchange, group: number): number {
  const start = log.groupStart[group]
  const end = log.groupEnd(group)
  if (exchange === 'SZSE' || log.kind[start] !== TickKind.order) return end - start
  let trades = 0
  for (let row = start + 1; row < end; row++) if (log.kind[row] === TickKind.trade) trades++
  return trades + (shanghaiRest(log, start, end) > 0 ? 1 : 0)
}

/** The groups order[from..to) as one block of a tick channel. `dayStart` and `baseTime` are µs UTC. */
export function encodeTicks(
  log: DayLog,
  exchange: Exchange,
  groups: { readonly order: Int32Array; readonly from: number; readonly to: number },
  state: ChannelState,
  times: { readonly dayStart: number; readonly baseTime: number },
): TickBlock {
  let count = 0
  for (let k = groups.from; k < groups.to; k++) count += rowsOf(log, exchange, groups.order[k])
  const block = emptyTicks(channelsOf(exchange).ticks, times.baseTime, state.dictionary, count)
  const writer = new TickWriter(log, exchange, state, block, times.dayStart - times.baseTime)
  for (let k = groups.from; k < groups.to; k++) writer.group(groups.order[k])
  return block
}

const emptyTicks = (channel: string, baseTime: number, dictionary: DictionaryEntry[], count: number): TickBlock => ({
  channel,
  baseTime,
  count,
  dictionary,
  instrument: new Uint16Array(count),
  kind: new Uint8Array(count),
  side: new Uint8Array(count),
  orderType: new Uint8Array(count),
  flags: new Uint8Array(count),
  time: new Int32Array(count),
  sequence: new Float64Array(count),
  price: new Int32Array(count),
  quantity: new Float64Array(count),
  buyId: new Float64Array(count),
  sellId: new Float64Array(count),
})

class TickWriter {
  private at = 0
  private time = 0
  private place = 0

  private readonly log: DayLog
  private readonly exchange: Exchange
  private readonly state: ChannelState
  private readonly block: TickBlock
  private readonly offset: number

  /** `offset`: from the block's base time to local midnight, µs. */
  constructor(log: DayLog, exchange: Exchange, state: ChannelState, block: TickBlock, offset: number) {
    this.log = log
    this.exchange = exchange
    this.state = state
    this.block = block
    this.offset = offset
  }

  group(group: number): void {
    const { log, exchange } = this
    const start = log.groupStart[group]
    const end = log.groupEnd(group)
    this.time = log.groupTime[group] * 1000 + this.offset
    this.place = this.state.place[log.groupInstrument[group]]
    if (log.kind[start] === TickKind.order) this.number(start)
    if (exchange === 'SZSE') for (let row = start; row < end; row++) this.shenzhen(row)
    else this.shanghai(start, end)
  }

  /** Gives an arriving order its id. */
  private number(row: number): void {
    const { log, state } = this
    const order = log.buy[row] + log.sell[row]
    state.ids[order] = this.exchange === 'SSE' ? ++state.orderNumber : state.sequence + 1
  }

  private shenzhen(row: number): void {
    const { log, block } = this
    const at = this.row(row, log.quantity[row])
    if (log.kind[row] === TickKind.order) {
      block.flags[at] = TickFlag.originalQuantity
      block.side[at] = log.side[row]
      block.orderType[at] = log.orderType[row]
      if (log.orderType[row] !== OrderType.limit) block.price[at] = 0
    } else if (log.kind[row] === TickKind.cancel) {
      block.side[at] = log.side[row]
      block.price[at] = 0
    }
  }

  private shanghai(start: number, end: number): void {
    const { log, block } = this
    const arriving = log.kind[start] === TickKind.order
    for (let row = arriving ? start + 1 : start; row < end; row++) {
      // What a market order left is cancelled unseen: it never stood in the book.
      if (arriving && log.kind[row] === TickKind.cancel) continue
      const at = this.row(row, log.quantity[row])
      block.side[at] = log.side[row]
      if (log.kind[row] === TickKind.trade) {
        block.flags[at] = stated | (log.auction[row] === 1 ? TickFlag.auction : 0)
      }
    }
    const rest = arriving ? shanghaiRest(log, start, end) : 0
    if (rest > 0) block.side[this.row(start, rest)] = log.side[start]
  }

  /** What all rows have; the active side stays unknown. */
  private row(row: number, quantity: number): number {
    const { log, block, state } = this
    const at = this.at++
    block.instrument[at] = this.place
    block.kind[at] = log.kind[row]
    block.side[at] = Side.unknown
    block.time[at] = this.time
    block.sequence[at] = ++state.sequence
    block.price[at] = log.price[row]
    block.quantity[at] = quantity
    block.buyId[at] = state.ids[log.buy[row]]
    block.sellId[at] = state.ids[log.sell[row]]
    return at
  }
}

/** The snapshots order[from..to) as one block of a book channel. */
export function encodeBooks(
  log: DayLog,
  exchange: Exchange,
  snapshots: { readonly order: Int32Array; readonly from: number; readonly to: number },
  state: ChannelState,
  times: { readonly dayStart: number; readonly baseTime: number },
): BookBlock {
  const count = snapshots.to - snapshots.from
  const block = emptyBooks(channelsOf(exchange).books, times.baseTime, state.dictionary, count)
  for (let at = 0; at < count; at++) {
    const index = snapshots.order[snapshots.from + at]
    block.instrument[at] = state.place[log.snapshotInstrument[index]]
    block.time[at] = log.snapshotTime[index] * 1000 + times.dayStart - times.baseTime
    block.sequence[at] = ++state.sequence
    block.last[at] = log.last[index]
    block.trades[at] = log.totals[index * 3]
    block.volume[at] = log.totals[index * 3 + 1]
    block.amount[at] = log.totals[index * 3 + 2]
    const from = index * bookLevels
    const to = from + bookLevels
    block.bidPrice.set(log.bidPrice.subarray(from, to), at * bookLevels)
    block.bidQuantity.set(log.bidQuantity.subarray(from, to), at * bookLevels)
    block.askPrice.set(log.askPrice.subarray(from, to), at * bookLevels)
    block.askQuantity.set(log.askQuantity.subarray(from, to), at * bookLevels)
  }
  return block
}

const emptyBooks = (channel: string, baseTime: number, dictionary: DictionaryEntry[], count: number): BookBlock => ({
  channel,
  baseTime,
  count,
  dictionary,
  instrument: new Uint16Array(count),
  time: new Int32Array(count),
  sequence: new Float64Array(count),
  last: new Int32Array(count),
  trades: new Float64Array(count),
  volume: new Float64Array(count),
  amount: new Float64Array(count),
  bidPrice: new Int32Array(count * bookLevels),
  bidQuantity: new Float64Array(count * bookLevels),
  askPrice: new Int32Array(count * bookLevels),
  askQuantity: new Float64Array(count * bookLevels),
})
