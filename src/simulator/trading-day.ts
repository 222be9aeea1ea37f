import { OrderType, Side } from '../../schemas/market.ts'
import type { DayLog } from './day-log.ts'
import { OrderBook } from './order-book.ts'
import type { Random } from './random.ts'
import * as session from './session.ts'
import { closeTilt, depthTilt, largeOrderTilt, sizeTilt } from './signal.ts'

/** What one instrument's day is drawn from. Prices in ticks. */
export interface DaySetting {
  readonly instrument: number
  /** ln of the price, in ticks, around which the day trades. */
  readonly level: number
  readonly previousClose: number
  /** CNY of a tick times the size of all orders: what turns currency into shares. */
  readonly tick: number
  readonly sizeFactor: number
  /** How the latent state shows in each set. */
  readonly shown: { readonly pv: number; readonly c: number; readonly hf: number }
  /** Orders and cancels to send. */
  readonly actions: number
  readonly snapshotTimes: Int32Array
}

/** Orders and cancels that go with a given number of orders, trades and cancels: (66 + 17) / (66 + 43 + 17). */
export const actionsPerEvent = 0.659
const cancelShare = 0.205
const openingShare = 0.1
const closingShare = 0.035
const aggressiveShare = 0.42
const largeShare = 0.12
const extraLargeShare = 0.02
const marketShare = 0.02
const ownBestShare = 0.02
/** Aggressive orders reach so far beyond the fair price, passive ones stand so far from it on average. */
const reach = 0.0012
const nearest = 0.0003
const depth = 0.0022
const dayNoise = 0.006
const trendShare = 0.4
/**
 * What moves the average price away from the fair one, as measured over simulated days: resting orders trade at prices
 * of some minutes ago, each unit of the state shown by buyers lifts it, and the auctions trade their shares of the day.
 * The fair price is moved against all three, or else the average price of a day would tell of the next one's.
 */
const restingMinutes = 6
const flowLift = 0.00047
const openingVolume = 0.078
const closingVolume = 0.04

export const limitsOf = (previousClose: number): { down: number; up: number } => ({
  down: Math.max(1, Math.floor(previousClose * 0.9 + 0.5)),
  up: Math.floor(previousClose * 1.1 + 0.5),
})

/** Sends one instrument's orders of one day through its book, into the log. */
export class TradingDay {
  private readonly book = new OrderBook()
  private readonly fair = new Float64Array(session.continuousMinutes + 1)
  private random!: Random
  private setting!: DaySetting
  private down = 0
  private up = 0
  private nextSnapshot = 0

  /** Answers the closing price: that of the last trade, or the previous close when there was none. */
  run(log: DayLog, random: Random, setting: DaySetting): number {
    this.random = random
    this.setting = setting
    const limits = limitsOf(setting.previousClose)
    this.down = limits.down
    this.up = limits.up
    this.nextSnapshot = 0
    this.drawFair()
    this.book.open(log, setting.instrument, limits.down, limits.up)
    const opening = Math.max(4, Math.round(setting.actions * openingShare))
    const closing = Math.max(4, Math.round(setting.actions * closingShare))
    this.auction(opening, session.openingStart, session.openingPrint, 0)
    this.snapshotsBefore(session.openingPrint)
    this.book.uncross(session.openingPrint, setting.previousClose)
    this.continuous(Math.max(0, setting.actions - opening - closing))
    this.auction(closing, session.closingStart, session.closingPrint - 10, session.continuousMinutes)
    this.snapshotsBefore(session.closingPrint)
    this.book.uncross(session.closingPrint, this.book.last === 0 ? setting.previousClose : this.book.last)
    this.snapshotsBefore(Infinity)
    return this.book.last === 0 ? setting.previousClose : this.book.last
  }

  /**
   * The fair price by minute, ticks: a trend from the previous close, a bridge of noise and the tilt of the last hour,
   * moved so that its mean over the expected activity is the day's level: the average price then follows the level.
   */
  private drawFair(): void {
    const { fair, random } = this
    const n = session.continuousMinutes
    const { level, previousClose, shown } = this.setting
    const trend = trendShare * Math.max(-0.1, Math.min(0.1, level - Math.log(previousClose)))
    let walk = 0
    for (let j = 0; j <= n; j++) {
      fair[j] = walk
      walk += (dayNoise / Math.sqrt(n)) * random.normal()
    }
    const end = fair[n]
    let mean = 0
    for (let j = 0; j <= n; j++) {
      fair[j] += (trend - end) * (j / n) + closeTilt * shown.pv * Math.max(0, (j - n + 60) / 60)
      if (j > 0) mean += (session.minuteActivity[j - 1] * fair[Math.max(0, j - restingMinutes)]) / n
    }
    mean = (1 - openingVolume - closingVolume) * mean + openingVolume * fair[0] + closingVolume * fair[n]
    mean += flowLift * (shown.c + shown.hf)
    for (let j = 0; j <= n; j++) {
      fair[j] = Math.max(this.down + 1, Math.min(this.up - 1, Math.exp(level + fair[j] - mean)))
    }
  }

  private snapshotsBefore(time: number): void {
    const { snapshotTimes } = this.setting
    while (this.nextSnapshot < snapshotTimes.length && snapshotTimes[this.nextSnapshot] < time) {
      this.book.snapshot(snapshotTimes[this.nextSnapshot++])
    }
  }

  /** Orders of a call auction at ascending times of [start, end); cancels only while they are allowed. */
  private auction(count: number, start: number, end: number, minute: number): void {
    const { random, book } = this
    const fair = this.fair[minute]
    let passed = 0
    const total = exponentials(random, count)
    for (let k = 0; k < count; k++) {
      passed += total.gaps[k]
      const time = Math.min(end - stamp, stamped(start + ((end - start) * passed) / total.sum))
      this.snapshotsBefore(time)
      if (time < session.openingCancelEnd && book.live > 4 && random.uniform() < cancelShare) {
        this.cancel(time, fair)
        continue
      }
      const buying = random.uniform() < 0.5
      const distance = random.uniform() < 0.5 ? reach * random.exponential() : -depth * random.exponential()
      const price = this.within(fair * (1 + (buying ? distance : -distance)), buying)
      book.collect(time, buying ? Side.buy : Side.sell, price, this.shares(this.passiveAmount(buying), fair))
    }
  }

  private continuous(count: number): void {
    const { random } = this
    const n = session.continuousMinutes
    const { gaps, sum } = exponentials(random, count)
    let passed = 0
    let minute = 0
    let before = 0
    for (let k = 0; k < count; k++) {
      passed += (gaps[k] / sum) * n
      while (minute < n - 1 && before + session.minuteActivity[minute] <= passed) {
        before += session.minuteActivity[minute++]
      }
      const part = Math.min(0.9999, (passed - before) / session.minuteActivity[minute])
      const time = stamped(session.minuteStart(minute) + 60_000 * part)
      this.snapshotsBefore(time)
      const fair = this.fair[minute] + (this.fair[minute + 1] - this.fair[minute]) * part
      if (this.book.live > 8 && random.uniform() < cancelShare) this.cancel(time, fair)
      else if (random.uniform() < aggressiveShare) this.aggress(time, fair)
      else this.rest(time, fair)
    }
  }

  /** Of two resting orders drawn, the one further from the fair price goes. */
  private cancel(time: number, fair: number): void {
    const { book, random } = this
    const one = book.liveSlot(random.below(book.live))
    const other = book.liveSlot(random.below(book.live))
    const further = Math.abs(book.priceOf(one) - fair) >= Math.abs(book.priceOf(other) - fair) ? one : other
    book.cancel(time, further)
  }

  private rest(time: number, fair: number): void {
    const { random, book } = this
    const buying = random.uniform() < 0.5
    const distance = nearest + depth * random.exponential()
    const side = buying ? Side.buy : Side.sell
    const quantity = this.shares(this.passiveAmount(buying), fair)
    const best = buying ? book.bid : book.ask
    if (best > 0 && random.uniform() < ownBestShare) {
      book.submit(time, side, OrderType.ownBest, best, quantity)
      return
    }
    book.submit(
      time,
      side,
      OrderType.limit,
      this.within(fair * (1 + (buying ? -distance : distance)), !buying),
      quantity,
    )
  }

  private aggress(time: number, fair: number): void {
    const { random, book, setting } = this
    const kind = random.uniform()
    const large = kind < largeShare + extraLargeShare
    const chance = large ? 1 / (1 + Math.exp(-largeOrderTilt * setting.shown.c)) : this.pull(fair)
    const buying = random.uniform() < chance
    const side = buying ? Side.buy : Side.sell
    const quantity = this.shares(this.aggressiveAmount(kind), fair)
    const best = buying ? book.ask : book.bid
    const close = best > 0 && Math.abs(best / fair - 1) < 2 * reach
    if (!large && close && random.uniform() < marketShare) book.submitMarket(time, side, quantity)
    else book.submit(time, side, OrderType.limit, this.within(fair * (1 + (buying ? reach : -reach)), buying), quantity)
  }

  /** Chance that an ordinary aggressive order buys: they bring the book back to the fair price. */
  private pull(fair: number): number {
    const { bid, ask } = this.book
    if (bid === 0 || ask === 0) return 0.5
    const gap = fair / ((bid + ask) / 2) - 1
    return 0.5 + 0.45 * Math.tanh(gap / 0.001)
  }

  private passiveAmount(buying: boolean): number {
    const tilt = depthTilt * this.setting.shown.hf
    return 80_000 * Math.exp(this.random.normal() + (buying ? tilt : -tilt))
  }

  private aggressiveAmount(kind: number): number {
    const { random } = this
    if (kind < extraLargeShare) return 1_250_000 * Math.exp(0.15 * random.normal())
    if (kind < extraLargeShare + largeShare) return 320_000 * Math.exp(0.35 * random.normal())
    return 60_000 * Math.exp(0.8 * random.normal())
  }

  /** Whole lots of 100 shares, one at least. */
  private shares(amount: number, fair: number): number {
    const { sizeFactor, tick, shown } = this.setting
    const lots = Math.round((amount * sizeFactor * Math.exp(sizeTilt * shown.pv)) / (fair * tick * 100))
    return Math.max(1, Math.min(10_000, lots)) * 100
  }

  /** A price in whole ticks inside of the limits, rounded up or down. */
  private within(price: number, up: boolean): number {
    return Math.max(this.down, Math.min(this.up, up ? Math.ceil(price) : Math.floor(price)))
  }
}

/** Stamps count 10 ms, as Shanghai's do. */
const stamp = 10
const stamped = (time: number): number => Math.floor(time / stamp) * stamp

/** Gaps of a Poisson process and their sum (with one gap more, after the last event). */
function exponentials(random: Random, count: number): { gaps: Float64Array; sum: number } {
  const gaps = new Float64Array(count + 1)
  let sum = 0
  for (let k = 0; k <= count; k++) sum += gaps[k] = random.exponential()
  return { gaps, sum }
}
