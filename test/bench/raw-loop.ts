import { TickKind, type BookBatch, type TickBatch } from '../../schemas/market.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { systemClock } from '../../src/compose/clock.ts'
import { decode } from '../../src/wire/index.ts'

/** Decoded batches of one partition, each with the state row of every entry of its dictionary. */
export interface Columns {
  readonly ticks: readonly { readonly batch: TickBatch; readonly rows: Int32Array }[]
  readonly books: readonly { readonly batch: BookBatch; readonly rows: Int32Array }[]
  readonly instruments: number
  readonly events: { orders: number; trades: number; cancels: number; books: number }
}

export async function readColumns(folder: string): Promise<Columns> {
  const bus = openTape(folder, { clock: systemClock })
  const ticks: { batch: TickBatch; rows: Int32Array }[] = []
  const books: { batch: BookBatch; rows: Int32Array }[] = []
  const rowOf = new Map<string, number>()
  const rowsOf = ({ dictionary }: TickBatch | BookBatch): Int32Array =>
    Int32Array.from(dictionary, ({ instrument }) => {
      if (!rowOf.has(instrument)) rowOf.set(instrument, rowOf.size)
      return rowOf.get(instrument) as number
    })
  const events = { orders: 0, trades: 0, cancels: 0, books: 0 }
  for await (const messages of bus.read('market', 0, { from: 0, until: 'end' })) {
    for (const { value: bytes } of messages) {
      const { kind, value } = decode(bytes)
      if (kind === 'tickBatch') {
        ticks.push({ batch: value, rows: rowsOf(value) })
        for (const code of value.kind) events[(['orders', 'cancels', 'trades'] as const)[code]] += 1
      } else if (kind === 'bookBatch') {
        books.push({ batch: value, rows: rowsOf(value) })
        events.books += value.count
      }
    }
  }
  await bus.close()
  return { ticks, books, instruments: rowOf.size, events }
}

const stride = 8

/**
 * The least that anybody could do with the same columns: every column that the worker reads is read once, a few sums
 * of the instrument are stepped, nothing is ordered, checked, decoded or written.
 */
export function rawLoop({ ticks, books, instruments }: Columns): Float64Array {
  const sums = new Float64Array(instruments * stride)
  for (const { batch, rows } of ticks) tickSums(batch, rows, sums)
  for (const { batch, rows } of books) bookSums(batch, rows, sums)
  return sums
}

function tickSums(batch: TickBatch, rows: Int32Array, sums: Float64Array): void {
  const { instrument, kind, side, flags, time, sequence, price, quantity, buyId, sellId } = batch
  for (let i = 0; i < batch.count; i++) {
    const at = rows[instrument[i]] * stride
    const shares = quantity[i]
    sums[at + kind[i]] += shares
    if (kind[i] === TickKind.trade) sums[at + 3] += price[i] * shares
    sums[at + 4] += (side[i] === 1 ? shares : -shares) + flags[i]
    sums[at + 5] += buyId[i] - sellId[i] + time[i] - sequence[i]
  }
}

function bookSums(batch: BookBatch, rows: Int32Array, sums: Float64Array): void {
  const { instrument, time, bidPrice, bidQuantity, askPrice, askQuantity } = batch
  for (let i = 0; i < batch.count; i++) {
    const at = rows[instrument[i]] * stride
    const best = (i * bidPrice.length) / batch.count
    sums[at + 6] += bidPrice[best] * bidQuantity[best] - askPrice[best] * askQuantity[best]
    sums[at + 7] += time[i]
  }
}
