import type { TickBatch } from '../../schemas/market.ts'
import type { FlowSizing } from '../../schemas/rows.ts'
import * as accumulators from '../accumulators.ts'
import * as orderSlots from './order-slots.ts'
import { OrderTable } from './order-table.ts'

// Bound here: a module's own constant is one to the compiler too, an imported one is read and checked at each use.
const { Acc } = accumulators
const { OrderField } = orderSlots

/**
 * Flow by size of the parent order. Every fill counts once as bought and once as sold, in the bucket of that side's
 * parent; a parent's bucket can change with every fill and with its own order row, and its amounts move along.
 *
 * Notional of a parent: sizing `order`: limit price x original quantity, where original = own fills before the order
 * row + its quantity (SSE shows only the rest) or the order's own quantity (SZSE). Without an order row or limit
 * price: its fills, and on SZSE the unfilled quantity at the fill VWAP. Sizing `filled`: its fills.
 *
 * Events are named by batch and row, and numbers are read where they are needed: one that is handed over as an argument
 * may be put into memory of its own, event after event.
 */

const hasRow = 1
const hasLimit = 2
const originalKnown = 4
const bucketShift = 3
const bucketBits = 7 << bucketShift

/** Edges of an instrument: three numbers in its own integer units, lower bound inclusive. */
export const edgeStride = 3

function bucketOf(notional: number, edges: Float64Array, e: number): number {
  if (notional < edges[e + 1]) return notional < edges[e] ? 0 : 1
  return notional < edges[e + 2] ? 2 : 3
}

/** Bucket of `amount * original / quantity`, compared without dividing: exact also where products pass 2^53. */
function bucketOfMarket(amount: number, original: number, quantity: number, edges: Float64Array, e: number): number {
  let bucket = 0
  for (; bucket < edgeStride; bucket++) {
    const left = amount * original
    const right = edges[e + bucket] * quantity
    const reached =
      left <= Number.MAX_SAFE_INTEGER && right <= Number.MAX_SAFE_INTEGER
        ? left >= right
        : BigInt(amount) * BigInt(original) >= BigInt(edges[e + bucket]) * BigInt(quantity)
    if (!reached) break
  }
  return bucket
}

export class ParentOrders {
  readonly table: OrderTable
  private readonly byOrder: boolean
  private readonly byFills: boolean
  private readonly byPrint: boolean

  constructor(sizing: FlowSizing, table = new OrderTable()) {
    this.byOrder = sizing === 'order'
    this.byFills = sizing === 'filled'
    this.byPrint = sizing === 'trade'
    this.table = table
  }

  /**
   * One side of the print in row `i`. In sizing `trade` only the order's own history is kept (HF-59 needs it).
   * @param slot the parent's of that side
   * @param e place of the instrument's edges
   */
  fill(
    acc: Float64Array,
    base: number,
    side: number,
    slot: number,
    batch: TickBatch,
    i: number,
    isActive: boolean,
    edges: Float64Array,
    e: number,
  ): void {
    const { orders } = this.table
    const chunk = orders.chunkOf(slot)
    const at = orders.offsetOf(slot)
    const quantity = batch.quantity[i]
    const amount = batch.price[i] * quantity
    const state = chunk[at + OrderField.state]
    const old = ((state & bucketBits) >> bucketShift) - 1
    const staysInBucket = old >= 0 && (state & (hasRow | hasLimit)) === (hasRow | hasLimit) && this.byOrder
    if (old >= 0 && !staysInBucket) this.contribute(acc, base, side, old, chunk, at, -1)
    if ((state & hasRow) === 0) {
      chunk[at + OrderField.original] += quantity
      acc[base + Acc.ordered] += quantity
    }
    chunk[at + OrderField.filledQuantity] += quantity
    chunk[at + OrderField.filledAmount] += amount
    if (isActive) chunk[at + OrderField.activeAmount] += amount
    if (staysInBucket) {
      acc[base + (side === 0 ? Acc.buy : Acc.sell) + old] += amount
      if (isActive) acc[base + (side === 0 ? Acc.actBuy : Acc.actSell) + old] += amount
    } else if (!this.byPrint) this.settle(acc, base, side, chunk, at, edges, e)
    if ((state & hasRow) !== 0 && chunk[at + OrderField.filledQuantity] >= chunk[at + OrderField.original])
      this.table.remove(slot)
  }

  /** The order row `i` of a parent, which may stand behind its first fills (SSE). */
  order(
    acc: Float64Array,
    base: number,
    side: number,
    slot: number,
    batch: TickBatch,
    i: number,
    isLimit: boolean,
    isOriginal: boolean,
    edges: Float64Array,
    e: number,
  ): void {
    const { orders } = this.table
    const chunk = orders.chunkOf(slot)
    const at = orders.offsetOf(slot)
    const quantity = batch.quantity[i]
    const limitPrice = isLimit ? batch.price[i] : 0
    acc[base + Acc.orderRows] += 1
    acc[base + Acc.ordered] += quantity
    const state = chunk[at + OrderField.state]
    const old = ((state & bucketBits) >> bucketShift) - 1
    if (old >= 0) this.contribute(acc, base, side, old, chunk, at, -1)
    chunk[at + OrderField.limitPrice] = limitPrice
    chunk[at + OrderField.original] = isOriginal ? quantity : chunk[at + OrderField.original] + quantity
    chunk[at + OrderField.state] = state | hasRow | (limitPrice > 0 ? hasLimit : 0) | (isOriginal ? originalKnown : 0)
    if (old >= 0) this.settle(acc, base, side, chunk, at, edges, e)
  }

  /** The cancel in row `i`: the order is finished, its contribution stays as it is. */
  cancel(acc: Float64Array, base: number, owner: number, batch: TickBatch, i: number, ids: Float64Array): void {
    acc[base + Acc.cancelled] += batch.quantity[i]
    if (ids[i] > 0) this.table.remove(this.table.find(owner, ids, i))
  }

  /** Puts a parent into the bucket of its size as it is now. */
  private settle(
    acc: Float64Array,
    base: number,
    side: number,
    chunk: Float64Array,
    at: number,
    edges: Float64Array,
    e: number,
  ): void {
    const bucket = this.bucket(chunk, at, edges, e)
    chunk[at + OrderField.state] = (chunk[at + OrderField.state] & ~bucketBits) | ((bucket + 1) << bucketShift)
    this.contribute(acc, base, side, bucket, chunk, at, 1)
  }

  /** Takes a parent's contribution out of (`sign` -1) or into (`sign` 1) its bucket. */
  private contribute(
    acc: Float64Array,
    base: number,
    side: number,
    bucket: number,
    chunk: Float64Array,
    at: number,
    sign: number,
  ): void {
    const filled = chunk[at + OrderField.filledAmount]
    acc[base + (side === 0 ? Acc.buy : Acc.sell) + bucket] += sign * filled
    acc[base + (side === 0 ? Acc.actBuy : Acc.actSell) + bucket] += sign * chunk[at + OrderField.activeAmount]
    acc[base + (side === 0 ? Acc.nBuy : Acc.nSell) + bucket] += sign
    const state = chunk[at + OrderField.state]
    const quantity = chunk[at + OrderField.filledQuantity]
    let notional = filled
    if (!this.byFills) {
      if ((state & hasLimit) !== 0) notional = chunk[at + OrderField.limitPrice] * chunk[at + OrderField.original]
      else if ((state & originalKnown) !== 0 && quantity > 0)
        notional = (filled * chunk[at + OrderField.original]) / quantity
    }
    acc[base + (side === 0 ? Acc.notionalBuy : Acc.notionalSell)] += sign * notional
  }

  private bucket(chunk: Float64Array, at: number, edges: Float64Array, e: number): number {
    const state = chunk[at + OrderField.state]
    const filled = chunk[at + OrderField.filledAmount]
    if (this.byFills) return bucketOf(filled, edges, e)
    if ((state & hasLimit) !== 0)
      return bucketOf(chunk[at + OrderField.limitPrice] * chunk[at + OrderField.original], edges, e)
    const quantity = chunk[at + OrderField.filledQuantity]
    if ((state & originalKnown) === 0 || quantity === 0) return bucketOf(filled, edges, e)
    return bucketOfMarket(filled, chunk[at + OrderField.original], quantity, edges, e)
  }
}

/** The print in row `i` in sizing `trade`, or a side without a parent id: the print is its own parent. */
export function fillPrint(
  acc: Float64Array,
  base: number,
  side: number,
  batch: TickBatch,
  i: number,
  isActive: boolean,
  edges: Float64Array,
  e: number,
): void {
  const amount = batch.price[i] * batch.quantity[i]
  const bucket = bucketOf(amount, edges, e)
  acc[base + (side === 0 ? Acc.buy : Acc.sell) + bucket] += amount
  if (isActive) acc[base + (side === 0 ? Acc.actBuy : Acc.actSell) + bucket] += amount
  acc[base + (side === 0 ? Acc.nBuy : Acc.nSell) + bucket] += 1
  acc[base + (side === 0 ? Acc.notionalBuy : Acc.notionalSell)] += amount
}
