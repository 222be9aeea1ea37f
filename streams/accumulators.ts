/**
 * State of a partition's day: one row of f64 accumulators per instrument and one block of minute bars.
 * Rows are numbered by first appearance; prices and quantities stay the integers of the feed, so sums are exact.
 */

/** Fields of an accumulator row. Buckets take four places each: s, m, l, xl. */
export const Acc = {
  priceScale: 0,
  quantityScale: 1,
  volume: 2,
  amount: 3,
  trades: 4,
  open: 5,
  high: 6,
  low: 7,
  last: 8,
  /** Volume of the last E minutes by the clock, closing auction in. */
  edgeVolume: 9,

  buy: 10,
  sell: 14,
  actBuy: 18,
  actSell: 22,
  nBuy: 26,
  nSell: 30,
  notionalBuy: 34,
  notionalSell: 35,

  orderRows: 36,
  ordered: 37,
  cancelled: 38,

  previousPrice: 39,
  lastTick: 40,
  /** Sign of the last print with an active side, 0 before the first. */
  lastSign: 41,
  signPrints: 42,
  signPairs: 43,
  signSumX: 44,
  signSumY: 45,
  signSumXY: 46,

  /** VPIN: filled part of the open bucket, its signed part, Σ|V_B − V_S| and number of full buckets. */
  bucketFilled: 47,
  bucketSigned: 48,
  bucketImbalance: 49,
  bucketsFull: 50,

  /** Minute statistics over the sealed minutes. */
  minutes: 51,
  tradedMinutes: 52,
  sumR2: 53,
  sumR3: 54,
  sumIlliquidity: 55,
  /** Close carried over empty minutes; NaN before the first trade. */
  carriedClose: 56,

  /** Quotes: the newest snapshot, whose weight is still open, and the one before it in the segment. */
  quoteTime: 57,
  quoteSegment: 58,
  quoteUsable: 59,
  quoteBid: 60,
  quoteBidQuantity: 61,
  quoteAsk: 62,
  quoteAskQuantity: 63,
  beforeUsable: 64,
  beforeBid: 65,
  beforeBidQuantity: 66,
  beforeAsk: 67,
  beforeAskQuantity: 68,
  /** Last usable mid strictly before the newest quote's time, in its segment. */
  beforeMid: 69,
  quoteWeight: 70,
  sumSpread: 71,
  sumImbalance: 72,
  sumDepth: 73,
  sumOfi: 74,
  snapshots: 75,
  snapshotVolume: 76,
  snapshotTrades: 77,

  adv20: 78,
  previousClose: 79,
  floatShares: 80,
  referenced: 81,
  quality: 82,
  /** Price scale of the book feed; `priceScale` is the tick feed's. */
  bookScale: 83,
} as const

export const accStride = 84 // a multiple of four: rows stay on 32-byte lines

/** Fields of a bar. */
export const Bar = { open: 0, high: 1, low: 2, close: 3, volume: 4, amount: 5, trades: 6 } as const
/** A bar stays on its line of the cache. */
export const barStride = 8

const nanAtStart = [
  Acc.open,
  Acc.high,
  Acc.low,
  Acc.last,
  Acc.previousPrice,
  Acc.carriedClose,
  Acc.beforeMid,
  Acc.adv20,
  Acc.previousClose,
  Acc.floatShares,
]

export class Accumulators {
  readonly bars: number
  readonly instruments: string[] = []
  readonly rowOf = new Map<string, number>()
  /** [rows][accStride] */
  acc: Float64Array
  /** [bars][capacity][barStride]: what is traded in a minute lies together. */
  bar: Float64Array
  private capacity: number

  constructor(bars: number, capacity = 64) {
    this.bars = bars
    this.capacity = capacity
    this.acc = new Float64Array(capacity * accStride)
    this.bar = new Float64Array(capacity * bars * barStride)
  }

  get count(): number {
    return this.instruments.length
  }

  /** Row of an instrument, made when it is new. */
  row(instrument: string): number {
    const known = this.rowOf.get(instrument)
    if (known !== undefined) return known
    const row = this.instruments.length
    if (row === this.capacity) this.reserve(2 * row)
    this.instruments.push(instrument)
    this.rowOf.set(instrument, row)
    for (const field of nanAtStart) this.acc[row * accStride + field] = Number.NaN
    this.acc[row * accStride + Acc.quoteSegment] = -1
    return row
  }

  /** Offset of a bar in `bar`. */
  barAt(row: number, bar: number): number {
    return (bar * this.capacity + row) * barStride
  }

  /** Makes room for so many rows at once. */
  reserve(rows: number): void {
    if (rows <= this.capacity) return
    const acc = new Float64Array(rows * accStride)
    acc.set(this.acc.subarray(0, this.count * accStride))
    this.acc = acc
    this.bar = spread(this.bar, this.bars, this.capacity, rows, this.count)
    this.capacity = rows
  }

  /** Copies of the rows that are in use. */
  save(): { instruments: string[]; acc: Float64Array; bar: Float64Array } {
    return {
      instruments: [...this.instruments],
      acc: this.acc.slice(0, this.count * accStride),
      bar: spread(this.bar, this.bars, this.capacity, this.count, this.count),
    }
  }

  static restore(
    bars: number,
    saved: { instruments: readonly string[]; acc: Float64Array; bar: Float64Array },
  ): Accumulators {
    const state = new Accumulators(bars, Math.max(64, saved.instruments.length))
    for (const instrument of saved.instruments) state.row(instrument)
    state.acc.set(saved.acc)
    state.bar = spread(saved.bar, bars, saved.instruments.length, state.capacity, saved.instruments.length)
    return state
  }
}

/** Bars of the first `count` rows, laid out anew for another capacity. */
function spread(bar: Float64Array, bars: number, from: number, to: number, count: number): Float64Array {
  const out = new Float64Array(bars * to * barStride)
  for (let b = 0; b < bars; b++)
    out.set(bar.subarray(b * from * barStride, (b * from + count) * barStride), b * to * barStride)
  return out
}
