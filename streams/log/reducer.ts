import * as market from '../../schemas/market.ts'
import type { BookBatch, DictionaryEntry, ReferenceEntry, TickBatch } from '../../schemas/market.ts'
import * as rows from '../../schemas/rows.ts'
import type { FlowSizing } from '../../schemas/rows.ts'
import * as accumulators from '../accumulators.ts'
import { Accumulators } from '../accumulators.ts'
import { addPrint } from '../book/minute-bars.ts'
import { OrderTable, ownerOf } from '../book/order-table.ts'
import * as parentOrders from '../book/parent-orders.ts'
import { fillPrint, ParentOrders } from '../book/parent-orders.ts'
import { prevailingMid, takeQuote } from '../book/quotes.ts'
import { stepBucket, stepSign } from '../features/high-frequency/prints.ts'
import { activeSide } from '../market/active-side.ts'
import { SessionClock, type Session } from '../market/session.ts'
import type { PendingBatch } from './events.ts'

// Bound here: a module's own constant is one to the compiler too, an imported one is read and checked at each use.
const { OrderType, Side, TickFlag, TickKind } = market
const { Quality } = rows
const { Acc, accStride } = accumulators
const { edgeStride } = parentOrders
/** In place of a slot where the feed names no parent. */
const none = -1
/** Steps the accumulators of a partition event by event, in the order of the merge. */
export class Reducer {
  readonly session: Session
  readonly sizing: FlowSizing
  readonly state: Accumulators
  /** Row of each dictionary entry of which an event was taken in, by kind of batch. */
  readonly rowOfEntry: Readonly<Record<PendingBatch['kind'], Map<DictionaryEntry, number>>> = {
    ticks: new Map(),
    books: new Map(),
  }
  private readonly byPrint: boolean
  readonly orders: OrderTable
  private readonly parents: ParentOrders
  private readonly clock: SessionClock
  /** [rows][edgeStride] */
  private edges = new Float64Array(64 * edgeStride)

  constructor(session: Session, sizing: FlowSizing, state = new Accumulators(session.bars), orders = new OrderTable()) {
    this.session = session
    this.sizing = sizing
    this.byPrint = sizing === 'trade'
    this.state = state
    this.orders = orders
    this.parents = new ParentOrders(sizing, orders)
    this.clock = new SessionClock(session)
  }

  /** Takes reference data in; an instrument that no event names still gets its rows. */
  refer(entry: ReferenceEntry): void {
    const base = this.state.row(entry.instrument) * accStride
    const acc = this.state.acc
    acc[base + Acc.adv20] = entry.adv20
    acc[base + Acc.previousClose] = entry.previousClose
    acc[base + Acc.floatShares] = entry.floatShares
    acc[base + Acc.referenced] = 1
  }

  /** Takes rows `from` to `to` of a batch of the chain in. */
  reduce(chain: number, pending: PendingBatch, from: number, to: number): void {
    if (pending.kind === 'ticks') this.reduceTicks(chain, pending, pending.batch as TickBatch, from, to)
    else this.reduceBooks(pending, pending.batch as BookBatch, from, to)
  }

  flag(row: number, bits: number): void {
    const at = row * accStride + Acc.quality
    this.state.acc[at] = this.state.acc[at] | bits
  }

  /** Row of a dictionary entry whose first event this is. */
  private rowOf({ kind, batch, rows }: PendingBatch, index: number): number {
    const entry = batch.dictionary[index]
    const row = this.state.row(entry.instrument)
    const base = row * accStride
    if (kind === 'books') this.state.acc[base + Acc.bookScale] = entry.priceScale
    else {
      this.state.acc[base + Acc.priceScale] = entry.priceScale
      this.state.acc[base + Acc.quantityScale] = entry.quantityScale
      this.setEdges(row, entry.priceScale * entry.quantityScale)
    }
    this.rowOfEntry[kind].set(entry, row)
    rows[index] = row
    return row
  }

  /** Bucket edges of an instrument in its own integer units. */
  private setEdges(row: number, unit: number): void {
    const at = row * edgeStride
    if (at >= this.edges.length) {
      const grown = new Float64Array(2 * at)
      grown.set(this.edges)
      this.edges = grown
    }
    for (const [i, edge] of this.session.profile.bucketEdges.entries()) this.edges[at + i] = edge * unit
  }

  private reduceTicks(chain: number, pending: PendingBatch, batch: TickBatch, from: number, to: number): void {
    const { skip, rows } = pending
    const { instrument, kind } = batch
    for (let i = from; i < to; i++) {
      if (skip !== null && skip[i] !== 0) continue
      const index = instrument[i]
      const row = rows[index] >= 0 ? rows[index] : this.rowOf(pending, index)
      if (kind[i] === TickKind.trade) {
        this.clock.seek(batch, i)
        this.trade(batch, i, row, chain)
      } else if (kind[i] === TickKind.bust) this.flag(row, Quality.incomplete)
      else this.order(batch, i, row, chain)
    }
  }

  private order(batch: TickBatch, i: number, row: number, chain: number): void {
    const acc = this.state.acc
    const base = row * accStride
    const isSell = batch.side[i] === Side.sell || (batch.side[i] === Side.unknown && batch.sellId[i] > 0)
    const ids = isSell ? batch.sellId : batch.buyId
    const owner = ownerOf(row, chain, isSell ? 1 : 0)
    if (batch.kind[i] === TickKind.cancel) {
      this.parents.cancel(acc, base, owner, batch, i, ids)
      return
    }
    const slot = this.orders.find(owner, ids, i)
    const isLimit = batch.orderType.length === 0 || batch.orderType[i] === OrderType.limit
    const isOriginal = batch.flags.length > 0 && (batch.flags[i] & TickFlag.originalQuantity) !== 0
    const e = row * edgeStride
    this.parents.order(acc, base, isSell ? 1 : 0, slot, batch, i, isLimit, isOriginal, this.edges, e)
  }

  private trade(batch: TickBatch, i: number, row: number, chain: number): void {
    const flags = batch.flags.length > 0 ? batch.flags[i] : 0
    const bar = this.clock.bars[flags & (TickFlag.auction | TickFlag.statesAuction)]
    if (bar < 0) return
    // Both parents first, so that the processor waits for the memory of both at a time.
    const { orders } = this
    const buy = batch.buyId[i] > 0 ? orders.find(ownerOf(row, chain, 0), batch.buyId, i) : none
    const sell = batch.sellId[i] > 0 ? orders.find(ownerOf(row, chain, 1), batch.sellId, i) : none
    const base = row * accStride
    const isAuction = bar === 0 || bar === this.session.bars - 1
    const side = isAuction ? Side.unknown : this.sideOf(batch, i, base, (flags & TickFlag.statesSide) !== 0)
    this.total(base, bar, batch, i)
    addPrint(this.state, row, bar, batch, i)
    this.flow(batch, i, row, buy, sell, side)
    const acc = this.state.acc
    if (side !== Side.unknown) {
      const sign = side === Side.buy ? 1 : -1
      stepSign(acc, base, sign)
      stepBucket(acc, base, sign, batch.quantity[i])
    }
    if (!isAuction) {
      const price = batch.price[i]
      const before = acc[base + Acc.previousPrice]
      if (price > before) acc[base + Acc.lastTick] = 1
      else if (price < before) acc[base + Acc.lastTick] = -1
      acc[base + Acc.previousPrice] = price
    }
  }

  private sideOf(batch: TickBatch, i: number, base: number, isStated: boolean): number {
    const stated = batch.side[i]
    if (isStated || stated !== Side.unknown) return stated
    const acc = this.state.acc
    const mid =
      prevailingMid(acc, base, this.clock.segment, batch.baseTime + batch.time[i]) *
      (acc[base + Acc.priceScale] / acc[base + Acc.bookScale])
    return activeSide(
      stated,
      isStated,
      batch.buyId[i],
      batch.sellId[i],
      batch.price[i],
      mid,
      acc[base + Acc.previousPrice],
      acc[base + Acc.lastTick],
    )
  }

  private total(base: number, bar: number, batch: TickBatch, i: number): void {
    const acc = this.state.acc
    const price = batch.price[i]
    const quantity = batch.quantity[i]
    if (acc[base + Acc.trades] === 0) {
      acc[base + Acc.open] = price
      acc[base + Acc.high] = price
      acc[base + Acc.low] = price
    } else {
      if (price > acc[base + Acc.high]) acc[base + Acc.high] = price
      if (price < acc[base + Acc.low]) acc[base + Acc.low] = price
    }
    acc[base + Acc.last] = price
    acc[base + Acc.volume] += quantity
    acc[base + Acc.amount] += price * quantity
    acc[base + Acc.trades] += 1
    if (bar >= this.session.lastEdgeBar) acc[base + Acc.edgeVolume] += quantity
  }

  private flow(batch: TickBatch, i: number, row: number, buy: number, sell: number, side: number): void {
    const { parents } = this
    const acc = this.state.acc
    const base = row * accStride
    const e = row * edgeStride
    const { edges } = this
    const { byPrint } = this
    if (byPrint && side !== Side.unknown) fillPrint(acc, base, side === Side.buy ? 0 : 1, batch, i, true, edges, e)
    if (buy !== none) parents.fill(acc, base, 0, buy, batch, i, side === Side.buy, edges, e)
    else if (!byPrint) fillPrint(acc, base, 0, batch, i, side === Side.buy, edges, e)
    if (sell !== none) parents.fill(acc, base, 1, sell, batch, i, side === Side.sell, edges, e)
    else if (!byPrint) fillPrint(acc, base, 1, batch, i, side === Side.sell, edges, e)
  }

  private reduceBooks(pending: PendingBatch, batch: BookBatch, from: number, to: number): void {
    const { skip, rows } = pending
    const levels = batch.bidPrice.length / batch.count
    for (let i = from; i < to; i++) {
      if (skip !== null && skip[i] !== 0) continue
      const index = batch.instrument[i]
      const row = rows[index] >= 0 ? rows[index] : this.rowOf(pending, index)
      const acc = this.state.acc
      const base = row * accStride
      acc[base + Acc.snapshots] += 1
      acc[base + Acc.snapshotVolume] = batch.volume[i]
      acc[base + Acc.snapshotTrades] = batch.trades[i]
      this.clock.seek(batch, i)
      const { segment } = this.clock
      if (segment >= 0) takeQuote(acc, base, segment, batch, i, levels)
    }
  }
}
