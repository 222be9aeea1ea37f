import { bookLevels, OrderType, Side, TickFlag, TickKind } from '../../../schemas/market.ts'
import type { Random } from '../../../src/simulator/random.ts'
import type { ChainWriter } from './batches.ts'

/** What has happened so far. */
export interface LoadCounts {
  orders: number
  trades: number
  cancels: number
  books: number
  parents: number
  /** Parents that are finished. */
  finished: number
}

const lot = 100
/** Every 33rd order on SZSE is a market order. */
const marketOrders = 33

/**
 * The orders of many instruments, matched just well enough that the order table meets what it meets on a day: fresh
 * orders are hit and cancelled most, a hit order is mostly filled in part, some rest for ever. An aggressor on SSE
 * shows its trades first and its rest, if any, behind them; on SZSE every order shows itself first.
 */
export class Exchange {
  readonly counts: LoadCounts = { orders: 0, trades: 0, cancels: 0, books: 0, parents: 0, finished: 0 }
  private readonly random: Random
  private readonly isTradesOnly: boolean
  /** Live orders of each instrument and side by parent number, newest last. */
  private readonly queues: number[][]
  private readonly mid: Int32Array
  private readonly traded: Float64Array
  private readonly id: Float64Array
  private readonly rest: Int32Array
  private readonly price: Int32Array
  /** Next sequence and next order id of each channel. */
  private readonly sequences = new Float64Array(64).fill(1)
  private readonly ids = new Float64Array(64).fill(1)

  constructor(instruments: number, parents: number, random: Random, isTradesOnly: boolean) {
    this.isTradesOnly = isTradesOnly
    this.random = random
    this.queues = Array.from({ length: 2 * instruments }, () => [])
    this.mid = Int32Array.from({ length: instruments }, () => 500 + random.below(5000))
    this.traded = new Float64Array(3 * instruments)
    this.id = new Float64Array(parents)
    this.rest = new Int32Array(parents)
    this.price = new Int32Array(parents)
  }

  /** Something happens in an instrument. @returns rows written, at most 5 */
  act(chain: ChainWriter, time: number, instrument: number, lane: number, isShenzhen: boolean): number {
    const { random } = this
    const side = random.below(2)
    // Steps of 66 orders, 43 trades and 17 cancels: an aggressor trades 1.6 times, on SSE three of four have no row.
    const draw = random.below(isShenzhen ? 83 : 103)
    if (draw < 17 && this.queues[2 * instrument + side].length > 0)
      return this.cancel(chain, time, instrument, lane, side)
    const hits = random.uniform() < 0.6 ? 1 : 2 + random.below(2)
    if (draw >= 17 && draw < 44 && this.queues[2 * instrument + 1 - side].length >= hits)
      return this.aggress(chain, time, instrument, lane, side, hits, isShenzhen)
    const parent = this.parent(lane, instrument, side, lot * (1 + random.below(40)))
    this.queues[2 * instrument + side].push(parent)
    return this.orderRow(chain, time, instrument, lane, side, parent, isShenzhen)
  }

  /** Ten levels around the middle. */
  snapshot(chain: ChainWriter, time: number, instrument: number, lane: number): void {
    const { columns } = chain
    const i = chain.row(instrument, time, this.sequences[lane]++)
    const { mid } = this
    columns['last'][i] = mid[instrument]
    columns['volume'][i] = this.traded[3 * instrument]
    columns['amount'][i] = this.traded[3 * instrument + 1]
    columns['trades'][i] = this.traded[3 * instrument + 2]
    for (let level = 0; level < bookLevels; level++) {
      const at = i * bookLevels + level
      columns['bidPrice'][at] = mid[instrument] - 1 - level
      columns['askPrice'][at] = mid[instrument] + 1 + level
      columns['bidQuantity'][at] = lot * (1 + ((instrument + at) & 63))
      columns['askQuantity'][at] = lot * (1 + ((instrument + at * 7) & 63))
    }
    this.counts.books++
  }

  private parent(lane: number, instrument: number, side: number, quantity: number): number {
    const parent = this.counts.parents++
    this.id[parent] = this.ids[lane]++
    this.rest[parent] = quantity
    this.price[parent] = this.mid[instrument] + (side === 0 ? -1 : 1) * (1 + this.random.below(10))
    return parent
  }

  private orderRow(
    chain: ChainWriter,
    time: number,
    instrument: number,
    lane: number,
    side: number,
    parent: number,
    isShenzhen: boolean,
  ): number {
    if (this.isTradesOnly) return 1
    const { columns } = chain
    const i = chain.row(instrument, time, this.sequences[lane]++)
    const isMarket = isShenzhen && parent % marketOrders === 0
    columns['kind'][i] = TickKind.order
    columns['side'][i] = side === 0 ? Side.buy : Side.sell
    columns['orderType'][i] = isMarket ? OrderType.market : OrderType.limit
    columns['flags'][i] = isShenzhen ? TickFlag.originalQuantity : 0
    columns['price'][i] = isMarket ? 0 : this.price[parent]
    columns['quantity'][i] = this.rest[parent]
    columns['buyId'][i] = side === 0 ? this.id[parent] : 0
    columns['sellId'][i] = side === 0 ? 0 : this.id[parent]
    this.counts.orders++
    return 1
  }

  private cancel(chain: ChainWriter, time: number, instrument: number, lane: number, side: number): number {
    const { columns } = chain
    const { random } = this
    const queue = this.queues[2 * instrument + side]
    const span = random.uniform() < 0.7 ? Math.min(32, queue.length) : queue.length
    const parent = takeOut(queue, queue.length - 1 - random.below(span))
    if (this.isTradesOnly) return 1
    const i = chain.row(instrument, time, this.sequences[lane]++)
    columns['kind'][i] = TickKind.cancel
    columns['side'][i] = side === 0 ? Side.buy : Side.sell
    columns['orderType'][i] = OrderType.limit
    columns['flags'][i] = 0
    columns['price'][i] = 0
    columns['quantity'][i] = this.rest[parent]
    columns['buyId'][i] = side === 0 ? this.id[parent] : 0
    columns['sellId'][i] = side === 0 ? 0 : this.id[parent]
    this.counts.cancels++
    this.counts.finished++
    return 1
  }

  private aggress(
    chain: ChainWriter,
    time: number,
    instrument: number,
    lane: number,
    side: number,
    hits: number,
    isShenzhen: boolean,
  ): number {
    const { random } = this
    const queue = this.queues[2 * instrument + 1 - side]
    const parent = this.parent(lane, instrument, side, 0)
    const passives: number[] = []
    let quantity = 0
    for (let hit = 1; hit <= hits; hit++) {
      const at = queue.length - 1 - random.below(Math.min(8, queue.length))
      const passive = queue[at]
      const part = hit < hits ? this.rest[passive] : lot * Math.max(1, Math.floor(this.rest[passive] / (2 * lot)))
      passives.push(passive, part)
      quantity += part
      this.rest[passive] -= part
      if (this.rest[passive] === 0) {
        takeOut(queue, at)
        this.counts.finished++
      }
    }
    const hasRest = !isShenzhen && random.below(4) === 0
    let rows = 0
    if (isShenzhen) {
      this.rest[parent] = quantity
      rows += this.orderRow(chain, time, instrument, lane, side, parent, true)
    }
    for (let hit = 0; hit < hits; hit++)
      this.trade(chain, time, instrument, lane, side, parent, passives[2 * hit], passives[2 * hit + 1])
    if (hasRest) {
      this.rest[parent] = lot * (1 + random.below(10))
      this.queues[2 * instrument + side].push(parent)
      rows += this.orderRow(chain, time, instrument, lane, side, parent, false)
    } else this.counts.finished++
    return rows + hits
  }

  private trade(
    chain: ChainWriter,
    time: number,
    instrument: number,
    lane: number,
    side: number,
    parent: number,
    passive: number,
    quantity: number,
  ): void {
    const { columns } = chain
    const price = this.price[passive]
    const i = chain.row(instrument, time, this.sequences[lane]++)
    columns['kind'][i] = TickKind.trade
    columns['side'][i] = side === 0 ? Side.buy : Side.sell
    columns['orderType'][i] = OrderType.limit
    columns['flags'][i] = TickFlag.statesSide
    columns['price'][i] = price
    columns['quantity'][i] = quantity
    columns['buyId'][i] = this.id[side === 0 ? parent : passive]
    columns['sellId'][i] = this.id[side === 0 ? passive : parent]
    this.traded[3 * instrument] += quantity
    this.traded[3 * instrument + 1] += quantity * price
    this.traded[3 * instrument + 2] += 1
    this.mid[instrument] = Math.max(100, this.mid[instrument] + this.random.below(3) - 1)
    this.counts.trades++
  }
}

/** Takes an element out; the last one takes its place. */
function takeOut(queue: number[], at: number): number {
  const taken = queue[at]
  const last = queue.pop() as number
  if (at < queue.length) queue[at] = last
  return taken
}
