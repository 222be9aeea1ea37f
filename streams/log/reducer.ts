import {
  OrderType,
  Side,
  TickFlag,
  TickKind,
  type BookBatch,
  type DictionaryEntry,
  type ReferenceEntry,
  type TickBatch,
} from '../../schemas/market.ts'
import { Quality, type FlowSizing } from '../../schemas/rows.ts'
import { Acc, accStride, Accumulators } from '../accumulators.ts'
import { addPrint } from '../book/minute-bars.ts'
import { OrderTable } from '../book/order-table.ts'
import { cancelParent, fillParent, fillPrint, orderRow, type Edges } from '../book/parent-orders.ts'
import { prevailingMid, takeQuote } from '../book/quotes.ts'
import { stepBucket, stepSign } from '../features/high-frequency/prints.ts'
import { activeSide } from '../market/active-side.ts'
import { barOfTrade, segmentAt, type Session } from '../market/session.ts'
import type { Run } from './events.ts'

/** Steps the accumulators of a partition event by event, in the order of the merge. */
export class Reducer {
  readonly session: Session
  readonly sizing: FlowSizing
  readonly state: Accumulators
  readonly orders: OrderTable
  private readonly edges: Edges[] = []

  constructor(session: Session, sizing: FlowSizing, state = new Accumulators(session.bars), orders = new OrderTable()) {
    this.session = session
    this.sizing = sizing
    this.state = state
    this.orders = orders
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

  reduce(run: Run, onTime: (time: number) => void): void {
    if (run.pending.kind === 'ticks') this.reduceTicks(run.pending.batch as TickBatch, run, onTime)
    else this.reduceBooks(run.pending.batch as BookBatch, run, onTime)
  }

  flag(row: number, bits: number): void {
    const at = row * accStride + Acc.quality
    this.state.acc[at] = this.state.acc[at] | bits
  }

  /** Row of a dictionary entry; `scale` is the field that keeps this feed's price scale. */
  private rowOf(dictionary: readonly DictionaryEntry[], rows: Int32Array, index: number, scale: number): number {
    const entry = dictionary[index]
    const row = this.state.row(entry.instrument)
    this.state.acc[row * accStride + scale] = entry.priceScale
    if (scale === Acc.priceScale) this.state.acc[row * accStride + Acc.quantityScale] = entry.quantityScale
    rows[index] = row
    return row
  }

  private edgesOf(row: number): Edges {
    const known = this.edges[row]
    if (known !== undefined) return known
    const base = row * accStride
    const unit = this.state.acc[base + Acc.priceScale] * this.state.acc[base + Acc.quantityScale]
    const [s, m, l] = this.session.profile.bucketEdges
    return (this.edges[row] = [s * unit, m * unit, l * unit])
  }

  private reduceTicks(batch: TickBatch, run: Run, onTime: (time: number) => void): void {
    const { skip, rows } = run.pending
    const hasTypes = batch.orderType.length > 0
    for (let i = run.from; i < run.to; i++) {
      const time = batch.baseTime + batch.time[i]
      onTime(time)
      if (skip !== null && skip[i] !== 0) continue
      const index = batch.instrument[i]
      const row = rows[index] >= 0 ? rows[index] : this.rowOf(batch.dictionary, rows, index, Acc.priceScale)
      const kind = batch.kind[i]
      if (kind === TickKind.trade) this.trade(batch, i, time, row, run.chain)
      else if (kind === TickKind.bust) this.flag(row, Quality.incomplete)
      else this.order(batch, i, row, run.chain, hasTypes)
    }
  }

  private order(batch: TickBatch, i: number, row: number, channel: number, hasTypes: boolean): void {
    const acc = this.state.acc
    const base = row * accStride
    const isSell = batch.side[i] === Side.sell || (batch.side[i] === Side.unknown && batch.sellId[i] > 0)
    const side = isSell ? 1 : 0
    const id = isSell ? batch.sellId[i] : batch.buyId[i]
    const quantity = batch.quantity[i]
    if (batch.kind[i] === TickKind.cancel) {
      cancelParent(this.orders, acc, base, row, channel, side, id, quantity)
      return
    }
    const limitPrice = hasTypes && batch.orderType[i] !== OrderType.limit ? 0 : batch.price[i]
    const isOriginal = batch.flags.length > 0 && (batch.flags[i] & TickFlag.originalQuantity) !== 0
    const edges = this.edgesOf(row)
    orderRow(this.orders, acc, base, row, channel, side, id, limitPrice, quantity, isOriginal, this.sizing, edges)
  }

  private trade(batch: TickBatch, i: number, time: number, row: number, channel: number): void {
    const acc = this.state.acc
    const base = row * accStride
    const flags = batch.flags.length > 0 ? batch.flags[i] : 0
    const price = batch.price[i]
    const quantity = batch.quantity[i]
    const amount = price * quantity
    const bar = barOfTrade(this.session, time, (flags & TickFlag.auction) !== 0, (flags & TickFlag.statesAuction) !== 0)
    if (bar < 0) return
    const isAuction = bar === 0 || bar === this.session.bars - 1
    const side = isAuction
      ? Side.unknown
      : this.sideOf(batch, i, time, base, price, (flags & TickFlag.statesSide) !== 0)
    this.total(base, price, quantity, amount, bar)
    addPrint(this.state, row, bar, price, quantity, amount)
    this.flow(batch.buyId[i], batch.sellId[i], base, row, channel, quantity, amount, side)
    if (side !== Side.unknown) {
      const sign = side === Side.buy ? 1 : -1
      stepSign(acc, base, sign)
      stepBucket(acc, base, sign, quantity)
    }
    if (!isAuction) {
      const before = acc[base + Acc.previousPrice]
      if (price > before) acc[base + Acc.lastTick] = 1
      else if (price < before) acc[base + Acc.lastTick] = -1
      acc[base + Acc.previousPrice] = price
    }
  }

  private sideOf(batch: TickBatch, i: number, time: number, base: number, price: number, isStated: boolean): number {
    const acc = this.state.acc
    const mid = isStated
      ? Number.NaN
      : prevailingMid(acc, base, segmentAt(this.session, time), time) *
        (acc[base + Acc.priceScale] / acc[base + Acc.bookScale])
    return activeSide(
      batch.side[i],
      isStated,
      batch.buyId[i],
      batch.sellId[i],
      price,
      mid,
      acc[base + Acc.previousPrice],
      acc[base + Acc.lastTick],
    )
  }

  private total(base: number, price: number, quantity: number, amount: number, bar: number): void {
    const acc = this.state.acc
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
    acc[base + Acc.amount] += amount
    acc[base + Acc.trades] += 1
    if (bar >= this.session.lastEdgeBar) acc[base + Acc.edgeVolume] += quantity
  }

  private flow(
    buyId: number,
    sellId: number,
    base: number,
    row: number,
    channel: number,
    quantity: number,
    amount: number,
    side: number,
  ): void {
    const acc = this.state.acc
    const edges = this.edgesOf(row)
    const byPrint = this.sizing === 'trade'
    if (byPrint && side !== Side.unknown) fillPrint(acc, base, side === Side.buy ? 0 : 1, amount, true, edges)
    if (buyId > 0)
      fillParent(
        this.orders,
        acc,
        base,
        row,
        channel,
        0,
        buyId,
        quantity,
        amount,
        side === Side.buy,
        this.sizing,
        edges,
      )
    else if (!byPrint) fillPrint(acc, base, 0, amount, side === Side.buy, edges)
    if (sellId > 0)
      fillParent(
        this.orders,
        acc,
        base,
        row,
        channel,
        1,
        sellId,
        quantity,
        amount,
        side === Side.sell,
        this.sizing,
        edges,
      )
    else if (!byPrint) fillPrint(acc, base, 1, amount, side === Side.sell, edges)
  }

  private reduceBooks(batch: BookBatch, run: Run, onTime: (time: number) => void): void {
    const { skip, rows } = run.pending
    const levels = batch.bidPrice.length / batch.count
    for (let i = run.from; i < run.to; i++) {
      const time = batch.baseTime + batch.time[i]
      onTime(time)
      if (skip !== null && skip[i] !== 0) continue
      const index = batch.instrument[i]
      const row = rows[index] >= 0 ? rows[index] : this.rowOf(batch.dictionary, rows, index, Acc.bookScale)
      const acc = this.state.acc
      const base = row * accStride
      acc[base + Acc.snapshots] += 1
      acc[base + Acc.snapshotVolume] = batch.volume[i]
      acc[base + Acc.snapshotTrades] = batch.trades[i]
      const segment = segmentAt(this.session, time)
      if (segment < 0) continue
      const at = i * levels
      takeQuote(
        acc,
        base,
        segment,
        time,
        batch.bidPrice[at],
        batch.bidQuantity[at],
        batch.askPrice[at],
        batch.askQuantity[at],
      )
    }
  }
}
