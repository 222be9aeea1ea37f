import { describe, expect, it } from 'vitest'
import { OrderType, Side, TickKind } from '../../schemas/market.ts'
import { DayLog } from '../../src/simulator/day-log.ts'
import { encodeDay } from '../../src/simulator/market.ts'
import { OrderBook } from '../../src/simulator/order-book.ts'
import { drawUniverse } from '../../src/simulator/universe.ts'

const noon = 36_000_000

function opened(): { log: DayLog; book: OrderBook } {
  const log = new DayLog()
  const book = new OrderBook()
  book.open(log, 0, 900, 1100)
  return { log, book }
}

/** [price, quantity, buy order, sell order] of the trades in the log. */
const tradesOf = (log: DayLog): number[][] =>
  [...Array(log.rows).keys()]
    .filter((row) => log.kind[row] === TickKind.trade)
    .map((row) => [log.price[row], log.quantity[row], log.buy[row], log.sell[row]])

describe('matching', () => {
  it('goes by price, then by time, at the resting price; what is left stands in the book', () => {
    const { log, book } = opened()
    book.submit(noon, Side.sell, OrderType.limit, 1002, 100)
    book.submit(noon, Side.sell, OrderType.limit, 1001, 300)
    book.submit(noon, Side.sell, OrderType.limit, 1001, 200)
    book.submit(noon, Side.buy, OrderType.limit, 1001, 400)
    book.submit(noon, Side.buy, OrderType.limit, 1003, 500)
    expect(tradesOf(log)).toEqual([
      [1001, 300, 4, 2],
      [1001, 100, 4, 3],
      [1001, 100, 5, 3],
      [1002, 100, 5, 1],
    ])
    expect([book.bid, book.ask, book.last, book.trades, book.volume]).toEqual([1003, 0, 1002, 4, 600])
    expect(book.amount).toBe(500 * 1001 + 100 * 1002)
  })

  it('lets a cancelled order trade no more and keeps the queue behind it', () => {
    const { log, book } = opened()
    for (const quantity of [100, 200, 300]) book.submit(noon, Side.buy, OrderType.limit, 1000, quantity)
    book.cancel(noon, 2)
    book.submit(noon, Side.sell, OrderType.limit, 1000, 400)
    expect(tradesOf(log)).toEqual([
      [1000, 100, 1, 4],
      [1000, 300, 3, 4],
    ])
    expect([book.bid, book.ask, book.live]).toEqual([0, 0, 0])
  })

  it('sweeps five levels with a market order and cancels the rest', () => {
    const { log, book } = opened()
    for (let k = 0; k < 7; k++) book.submit(noon, Side.sell, OrderType.limit, 1001 + k, 100)
    book.submitMarket(noon, Side.buy, 1000)
    expect(tradesOf(log).map(([price]) => price)).toEqual([1001, 1002, 1003, 1004, 1005])
    expect([log.kind[log.rows - 1], log.quantity[log.rows - 1], book.ask, book.bid]).toEqual([1, 500, 1006, 0])
  })
})

describe('a call auction', () => {
  it('clears at the price of the largest volume, all at one price, better prices first', () => {
    const { log, book } = opened()
    book.collect(noon, Side.buy, 1003, 200)
    book.collect(noon, Side.buy, 1001, 300)
    book.collect(noon, Side.buy, 999, 400)
    book.collect(noon, Side.sell, 998, 100)
    book.collect(noon, Side.sell, 1000, 300)
    book.collect(noon, Side.sell, 1002, 500)
    book.uncross(noon, 1000)
    // Volume by price: 998 100, 999 100, 1000 400, 1001 400, 1002 200. Surplus at 1000 and 1001: 100. Reference: 1000.
    expect(tradesOf(log)).toEqual([
      [1000, 100, 1, 4],
      [1000, 100, 1, 5],
      [1000, 200, 2, 5],
    ])
    expect([book.bid, book.ask]).toEqual([1001, 1002])
  })

  it('takes the price with the smaller surplus among equal volumes, and without crossing orders none', () => {
    const { log, book } = opened()
    book.collect(noon, Side.buy, 1002, 300)
    book.collect(noon, Side.buy, 1001, 200)
    book.collect(noon, Side.sell, 1000, 300)
    book.uncross(noon, 1000)
    expect(tradesOf(log)).toEqual([[1002, 300, 1, 3]])
    book.uncross(noon, 1000)
    expect(log.rows).toBe(4)
  })
})

describe('Shanghai shows', () => {
  it('golden value 9: A buy 60,000, T 3,000, T 57,000, A sell 50,000 for a sell of 107,000', () => {
    const log = new DayLog()
    const book = new OrderBook()
    book.open(log, 0, 900, 1100)
    book.submit(noon, Side.buy, OrderType.limit, 1000, 60_000)
    book.submit(noon, Side.sell, OrderType.limit, 1000, 3_000)
    book.submit(noon, Side.sell, OrderType.limit, 1000, 107_000)
    const instruments = drawUniverse(1, 2).slice(1)
    const [first] = [...encodeDay(log, instruments, 0)]
    if (!('ticks' in first)) throw new Error('no ticks')
    const { kind, quantity, buyId, sellId, side, count } = first.ticks
    const rows = Array.from({ length: count }, (_, k) => [kind[k], quantity[k], buyId[k], sellId[k], side[k]])
    expect(rows).toEqual([
      [TickKind.order, 60_000, 1, 0, Side.buy],
      [TickKind.trade, 3_000, 1, 2, Side.sell],
      [TickKind.trade, 57_000, 1, 3, Side.sell],
      [TickKind.order, 50_000, 0, 3, Side.sell],
    ])
  })
})
