import { describe, expect, it } from 'vitest'
import { OrderType, TickFlag, TickKind } from '../../schemas/market.ts'
import { cn, dayStart } from '../../schemas/profiles/index.ts'
import type { TickBlock } from '../../src/ports/feed.ts'
import { DayLog } from '../../src/simulator/day-log.ts'
import { encodeDay, simulateMarket } from '../../src/simulator/market.ts'
import { Random } from '../../src/simulator/random.ts'
import { snapshotTimes } from '../../src/simulator/session.ts'
import { limitsOf, TradingDay } from '../../src/simulator/trading-day.ts'
import type { Exchange } from '../../src/simulator/universe.ts'
import { seed } from '../seed.ts'
import { collect, levelsOf, RebuiltBook, tradeTotals } from './collect.ts'

const market = simulateMarket({ seed, instruments: 6, days: 2, earlierDays: 30, eventsPerDay: 1500 })
const day = await collect(market.day(1))
const start = dayStart(cn, market.dates[1])
const clockMs = (block: { baseTime: number; time: Int32Array }, k: number): number =>
  (block.baseTime + block.time[k] - start) / 1000
const trading = market.instruments.filter((_, i) => !market.isSuspended(1, i)).map(({ symbol }) => symbol)

describe('conservation', () => {
  it('the trades of a day sum to the totals of its last book, to the share and the cent', () => {
    const sums = tradeTotals(day.ticks)
    const last = new Map<string, { trades: number; volume: number; amount: number }>()
    for (const book of day.books) {
      for (let k = 0; k < book.count; k++) {
        const { instrument } = book.dictionary[book.instrument[k]]
        last.set(instrument, { trades: book.trades[k], volume: book.volume[k], amount: book.amount[k] })
      }
    }
    expect([...sums.keys()].sort()).toEqual(trading)
    expect(Object.fromEntries(last)).toEqual(Object.fromEntries(sums))
  })

  it('what Shenzhen orders were for is what they traded, what was cancelled and what rests at the end', () => {
    const left = new Map<number, number>()
    for (const block of day.ticks.filter(({ channel }) => channel === 'SZSE-ticks')) {
      for (let k = 0; k < block.count; k++) {
        const ids = [block.buyId[k], block.sellId[k]].filter((id) => id > 0)
        const sign = block.kind[k] === TickKind.order ? 1 : -1
        for (const id of ids) left.set(id, (left.get(id) ?? 0) + sign * block.quantity[k])
      }
    }
    expect(left.size).toBeGreaterThan(500)
    expect(Math.min(...left.values())).toBe(0)
  })
})

describe('books', () => {
  it('equal the state rebuilt from the tick stream, all levels, at every snapshot', () => {
    let compared = 0
    for (const exchange of ['SSE', 'SZSE']) {
      const ticks = day.ticks.filter(({ channel }) => channel === `${exchange}-ticks`)
      const events = ticks.flatMap((block) => Array.from({ length: block.count }, (_, k) => ({ block, k })))
      const rebuilt = new Map<string, RebuiltBook>()
      let next = 0
      for (const book of day.books.filter(({ channel }) => channel === `${exchange}-books`)) {
        for (let row = 0; row < book.count; row++) {
          for (; next < events.length; next++) {
            const { block, k } = events[next]
            if (clockMs(block, k) > clockMs(book, row)) break
            const { instrument } = block.dictionary[block.instrument[k]]
            const state = rebuilt.get(instrument) ?? new RebuiltBook()
            rebuilt.set(instrument, state)
            state.apply(block, k)
          }
          const state = rebuilt.get(book.dictionary[book.instrument[row]].instrument) ?? new RebuiltBook()
          expect(levelsOf(book.bidPrice, book.bidQuantity, row)).toEqual(state.levels(true))
          expect(levelsOf(book.askPrice, book.askQuantity, row)).toEqual(state.levels(false))
          expect(book.last[row]).toBe(state.last)
          expect(book.trades[row]).toBe(state.trades)
          compared++
        }
      }
    }
    expect(compared).toBe(snapshotTimes(60).length * trading.length)
  })
})

describe('channels', () => {
  it('number orders, trades and cancels of a channel without a hole, at times that never fall', () => {
    const blocks = [...day.ticks, ...day.books]
    for (const channel of new Set(blocks.map((block) => block.channel))) {
      let sequence = 0
      let time = 0
      let wrong = 0
      for (const block of blocks.filter((one) => one.channel === channel)) {
        for (let k = 0; k < block.count; k++) {
          if (block.sequence[k] !== ++sequence || clockMs(block, k) < time) wrong++
          time = clockMs(block, k)
        }
      }
      expect(wrong).toBe(0)
      expect(sequence).toBeGreaterThan(0)
    }
  })

  it('keep the first day inside of the limits around the last earlier close', async () => {
    const bars = market.earlierBars.close
    const limits = new Map(
      market.instruments.map(({ symbol }, i) => [symbol, limitsOf(Math.round(100 * bars[bars.length - 6 + i]))]),
    )
    for (const block of (await collect(market.day(0))).ticks) {
      const outside = Array.from(block.price.keys()).filter((k) => {
        const limit = limits.get(block.dictionary[block.instrument[k]].instrument)
        return block.price[k] !== 0 && (limit === undefined || block.price[k] < limit.down || block.price[k] > limit.up)
      })
      expect(outside).toEqual([])
    }
  })

  it('keep prices inside of the limits and quantities in lots of 100', async () => {
    const closes = new Map<string, number>()
    for (const block of (await collect(market.day(0))).ticks) {
      for (let k = 0; k < block.count; k++) {
        if (block.kind[k] === TickKind.trade) {
          closes.set(block.dictionary[block.instrument[k]].instrument, block.price[k])
        }
      }
    }
    let wrong = 0
    for (const block of day.ticks) {
      for (let k = 0; k < block.count; k++) {
        if (block.quantity[k] % 100 !== 0 || block.quantity[k] <= 0) wrong++
        const close = closes.get(block.dictionary[block.instrument[k]].instrument)
        if (block.price[k] === 0 || close === undefined) continue
        const { down, up } = limitsOf(close)
        if (block.price[k] < down || block.price[k] > up) wrong++
      }
    }
    expect(wrong).toBe(0)
  })
})

describe('auctions', () => {
  const hour = 3_600_000
  it('print once each at one price, 09:25 and after 15:00; nothing is cancelled from 09:20 or at the close', () => {
    const prints = new Map<string, Set<number>>()
    for (const block of day.ticks) {
      for (let k = 0; k < block.count; k++) {
        const time = clockMs(block, k)
        const inOpening = time < 9.5 * hour
        const inClosing = time >= 14.95 * hour
        if (block.kind[k] === TickKind.cancel) {
          expect(time < 9.25 * hour + 300_000 || (!inOpening && !inClosing)).toBe(true)
        }
        if (block.kind[k] === TickKind.trade && (inOpening || inClosing)) {
          expect([9 * hour + 25 * 60_000, 15 * hour + 10]).toContain(time)
          const key = `${block.dictionary[block.instrument[k]].instrument} ${time}`
          prints.set(key, (prints.get(key) ?? new Set()).add(block.price[k]))
        }
      }
    }
    expect(prints.size).toBeGreaterThan(0)
    expect([...prints.values()].every((prices) => prices.size === 1)).toBe(true)
  })

  it('trade the largest volume that any single price allows', () => {
    const orders: { price: number; quantity: number; buying: boolean }[] = []
    let traded = 0
    let price = 0
    const block = day.ticks.find(({ channel }) => channel === 'SZSE-ticks') as TickBlock
    const place = block.instrument[0]
    const cancelled = new Set<number>()
    for (let k = 0; k < block.count; k++) {
      if (block.kind[k] === TickKind.cancel) cancelled.add(block.buyId[k] + block.sellId[k])
    }
    for (let k = 0; k < block.count; k++) {
      if (block.instrument[k] !== place) continue
      if (block.kind[k] === TickKind.trade) {
        traded += block.quantity[k]
        price = block.price[k]
      } else if (block.kind[k] === TickKind.order && !cancelled.has(block.sequence[k])) {
        orders.push({ price: block.price[k], quantity: block.quantity[k], buying: block.side[k] === 1 })
      }
    }
    const volumeAt = (limit: number): number => {
      const sum = (buying: boolean): number =>
        orders
          .filter((order) => order.buying === buying && (buying ? order.price >= limit : order.price <= limit))
          .reduce((total, order) => total + order.quantity, 0)
      return Math.min(sum(true), sum(false))
    }
    expect(traded).toBe(volumeAt(price))
    expect(Math.max(...orders.map((order) => volumeAt(order.price)))).toBe(traded)
  })
})

describe('dialects', () => {
  const encoded = (exchange: Exchange): TickBlock[] => {
    const log = new DayLog()
    const previousClose = 2000
    new TradingDay().run(log, new Random(seed, 99), {
      instrument: 0,
      level: Math.log(previousClose),
      previousClose,
      tick: 0.01,
      sizeFactor: 1,
      shown: { pv: 0.3, c: -0.5, hf: 0.2 },
      actions: 1500,
      snapshotTimes: snapshotTimes(60),
    })
    const instruments = [{ ...market.instruments[0], exchange }]
    const blocks: TickBlock[] = []
    for (const block of encodeDay(log, instruments, start)) if ('ticks' in block) blocks.push(block.ticks)
    return blocks
  }
  const rows = (blocks: TickBlock[], wanted: number): { block: TickBlock; k: number }[] =>
    blocks.flatMap((block) => Array.from({ length: block.count }, (_, k) => ({ block, k }))).filter(
      ({ block, k }) => block.kind[k] === wanted,
    ) // prettier-ignore

  it('of both exchanges show the same trades, between the same orders', () => {
    const trades = (exchange: Exchange): number[][] => {
      const found = rows(encoded(exchange), TickKind.trade)
      const ids = [...new Set(found.flatMap(({ block, k }) => [block.buyId[k], block.sellId[k]]))].sort((a, b) => a - b)
      const rank = new Map(ids.map((id, at) => [id, at]))
      return found.map(({ block, k }) => [
        clockMs(block, k),
        block.price[k],
        block.quantity[k],
        Number(rank.get(block.buyId[k])),
        Number(rank.get(block.sellId[k])),
      ])
    }
    expect(trades('SSE').length).toBeGreaterThan(300)
    expect(trades('SSE')).toEqual(trades('SZSE'))
  })

  it('Shanghai states sides that the larger id confirms, and shows an order after its trades, its rest alone', () => {
    const blocks = encoded('SSE')
    for (const { block, k } of rows(blocks, TickKind.trade)) {
      expect(block.flags[k] & (TickFlag.statesSide | TickFlag.statesAuction)).toBe(
        TickFlag.statesSide | TickFlag.statesAuction,
      )
      const auction = (block.flags[k] & TickFlag.auction) !== 0
      expect(block.side[k]).toBe(auction ? 0 : block.buyId[k] > block.sellId[k] ? 1 : 2)
    }
    const shown = new Set<number>()
    let tradedBefore = 0
    const aggressors = new Set<number>()
    for (const block of blocks) {
      for (let k = 0; k < block.count; k++) {
        if (block.kind[k] === TickKind.order) {
          const id = block.buyId[k] + block.sellId[k]
          shown.add(id)
          if (aggressors.has(id)) tradedBefore++
        } else if (block.kind[k] === TickKind.trade && block.side[k] !== 0) {
          const aggressor = Math.max(block.buyId[k], block.sellId[k])
          expect(shown.has(aggressor)).toBe(false)
          expect(shown.has(Math.min(block.buyId[k], block.sellId[k]))).toBe(true)
          aggressors.add(aggressor)
        }
      }
    }
    expect(tradedBefore).toBeGreaterThan(10)
    expect([...aggressors].some((id) => !shown.has(id))).toBe(true)
  })

  it('Shenzhen shows every order first, its id being its sequence, with market and own-best orders among them', () => {
    const blocks = encoded('SZSE')
    const orders = rows(blocks, TickKind.order)
    for (const { block, k } of orders) {
      expect(block.buyId[k] + block.sellId[k]).toBe(block.sequence[k])
      expect(block.flags[k]).toBe(TickFlag.originalQuantity)
      expect(block.price[k] === 0).toBe(block.orderType[k] !== OrderType.limit)
    }
    for (const type of Object.values(OrderType)) {
      expect(orders.some(({ block, k }) => block.orderType[k] === type)).toBe(true)
    }
    expect(rows(blocks, TickKind.trade).every(({ block, k }) => block.side[k] === 0 && block.flags[k] === 0)).toBe(true)
    const ids = new Set(orders.map(({ block, k }) => block.sequence[k]))
    for (const { block, k } of rows(blocks, TickKind.cancel)) {
      expect(block.price[k]).toBe(0)
      expect(ids.has(block.buyId[k] + block.sellId[k])).toBe(true)
    }
  })

  it('orders, trades and cancels stand near 66 : 43 : 17', () => {
    const blocks = encoded('SZSE')
    const counts = [TickKind.order, TickKind.trade, TickKind.cancel].map((kind) => rows(blocks, kind).length)
    const total = counts[0] + counts[1] + counts[2]
    const shares = counts.map((count) => (126 * count) / total)
    expect(Math.abs(shares[0] - 66)).toBeLessThan(8)
    expect(Math.abs(shares[1] - 43)).toBeLessThan(8)
    expect(Math.abs(shares[2] - 17)).toBeLessThan(6)
  })
})
