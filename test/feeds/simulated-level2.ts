import { bookLevels, Side, TickFlag, TickKind } from '../../schemas/market.ts'
import { cn, dayStart } from '../../schemas/profiles/index.ts'
import type { BookBlock, TickBlock } from '../../src/ports/feed.ts'
import type { SimulatedMarket } from '../../src/simulator/market.ts'
import { collect } from '../simulator/collect.ts'
import { headers } from './level2-files.ts'

/** A print of an instrument as its exchange's file has it. */
export interface Print {
  readonly instrument: string
  /** Rank among the prints of the instrument, from 0. */
  readonly rank: number
  /** Ticks of 0.01. */
  readonly price: number
  readonly quantity: number
}

export interface Level2Options {
  /** Replaces the id of an order; 0, no order, is left. */
  readonly idOf?: (id: number) => number
  readonly printOf?: (print: Print) => Print
}

const channels = { SH: 6, SZ: 2013 } as const

/**
 * A simulated day as the vendor's Level-2 files, by path: Shanghai's orders and trades under one biz_index, with stated
 * sides; Shenzhen's fills and cancels without any, its orders untold; snapshots of ten levels.
 */
export async function level2Files(
  market: SimulatedMarket,
  options: Level2Options = {},
): Promise<Record<string, string>> {
  const date = market.dates[0]
  const { ticks, books } = await collect(market.day(0))
  const files = new Level2Files(date, options)
  for (const block of ticks) for (let row = 0; row < block.count; row++) files.tick(block, row)
  for (const block of books) for (let row = 0; row < block.count; row++) files.book(block, row)
  return files.texts()
}

class Level2Files {
  private readonly rows = new Map<string, string[]>()
  private readonly ranks = new Map<string, number>()
  private readonly date: string
  private readonly idOf: (id: number) => number
  private readonly printOf: (print: Print) => Print

  constructor(date: string, { idOf = (id) => id, printOf = (print) => print }: Level2Options) {
    this.date = date
    this.idOf = (id) => (id === 0 ? 0 : idOf(id))
    this.printOf = printOf
  }

  texts(): Record<string, string> {
    return Object.fromEntries([...this.rows].map(([path, rows]) => [path, `${rows.join('\n')}\n`]))
  }

  tick(block: TickBlock, row: number): void {
    const { instrument } = block.dictionary[block.instrument[row]]
    const ids = [this.idOf(block.buyId[row]), this.idOf(block.sellId[row])] as const
    const isTrade = block.kind[row] === TickKind.trade
    const rank = this.ranks.get(instrument) ?? 0
    if (isTrade) this.ranks.set(instrument, rank + 1)
    const told: Print = { instrument, rank, price: block.price[row], quantity: block.quantity[row] }
    const { price, quantity } = isTrade ? this.printOf(told) : told
    const common = { time: this.clock(block.baseTime + block.time[row]), price: yuan(price), quantity, rank }
    const line = { ...common, sequence: block.sequence[row], ids }
    if (instrument.endsWith('.SZ')) this.shenzhen(instrument, block.kind[row], line)
    else if (isTrade) this.shanghaiTrade(instrument, block.flags[row], block.side[row], line)
    else this.shanghaiOrder(instrument, block.kind[row], block.side[row], line)
  }

  book(block: BookBlock, row: number): void {
    const { instrument } = block.dictionary[block.instrument[row]]
    const levels = (column: Int32Array | Float64Array, isPrice: boolean): string[] =>
      Array.from(column.subarray(row * bookLevels, (row + 1) * bookLevels), (value) =>
        value === 0 ? '' : isPrice ? yuan(value) : String(value),
      )
    const totals = [block.trades[row], block.volume[row], yuan(block.amount[row]), yuan(block.last[row])]
    this.add(instrument, 'snapshots.csv', headers.snapshots, [
      this.clock(block.baseTime + block.time[row]),
      ...totals,
      ...levels(block.bidPrice, true),
      ...levels(block.bidQuantity, false),
      ...levels(block.askPrice, true),
      ...levels(block.askQuantity, false),
    ])
  }

  private shanghaiOrder(instrument: string, kind: number, side: number, line: Line): void {
    const { sequence, time, price, quantity, ids, rank } = line
    const type = kind === TickKind.order ? 'A' : 'D'
    const own = [sequence, time, rank, channels.SH, ids[0] || ids[1], type, side === Side.buy ? 'B' : 'S']
    this.add(instrument, 'orders.csv', headers.sseOrders, [...own, price, quantity, time, sequence])
  }

  private shanghaiTrade(instrument: string, flags: number, side: number, line: Line): void {
    const { sequence, time, price, quantity, ids, rank } = line
    const letter = (flags & TickFlag.auction) !== 0 ? 'N' : side === Side.buy ? 'B' : 'S'
    const amount = (Number(price) * quantity).toFixed(2)
    const own = [sequence, time, rank, channels.SH, price, quantity, amount, ...ids, letter]
    this.add(instrument, 'trades.csv.gz', headers.sseTrades, [...own, time, sequence])
  }

  private shenzhen(instrument: string, kind: number, line: Line): void {
    if (kind === TickKind.order) return
    const { sequence, time, price, quantity, ids } = line
    const isTrade = kind === TickKind.trade
    const own = [sequence, time, channels.SZ, isTrade ? 'F' : '4', isTrade ? price : '0', quantity, ...ids]
    this.add(instrument, 'trades.csv.gz', headers.szseTrades, [...own, isTrade ? 'N' : 'C', time, sequence])
  }

  private add(instrument: string, name: string, header: string, fields: readonly (string | number)[]): void {
    const path = `${this.date}/${instrument}/${name}`
    const rows = this.rows.get(path) ?? [header]
    this.rows.set(path, rows)
    rows.push(fields.join())
  }

  /** Local time of day, ms. */
  private clock(time: number): string {
    return new Date((time - dayStart(cn, this.date)) / 1000).toISOString().slice(11, 23)
  }
}

interface Line {
  readonly sequence: number
  readonly time: string
  readonly price: string
  readonly quantity: number
  /** Buyer's and seller's order; 0 = none. */
  readonly ids: readonly [number, number]
  readonly rank: number
}

/** Exact: prices are whole ticks, amounts whole ticks times shares. */
const yuan = (ticks: number): string => {
  const digits = String(ticks).padStart(3, '0')
  return ticks === 0 ? '0' : `${digits.slice(0, -2)}.${digits.slice(-2)}`
}
