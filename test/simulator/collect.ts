import { bookLevels, TickKind } from '../../schemas/market.ts'
import type { BookBlock, FeedDay, TickBlock } from '../../src/ports/feed.ts'

/** All blocks of a day, ticks and books apart. */
export async function collect(day: FeedDay): Promise<{ ticks: TickBlock[]; books: BookBlock[] }> {
  const ticks: TickBlock[] = []
  const books: BookBlock[] = []
  for await (const block of day.blocks()) {
    if ('ticks' in block) ticks.push(block.ticks)
    else books.push(block.books)
  }
  return { ticks, books }
}

export interface Totals {
  trades: number
  volume: number
  amount: number
}

/** What the trades of each instrument sum to. */
export function tradeTotals(blocks: readonly TickBlock[]): Map<string, Totals> {
  const totals = new Map<string, Totals>()
  for (const block of blocks) {
    for (let k = 0; k < block.count; k++) {
      if (block.kind[k] !== TickKind.trade) continue
      const { instrument } = block.dictionary[block.instrument[k]]
      const sum = totals.get(instrument) ?? { trades: 0, volume: 0, amount: 0 }
      totals.set(instrument, sum)
      sum.trades++
      sum.volume += block.quantity[k]
      sum.amount += block.quantity[k] * block.price[k]
    }
  }
  return totals
}

interface Resting {
  price: number
  quantity: number
  buying: boolean
}

/**
 * A book as a reader of the feed would rebuild it, written apart from the simulator: orders by id, orders of Shanghai
 * by what its rows say is left, market orders of Shenzhen never resting.
 */
export class RebuiltBook {
  readonly orders = new Map<number, Resting>()
  trades = 0
  volume = 0
  amount = 0
  last = 0

  apply(block: TickBlock, k: number): void {
    const quantity = block.quantity[k]
    const buyId = block.buyId[k]
    const sellId = block.sellId[k]
    if (block.kind[k] === TickKind.order) {
      const buying = buyId > 0
      this.orders.set(buying ? buyId : sellId, { price: this.restingPrice(block, k, buying), quantity, buying })
    } else if (block.kind[k] === TickKind.cancel) {
      this.orders.delete(buyId > 0 ? buyId : sellId)
    } else {
      this.trades++
      this.volume += quantity
      this.amount += quantity * block.price[k]
      this.last = block.price[k]
      for (const id of [buyId, sellId]) this.fill(id, quantity)
    }
  }

  private restingPrice(block: TickBlock, k: number, buying: boolean): number {
    if (block.orderType[k] !== 2) return block.price[k]
    return this.levels(buying)[0][0]
  }

  private fill(id: number, quantity: number): void {
    const order = this.orders.get(id)
    if (order === undefined) return
    order.quantity -= quantity
    if (order.quantity === 0) this.orders.delete(id)
  }

  /** [price, quantity] of one side, best first, ten at most. */
  levels(buying: boolean): [number, number][] {
    const sums = new Map<number, number>()
    for (const order of this.orders.values()) {
      if (order.buying === buying) sums.set(order.price, (sums.get(order.price) ?? 0) + order.quantity)
    }
    return [...sums].sort(([a], [b]) => (buying ? b - a : a - b)).slice(0, bookLevels)
  }
}

export const levelsOf = (prices: Int32Array, quantities: Float64Array, row: number): [number, number][] =>
  Array.from({ length: bookLevels }, (_, k): [number, number] => [
    prices[row * bookLevels + k],
    quantities[row * bookLevels + k],
  ]).filter(([price]) => price > 0)
