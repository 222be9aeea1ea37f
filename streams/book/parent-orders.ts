import type { FlowSizing } from '../../schemas/rows.ts'
import { Acc } from '../accumulators.ts'
import { OrderField, type OrderTable } from './order-table.ts'

/**
 * Flow by size of the parent order. Every fill counts once as bought and once as sold, in the bucket of that side's
 * parent; a parent's bucket can change with every fill and with its own order row, and its amounts move along.
 *
 * Notional of a parent: sizing `order`: limit price x original quantity, where original = own fills before the order
 * row + its quantity (SSE shows only the rest) or the order's own quantity (SZSE). Without an order row or limit
 * price: its fills, and on SZSE the unfilled quantity at the fill VWAP. Sizing `filled`: its fills.
 */

const hasRow = 1
const hasLimit = 2
const originalKnown = 4
const bucketShift = 3

/** Bucket edges of one instrument in its own integer units, lower bound inclusive. */
export type Edges = readonly [number, number, number]

export function bucketOf(notional: number, edges: Edges): number {
  if (notional < edges[1]) return notional < edges[0] ? 0 : 1
  return notional < edges[2] ? 2 : 3
}

/** Bucket of `amount * original / quantity`, compared without dividing: exact also where products pass 2^53. */
function bucketOfMarket(amount: number, original: number, quantity: number, edges: Edges): number {
  let bucket = 0
  for (const edge of edges) {
    const left = amount * original
    const right = edge * quantity
    const reached =
      left <= Number.MAX_SAFE_INTEGER && right <= Number.MAX_SAFE_INTEGER
        ? left >= right
        : BigInt(amount) * BigInt(original) >= BigInt(edge) * BigInt(quantity)
    if (!reached) break
    bucket++
  }
  return bucket
}

/** Takes a parent's contribution out of (`sign` -1) or into (`sign` 1) its bucket. */
function contribute(
  acc: Float64Array,
  base: number,
  side: number,
  bucket: number,
  slots: Float64Array,
  at: number,
  sign: number,
  sizing: FlowSizing,
): void {
  acc[base + (side === 0 ? Acc.buy : Acc.sell) + bucket] += sign * slots[at + OrderField.filledAmount]
  acc[base + (side === 0 ? Acc.actBuy : Acc.actSell) + bucket] += sign * slots[at + OrderField.activeAmount]
  acc[base + (side === 0 ? Acc.nBuy : Acc.nSell) + bucket] += sign
  acc[base + (side === 0 ? Acc.notionalBuy : Acc.notionalSell)] += sign * notionalOf(slots, at, sizing)
}

function notionalOf(slots: Float64Array, at: number, sizing: FlowSizing): number {
  const state = slots[at + OrderField.state]
  const filled = slots[at + OrderField.filledAmount]
  if (sizing === 'filled') return filled
  if ((state & hasLimit) !== 0) return slots[at + OrderField.limitPrice] * slots[at + OrderField.original]
  const quantity = slots[at + OrderField.filledQuantity]
  if ((state & originalKnown) !== 0 && quantity > 0) return (filled * slots[at + OrderField.original]) / quantity
  return filled
}

function currentBucket(slots: Float64Array, at: number, sizing: FlowSizing, edges: Edges): number {
  const state = slots[at + OrderField.state]
  const filled = slots[at + OrderField.filledAmount]
  if (sizing === 'filled') return bucketOf(filled, edges)
  if ((state & hasLimit) !== 0)
    return bucketOf(slots[at + OrderField.limitPrice] * slots[at + OrderField.original], edges)
  const quantity = slots[at + OrderField.filledQuantity]
  if ((state & originalKnown) !== 0 && quantity > 0) {
    return bucketOfMarket(filled, slots[at + OrderField.original], quantity, edges)
  }
  return bucketOf(filled, edges)
}

function setBucket(slots: Float64Array, at: number, bucket: number): void {
  const flags = slots[at + OrderField.state] & ((1 << bucketShift) - 1)
  slots[at + OrderField.state] = flags | ((bucket + 1) << bucketShift)
}

/**
 * One side of a print. `side`: 0 buy, 1 sell. In sizing `trade` only the order's own history is kept (HF-59 needs it).
 */
export function fillParent(
  table: OrderTable,
  acc: Float64Array,
  base: number,
  row: number,
  channel: number,
  side: number,
  id: number,
  quantity: number,
  amount: number,
  isActive: boolean,
  sizing: FlowSizing,
  edges: Edges,
): void {
  const at = table.find(row, channel, side, id)
  const slots = table.slots
  const state = slots[at + OrderField.state]
  const old = (state >> bucketShift) - 1
  if (old >= 0) contribute(acc, base, side, old, slots, at, -1, sizing)
  if ((state & hasRow) === 0) {
    slots[at + OrderField.original] += quantity
    acc[base + Acc.ordered] += quantity
  }
  slots[at + OrderField.filledQuantity] += quantity
  slots[at + OrderField.filledAmount] += amount
  if (isActive) slots[at + OrderField.activeAmount] += amount
  if (sizing !== 'trade') {
    const bucket = currentBucket(slots, at, sizing, edges)
    setBucket(slots, at, bucket)
    contribute(acc, base, side, bucket, slots, at, 1, sizing)
  }
  const isFilled = (state & hasRow) !== 0 && slots[at + OrderField.filledQuantity] >= slots[at + OrderField.original]
  if (isFilled) table.remove(at)
}

/** The order row of a parent, which may stand behind its first fills (SSE). */
export function orderRow(
  table: OrderTable,
  acc: Float64Array,
  base: number,
  row: number,
  channel: number,
  side: number,
  id: number,
  limitPrice: number,
  quantity: number,
  isOriginal: boolean,
  sizing: FlowSizing,
  edges: Edges,
): void {
  acc[base + Acc.orderRows] += 1
  acc[base + Acc.ordered] += quantity
  const at = table.find(row, channel, side, id)
  const slots = table.slots
  const state = slots[at + OrderField.state]
  const old = (state >> bucketShift) - 1
  if (old >= 0) contribute(acc, base, side, old, slots, at, -1, sizing)
  slots[at + OrderField.limitPrice] = limitPrice
  slots[at + OrderField.original] = isOriginal ? quantity : slots[at + OrderField.original] + quantity
  slots[at + OrderField.state] = state | hasRow | (limitPrice > 0 ? hasLimit : 0) | (isOriginal ? originalKnown : 0)
  if (old >= 0) {
    const bucket = currentBucket(slots, at, sizing, edges)
    setBucket(slots, at, bucket)
    contribute(acc, base, side, bucket, slots, at, 1, sizing)
  }
}

/** A cancel: the order is finished, its contribution stays as it is. */
export function cancelParent(
  table: OrderTable,
  acc: Float64Array,
  base: number,
  row: number,
  channel: number,
  side: number,
  id: number,
  quantity: number,
): void {
  acc[base + Acc.cancelled] += quantity
  if (id > 0) table.remove(table.find(row, channel, side, id))
}

/** A print in sizing `trade`, or a side without a parent id: the print is its own parent. */
export function fillPrint(
  acc: Float64Array,
  base: number,
  side: number,
  amount: number,
  isActive: boolean,
  edges: Edges,
): void {
  const bucket = bucketOf(amount, edges)
  acc[base + (side === 0 ? Acc.buy : Acc.sell) + bucket] += amount
  if (isActive) acc[base + (side === 0 ? Acc.actBuy : Acc.actSell) + bucket] += amount
  acc[base + (side === 0 ? Acc.nBuy : Acc.nSell) + bucket] += 1
  acc[base + (side === 0 ? Acc.notionalBuy : Acc.notionalSell)] += amount
}
