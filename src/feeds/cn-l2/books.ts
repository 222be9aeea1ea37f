import { bookLevels } from '../../../schemas/market.ts'
import type { BookBlock } from '../../ports/feed.ts'
import { scaled, timeOfDay, whole } from './decimal.ts'
import type { RowReader, Source } from './source.ts'
import { priceMax, RowTable } from './table.ts'

const levels = Array.from({ length: bookLevels }, (_, i) => i + 1)

const strides = {
  last: 1,
  trades: 1,
  volume: 1,
  amount: 1,
  bidPrice: bookLevels,
  bidQuantity: bookLevels,
  askPrice: bookLevels,
  askQuantity: bookLevels,
} as const

const makeColumns = (rows: number) => ({
  last: new Int32Array(rows),
  trades: new Float64Array(rows),
  volume: new Float64Array(rows),
  amount: new Float64Array(rows),
  bidPrice: new Int32Array(rows * bookLevels),
  bidQuantity: new Float64Array(rows * bookLevels),
  askPrice: new Int32Array(rows * bookLevels),
  askQuantity: new Float64Array(rows * bookLevels),
})

export type BookTable = RowTable<ReturnType<typeof makeColumns>>

export const bookTable = (): BookTable => new RowTable(makeColumns, strides)

/** Ten-level snapshots. An empty level is 0; a file without `num_trades` has NaN there, which is "not known". */
export function snapshots(table: BookTable, source: Source): RowReader {
  const places = (prefix: string): number[] => levels.map((level) => source.column(`${prefix}${level}`))
  const sides = [
    { prices: places('bid_px'), quantities: places('bid_qty'), price: 'bidPrice', quantity: 'bidQuantity' },
    { prices: places('ask_px'), quantities: places('ask_qty'), price: 'askPrice', quantity: 'askQuantity' },
  ] as const
  const [timeAt, lastAt, volumeAt, amountAt] = ['time', 'last', 'volume', 'amount'].map(source.column)
  const tradesAt = source.optional('num_trades')
  const priceOf = (text: string): number => {
    const price = scaled(text, source.priceDigits)
    return price > priceMax ? NaN : price
  }
  return (record, instrument) => {
    const row = table.next()
    const { columns } = table
    const time = timeOfDay(record[timeAt] ?? '')
    if (Number.isNaN(time)) return `time is '${record[timeAt]}'`
    const last = priceOf(record[lastAt] ?? '')
    const trades = tradesAt < 0 ? 0 : whole(record[tradesAt])
    columns.volume[row] = whole(record[volumeAt] ?? '')
    columns.amount[row] = scaled(record[amountAt] ?? '', source.priceDigits)
    let sum = last + trades + columns.volume[row] + columns.amount[row]
    for (const side of sides) {
      for (let i = 0; i < bookLevels; i++) {
        const price = priceOf(record[side.prices[i]] || '0')
        const quantity = whole(record[side.quantities[i]] || '0')
        columns[side.price][row * bookLevels + i] = price
        columns[side.quantity][row * bookLevels + i] = quantity
        sum += price + quantity
      }
    }
    // One NaN among them makes the sum NaN: a single test instead of 44.
    if (Number.isNaN(sum)) return 'a number of the snapshot cannot be read'
    table.time[row] = time
    table.instrument[row] = table.idOf(instrument, source.priceScale)
    columns.last[row] = last
    columns.trades[row] = tradesAt < 0 ? NaN : trades
    table.count++
    return ''
  }
}

/** Blocks of a channel. Snapshots have no number of their own: the sequence is the rank by (time, instrument, row). */
export function* bookBlocks(table: BookTable, channel: string, midnight: number): Generator<BookBlock> {
  const { time, instrument, dictionary } = table
  const names = dictionary.map((entry) => entry.instrument)
  const rankOf = Uint16Array.from(names, (name) => names.filter((other) => other < name).length)
  const order = table.sorted((a, b) => time[a] - time[b] || rankOf[instrument[a]] - rankOf[instrument[b]])
  let rank = 0
  for (const { rows, base } of table.blocks(order)) {
    yield {
      channel,
      baseTime: midnight + base,
      count: rows.length,
      dictionary,
      instrument: Uint16Array.from(rows, (row) => instrument[row]),
      time: Int32Array.from(rows, (row) => time[row] - base),
      sequence: Float64Array.from(rows, () => ++rank),
      last: table.gather('last', rows),
      trades: table.gather('trades', rows),
      volume: table.gather('volume', rows),
      amount: table.gather('amount', rows),
      bidPrice: table.gather('bidPrice', rows),
      bidQuantity: table.gather('bidQuantity', rows),
      askPrice: table.gather('askPrice', rows),
      askQuantity: table.gather('askQuantity', rows),
    }
  }
}
