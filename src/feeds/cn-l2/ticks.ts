import { Side, TickFlag, TickKind } from '../../../schemas/market.ts'
import type { TickBlock } from '../../ports/feed.ts'
import { scaled, timeOfDay, whole } from './decimal.ts'
import type { RowReader, Source } from './source.ts'
import { priceMax, RowTable } from './table.ts'

const strides = { kind: 1, side: 1, flags: 1, sequence: 1, price: 1, quantity: 1, buyId: 1, sellId: 1 } as const

const makeColumns = (rows: number) => ({
  kind: new Uint8Array(rows),
  side: new Uint8Array(rows),
  flags: new Uint8Array(rows),
  sequence: new Float64Array(rows),
  price: new Int32Array(rows),
  quantity: new Float64Array(rows),
  buyId: new Float64Array(rows),
  sellId: new Float64Array(rows),
})

export type TickTable = RowTable<ReturnType<typeof makeColumns>>

export const tickTable = (): TickTable => new RowTable(makeColumns, strides)

const stated = TickFlag.statesSide | TickFlag.statesAuction

/** Reads what all tick rows share into the table's next row; answers what is wrong, or ''. */
function commonReader(table: TickTable, source: Source, sequenceName: string): (record: readonly string[]) => string {
  const [sequenceAt, timeAt, channelAt] = [sequenceName, 'time', 'channel'].map(source.column)
  const [priceAt, quantityAt] = ['price', 'qty'].map(source.column)
  return (record) => {
    const row = table.next()
    const { columns } = table
    const sequence = whole(record[sequenceAt])
    const time = timeOfDay(record[timeAt])
    const price = scaled(record[priceAt], source.priceDigits)
    const quantity = whole(record[quantityAt])
    if (Number.isNaN(sequence)) return `${sequenceName} is '${record[sequenceAt]}'`
    if (Number.isNaN(time)) return `time is '${record[timeAt]}'`
    if (Number.isNaN(price) || price > priceMax) return `price is '${record[priceAt]}'`
    if (!(quantity > 0)) return `qty is '${record[quantityAt]}'`
    if (record[channelAt] !== source.channelNumber) {
      return `channel is '${record[channelAt]}' in a file of channel ${source.channelNumber}`
    }
    table.time[row] = time
    columns.sequence[row] = sequence
    columns.price[row] = price
    columns.quantity[row] = quantity
    return ''
  }
}

/** Writes who ordered or traded, and with that completes the row. Only a cancel may lack its price. */
function complete(
  table: TickTable,
  instrument: number,
  kind: number,
  side: number,
  flags: number,
  buyId: number,
  sellId: number,
): string {
  const row = table.count
  const { columns } = table
  if (Number.isNaN(buyId) || Number.isNaN(sellId)) return 'an order number is no integer'
  if (columns.price[row] === 0 && kind !== TickKind.cancel) return 'price is 0'
  table.instrument[row] = instrument
  columns.kind[row] = kind
  columns.side[row] = side
  columns.flags[row] = flags
  columns.buyId[row] = buyId
  columns.sellId[row] = sellId
  table.count++
  return ''
}

/** SSE orders: A adds what is left of an order after its trades, D deletes the rest; one side has an id. */
export function sseOrders(table: TickTable, source: Source): RowReader {
  const common = commonReader(table, source, 'biz_index')
  const [typeAt, sideAt, idAt] = ['type', 'side', 'order_no'].map(source.column)
  return (record, instrument) => {
    const wrong = common(record)
    if (wrong !== '') return wrong
    const [type, side] = [record[typeAt], record[sideAt]]
    if (type !== 'A' && type !== 'D') return `type is '${type}'`
    if (side !== 'B' && side !== 'S') return `side is '${side}'`
    const kind = type === 'A' ? TickKind.order : TickKind.cancel
    const id = whole(record[idAt])
    const entry = table.idOf(instrument, source.priceScale)
    return side === 'B'
      ? complete(table, entry, kind, Side.buy, 0, id, 0)
      : complete(table, entry, kind, Side.sell, 0, 0, id)
  }
}

/** SSE trades: the exchange states the active side, N is an auction's. */
export function sseTrades(table: TickTable, source: Source): RowReader {
  const common = commonReader(table, source, 'biz_index')
  const [sideAt, buyAt, sellAt] = ['side', 'buy_no', 'sell_no'].map(source.column)
  return (record, instrument) => {
    const wrong = common(record)
    if (wrong !== '') return wrong
    const letter = record[sideAt]
    if (letter !== 'B' && letter !== 'S' && letter !== 'N') return `side is '${letter}'`
    const side = letter === 'B' ? Side.buy : letter === 'S' ? Side.sell : Side.unknown
    const flags = letter === 'N' ? stated | TickFlag.auction : stated
    const entry = table.idOf(instrument, source.priceScale)
    return complete(table, entry, TickKind.trade, side, flags, whole(record[buyAt]), whole(record[sellAt]))
  }
}

/**
 * SZSE trades: F is a fill without any flag, so its active side is left open; 4 is a cancel, at price 0 and with the
 * id of its own side alone.
 */
export function szseTrades(table: TickTable, source: Source): RowReader {
  const common = commonReader(table, source, 'appl_seq')
  const [typeAt, buyAt, sellAt] = ['exec_type', 'buy_no', 'sell_no'].map(source.column)
  return (record, instrument) => {
    const wrong = common(record)
    if (wrong !== '') return wrong
    const [type, buyId, sellId] = [record[typeAt], whole(record[buyAt]), whole(record[sellAt])]
    const entry = table.idOf(instrument, source.priceScale)
    if (type === 'F') return complete(table, entry, TickKind.trade, Side.unknown, 0, buyId, sellId)
    if (type !== '4') return `exec_type is '${type}'`
    if (buyId > 0 === sellId > 0) return `a cancel names orders ${record[buyAt]} and ${record[sellAt]}`
    return complete(table, entry, TickKind.cancel, buyId > 0 ? Side.buy : Side.sell, 0, buyId, sellId)
  }
}

/** Blocks of a channel in the order of its sequence; `midnight` is µs UTC of the local midnight of the date. */
export function* tickBlocks(table: TickTable, channel: string, midnight: number): Generator<TickBlock> {
  const { sequence } = table.columns
  for (const { rows, base } of table.blocks(table.sorted((a, b) => sequence[a] - sequence[b]))) {
    yield {
      channel,
      baseTime: midnight + base,
      count: rows.length,
      dictionary: table.dictionary,
      instrument: Uint16Array.from(rows, (row) => table.instrument[row]),
      kind: table.gather('kind', rows),
      side: table.gather('side', rows),
      orderType: new Uint8Array(0),
      flags: table.gather('flags', rows),
      time: Int32Array.from(rows, (row) => table.time[row] - base),
      sequence: table.gather('sequence', rows),
      price: table.gather('price', rows),
      quantity: table.gather('quantity', rows),
      buyId: table.gather('buyId', rows),
      sellId: table.gather('sellId', rows),
    }
  }
}
