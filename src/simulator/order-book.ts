import { bookLevels, OrderType, Side, TickKind } from '../../schemas/market.ts'
import type { DayLog } from './day-log.ts'

const buys = 0
const sells = 1
const marketOrderLevels = 5

/**
 * Price-time priority matching of one instrument and day. Prices are ticks between both limits, so that a level is an
 * array element; orders of a level are a linked list through the slots. Everything it does is appended to the log.
 */
export class OrderBook {
  trades = 0
  volume = 0
  /** Ticks x shares. */
  amount = 0
  /** Price of the last trade, 0 before the first. */
  last = 0
  /** Resting orders, in no order. */
  live = 0

  private log!: DayLog
  private instrument = 0
  private lowest = 0
  private levels = 0
  private firstOrder = 0
  private best = new Int32Array(2)
  private head = new Int32Array(0)
  private tail = new Int32Array(0)
  private total = new Int32Array(0)
  private slots = 0
  private price = new Int32Array(256)
  private rest = new Int32Array(256)
  private book = new Uint8Array(256)
  private next = new Int32Array(256)
  private previous = new Int32Array(256)
  private place = new Int32Array(256)
  private liveSlots = new Int32Array(256)

  /** Empties the book for an instrument and a day. Limits are in ticks, both allowed. */
  open(log: DayLog, instrument: number, limitDown: number, limitUp: number): void {
    this.log = log
    this.instrument = instrument
    this.lowest = limitDown
    this.levels = limitUp - limitDown + 1
    this.firstOrder = log.orders
    if (this.head.length < 2 * this.levels) {
      this.head = new Int32Array(2 * this.levels)
      this.tail = new Int32Array(2 * this.levels)
      this.total = new Int32Array(2 * this.levels)
    } else {
      this.head.fill(0)
      this.tail.fill(0)
      this.total.fill(0)
    }
    this.best[buys] = -1
    this.best[sells] = this.levels
    this.slots = this.live = this.trades = this.volume = this.amount = this.last = 0
  }

  /** Best bid and ask in ticks, 0 = none. */
  get bid(): number {
    return this.best[buys] < 0 ? 0 : this.best[buys] + this.lowest
  }

  get ask(): number {
    return this.best[sells] >= this.levels ? 0 : this.best[sells] + this.lowest
  }

  priceOf(slot: number): number {
    return this.price[slot]
  }

  liveSlot(index: number): number {
    return this.liveSlots[index]
  }

  /** An order of a call auction: it waits for `uncross`. */
  collect(time: number, side: number, price: number, quantity: number): void {
    const slot = this.arrive(time, side, OrderType.limit, price, quantity)
    this.insert(slot)
  }

  /** A limit order in continuous trading: it takes what its price allows, and the rest stands in the book. */
  submit(time: number, side: number, type: number, price: number, quantity: number): void {
    const slot = this.arrive(time, side, type, price, quantity)
    this.take(slot, side, price - this.lowest, this.levels)
    if (this.rest[slot] > 0) this.insert(slot)
  }

  /** A market order: it takes the five best levels, and the rest is cancelled at once. */
  submitMarket(time: number, side: number, quantity: number): void {
    const slot = this.arrive(time, side, OrderType.market, 0, quantity)
    this.take(slot, side, side === Side.buy ? this.levels - 1 : 0, marketOrderLevels)
    if (this.rest[slot] > 0) this.logCancel(slot)
  }

  cancel(time: number, slot: number): void {
    this.log.beginGroup(this.instrument, time)
    this.logCancel(slot)
    this.remove(slot)
  }

  /** Call auction: one price with the largest volume, then the smallest surplus, then nearest to `reference` ticks. */
  uncross(time: number, reference: number): void {
    const price = this.clearingLevel(reference - this.lowest)
    if (price < 0) return
    this.log.beginGroup(this.instrument, time)
    while (this.best[buys] >= price && this.best[sells] <= price) {
      const buyer = this.head[this.best[buys]]
      const seller = this.head[this.levels + this.best[sells]]
      this.trade(buyer, seller, Side.unknown, price, 1)
      if (this.rest[buyer] === 0) this.remove(buyer)
      if (this.rest[seller] === 0) this.remove(seller)
    }
  }

  /** The ten best levels of each side and the totals so far. */
  snapshot(time: number): void {
    const log = this.log
    const index = log.addSnapshot(this.instrument, time)
    log.last[index] = this.last
    log.totals[index * 3] = this.trades
    log.totals[index * 3 + 1] = this.volume
    log.totals[index * 3 + 2] = this.amount
    let at = index * bookLevels
    const end = at + bookLevels
    for (let level = this.best[buys]; level >= 0 && at < end; level--) {
      if (this.total[level] === 0) continue
      log.bidPrice[at] = level + this.lowest
      log.bidQuantity[at++] = this.total[level]
    }
    at = index * bookLevels
    for (let level = this.best[sells]; level < this.levels && at < end; level++) {
      const quantity = this.total[this.levels + level]
      if (quantity === 0) continue
      log.askPrice[at] = level + this.lowest
      log.askQuantity[at++] = quantity
    }
  }

  private arrive(time: number, side: number, type: number, price: number, quantity: number): number {
    if (this.slots + 1 >= this.price.length) this.growSlots()
    const slot = ++this.slots
    const order = ++this.log.orders
    this.price[slot] = price
    this.rest[slot] = quantity
    this.book[slot] = side === Side.buy ? buys : sells
    this.place[slot] = -1
    this.log.beginGroup(this.instrument, time)
    const buyer = side === Side.buy ? order : 0
    const row = this.log.add(TickKind.order, side, price, quantity, buyer, buyer === 0 ? order : 0)
    this.log.orderType[row] = type
    return slot
  }

  private take(slot: number, side: number, limit: number, maxLevels: number): void {
    const buying = side === Side.buy
    const other = buying ? sells : buys
    let touched = 0
    let level = -1
    while (this.rest[slot] > 0) {
      const best = this.best[other]
      if (buying ? best > limit || best >= this.levels : best < limit || best < 0) return
      if (best !== level && ++touched > maxLevels) return
      level = best
      const resting = this.head[other * this.levels + best]
      if (buying) this.trade(slot, resting, side, best, 0)
      else this.trade(resting, slot, side, best, 0)
      if (this.rest[resting] === 0) this.remove(resting)
    }
  }

  private trade(buyer: number, seller: number, side: number, level: number, auction: number): void {
    const quantity = Math.min(this.rest[buyer], this.rest[seller])
    const price = level + this.lowest
    this.fill(buyer, quantity)
    this.fill(seller, quantity)
    const row = this.log.add(TickKind.trade, side, price, quantity, buyer + this.firstOrder, seller + this.firstOrder)
    this.log.auction[row] = auction
    this.trades++
    this.volume += quantity
    this.amount += quantity * price
    this.last = price
  }

  private fill(slot: number, quantity: number): void {
    this.rest[slot] -= quantity
    // Only what stands in the book counts in its level: an arriving order has no place yet.
    if (this.place[slot] >= 0) this.total[this.levelOf(slot)] -= quantity
  }

  private levelOf(slot: number): number {
    return this.book[slot] * this.levels + this.price[slot] - this.lowest
  }

  private logCancel(slot: number): void {
    const buying = this.book[slot] === buys
    const order = slot + this.firstOrder
    const side = buying ? Side.buy : Side.sell
    this.log.add(TickKind.cancel, side, this.price[slot], this.rest[slot], buying ? order : 0, buying ? 0 : order)
  }

  private insert(slot: number): void {
    const level = this.levelOf(slot)
    const tail = this.tail[level]
    this.next[slot] = 0
    this.previous[slot] = tail
    if (tail === 0) this.head[level] = slot
    else this.next[tail] = slot
    this.tail[level] = slot
    this.total[level] += this.rest[slot]
    this.place[slot] = this.live
    this.liveSlots[this.live++] = slot
    const side = this.book[slot]
    const offset = this.price[slot] - this.lowest
    if (side === buys ? offset > this.best[buys] : offset < this.best[sells]) this.best[side] = offset
  }

  private remove(slot: number): void {
    const level = this.levelOf(slot)
    const before = this.previous[slot]
    const after = this.next[slot]
    if (before === 0) this.head[level] = after
    else this.next[before] = after
    if (after === 0) this.tail[level] = before
    else this.previous[after] = before
    this.total[level] -= this.rest[slot]
    const moved = this.liveSlots[--this.live]
    this.liveSlots[this.place[slot]] = moved
    this.place[moved] = this.place[slot]
    this.place[slot] = -1
    const side = this.book[slot]
    if (this.head[level] === 0 && this.price[slot] - this.lowest === this.best[side]) this.findBest(side)
  }

  private findBest(side: number): void {
    const step = side === buys ? -1 : 1
    let level = this.best[side]
    while (level >= 0 && level < this.levels && this.head[side * this.levels + level] === 0) level += step
    this.best[side] = level
  }

  private clearingLevel(reference: number): number {
    const low = this.best[sells]
    const high = this.best[buys]
    if (low > high) return -1
    let demand = 0
    for (let level = low; level <= high; level++) demand += this.total[level]
    let supply = 0
    let chosen = -1
    let most = 0
    let least = 0
    for (let level = low; level <= high; level++) {
      supply += this.total[this.levels + level]
      const matched = Math.min(demand, supply)
      const surplus = Math.abs(demand - supply)
      const nearer = Math.abs(level - reference) < Math.abs(chosen - reference)
      if (matched > most || (matched === most && (surplus < least || (surplus === least && nearer)))) {
        chosen = level
        most = matched
        least = surplus
      }
      demand -= this.total[level]
    }
    return chosen
  }

  private growSlots(): void {
    const bigger = (from: Int32Array): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(from.length * 2)
      to.set(from)
      return to
    }
    this.price = bigger(this.price)
    this.rest = bigger(this.rest)
    this.next = bigger(this.next)
    this.previous = bigger(this.previous)
    this.place = bigger(this.place)
    this.liveSlots = bigger(this.liveSlots)
    const book = new Uint8Array(this.book.length * 2)
    book.set(this.book)
    this.book = book
  }
}
