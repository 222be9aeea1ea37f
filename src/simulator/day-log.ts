import { bookLevels } from '../../schemas/market.ts'

/**
 * What happened in one simulated day, before any exchange's dialect: rows of typed arrays, instrument after instrument.
 * A group is what one arrival caused (an order, its trades, the cancel of what a market order left), never torn apart.
 */
export class DayLog {
  rows = 0
  /** Codes of TickKind. */
  kind: Uint8Array
  /** Own side of an order or cancel, active side of a trade; codes of Side. */
  side: Uint8Array
  orderType: Uint8Array
  /** 1 in an auction print. */
  auction: Uint8Array
  /** Ticks. */
  price: Int32Array
  /** Shares. */
  quantity: Int32Array
  /** Number of the order within the day over all instruments, from 1; 0 = none. */
  buy: Int32Array
  sell: Int32Array
  orders = 0

  groups = 0
  groupStart: Int32Array
  /** ms since local midnight. */
  groupTime: Int32Array
  groupInstrument: Uint16Array

  snapshots = 0
  snapshotTime: Int32Array
  snapshotInstrument: Uint16Array
  last: Int32Array
  /** [snapshots][3]: cumulative trades, shares, ticks x shares. */
  totals: Float64Array
  /** [snapshots][bookLevels]. */
  bidPrice: Int32Array
  bidQuantity: Int32Array
  askPrice: Int32Array
  askQuantity: Int32Array

  /** Rows and snapshots to begin with; both grow. */
  constructor(rows = 1024, snapshots = 1024) {
    const size = Math.max(64, rows)
    const books = Math.max(64, snapshots)
    this.kind = new Uint8Array(size)
    this.side = new Uint8Array(size)
    this.orderType = new Uint8Array(size)
    this.auction = new Uint8Array(size)
    this.price = new Int32Array(size)
    this.quantity = new Int32Array(size)
    this.buy = new Int32Array(size)
    this.sell = new Int32Array(size)
    this.groupStart = new Int32Array(size)
    this.groupTime = new Int32Array(size)
    this.groupInstrument = new Uint16Array(size)
    this.snapshotTime = new Int32Array(books)
    this.snapshotInstrument = new Uint16Array(books)
    this.last = new Int32Array(books)
    this.totals = new Float64Array(books * 3)
    this.bidPrice = new Int32Array(books * bookLevels)
    this.bidQuantity = new Int32Array(books * bookLevels)
    this.askPrice = new Int32Array(books * bookLevels)
    this.askQuantity = new Int32Array(books * bookLevels)
  }

  beginGroup(instrument: number, time: number): void {
    if (this.groups === this.groupStart.length) {
      this.groupStart = grown(this.groupStart, Int32Array)
      this.groupTime = grown(this.groupTime, Int32Array)
      this.groupInstrument = grown(this.groupInstrument, Uint16Array)
    }
    const group = this.groups++
    this.groupStart[group] = this.rows
    this.groupTime[group] = time
    this.groupInstrument[group] = instrument
  }

  /** Row after the last of a group. */
  groupEnd(group: number): number {
    return group + 1 < this.groups ? this.groupStart[group + 1] : this.rows
  }

  /** Appends a row and answers its index; the caller fills what is not common to all kinds. */
  add(kind: number, side: number, price: number, quantity: number, buy: number, sell: number): number {
    if (this.rows === this.kind.length) this.growRows()
    const row = this.rows++
    this.kind[row] = kind
    this.side[row] = side
    this.orderType[row] = 0
    this.auction[row] = 0
    this.price[row] = price
    this.quantity[row] = quantity
    this.buy[row] = buy
    this.sell[row] = sell
    return row
  }

  /** Room for one more snapshot, its levels cleared; answers its index. */
  addSnapshot(instrument: number, time: number): number {
    if (this.snapshots === this.snapshotTime.length) this.growSnapshots()
    const index = this.snapshots++
    this.snapshotInstrument[index] = instrument
    this.snapshotTime[index] = time
    const from = index * bookLevels
    const to = from + bookLevels
    this.bidPrice.fill(0, from, to)
    this.bidQuantity.fill(0, from, to)
    this.askPrice.fill(0, from, to)
    this.askQuantity.fill(0, from, to)
    return index
  }

  private growRows(): void {
    this.kind = grown(this.kind, Uint8Array)
    this.side = grown(this.side, Uint8Array)
    this.orderType = grown(this.orderType, Uint8Array)
    this.auction = grown(this.auction, Uint8Array)
    this.price = grown(this.price, Int32Array)
    this.quantity = grown(this.quantity, Int32Array)
    this.buy = grown(this.buy, Int32Array)
    this.sell = grown(this.sell, Int32Array)
  }

  private growSnapshots(): void {
    this.snapshotTime = grown(this.snapshotTime, Int32Array)
    this.snapshotInstrument = grown(this.snapshotInstrument, Uint16Array)
    this.last = grown(this.last, Int32Array)
    this.totals = grown(this.totals, Float64Array)
    this.bidPrice = grown(this.bidPrice, Int32Array)
    this.bidQuantity = grown(this.bidQuantity, Int32Array)
    this.askPrice = grown(this.askPrice, Int32Array)
    this.askQuantity = grown(this.askQuantity, Int32Array)
  }
}

type Numbers = Uint8Array | Uint16Array | Int32Array | Float64Array

function grown<T extends Numbers>(from: T, make: new (length: number) => T): T {
  const to = new make(from.length * 2)
  to.set(from)
  return to
}
