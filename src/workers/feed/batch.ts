import {
  bookLevels,
  type BatchHeader,
  type BookBatch,
  type DictionaryEntry,
  type TickBatch,
} from '../../../schemas/market.ts'
import type { BookBlock, FeedChannel, TickBlock } from '../../ports/feed.ts'
import { codecs } from '../../wire/index.ts'

type Column = Float64Array | Int32Array | Uint16Array | Uint8Array
type ColumnMaker = (length: number) => Column

const f64: ColumnMaker = (length) => new Float64Array(length)
const i32: ColumnMaker = (length) => new Int32Array(length)
const u8: ColumnMaker = (length) => new Uint8Array(length)

interface ColumnPlace {
  readonly name: string
  readonly make: ColumnMaker
  readonly stride: number
}

const place = (make: ColumnMaker, stride: number, ...names: readonly string[]): ColumnPlace[] =>
  names.map((name) => ({ name, make, stride }))

/** Columns that pass through unchanged; time, raw time and instrument are made anew. */
const passing: Readonly<Record<FeedChannel['kind'], readonly ColumnPlace[]>> = {
  ticks: [
    ...place(u8, 1, 'kind', 'side', 'orderType', 'flags'),
    ...place(i32, 1, 'price'),
    ...place(f64, 1, 'sequence', 'quantity', 'buyId', 'sellId'),
  ],
  books: [
    ...place(i32, 1, 'last'),
    ...place(f64, 1, 'sequence', 'trades', 'volume', 'amount'),
    ...place(i32, bookLevels, 'bidPrice', 'askPrice'),
    ...place(f64, bookLevels, 'bidQuantity', 'askQuantity'),
  ],
}

/** Brokers take a megabyte a message unless told otherwise; a batch stays well below. */
const batchBytesMax = 512 * 1024
const firstCapacity = 128
const i32Max = 2 ** 31 - 1

/** Rows that a batch may have: what is asked for, or fewer where rows are wide. */
export function rowsMax(kind: FeedChannel['kind'], batchRows: number): number {
  const rowBytes = passing[kind].reduce((sum, { make, stride }) => sum + make(0).BYTES_PER_ELEMENT * stride, 10)
  return Math.min(batchRows, Math.floor(batchBytesMax / rowBytes))
}

/** A symbol of a day with its scales and partition; `id` is its place in the list of the day. */
export interface Entry extends DictionaryEntry {
  readonly id: number
  readonly partition: number
}

/** Gathers rows of one chain into the columns of its next batch. */
export class BatchBuilder {
  count = 0
  readonly #kind: FeedChannel['kind']
  #capacity = firstCapacity
  #time = new Float64Array(firstCapacity)
  #raw = new Float64Array(firstCapacity)
  #instrument = new Uint16Array(firstCapacity)
  readonly #columns: Record<string, Column> = {}
  #dictionary: DictionaryEntry[] = []
  readonly #indexOf = new Map<number, number>()

  constructor(kind: FeedChannel['kind']) {
    this.#kind = kind
    for (const { name, make, stride } of passing[kind]) this.#columns[name] = make(firstCapacity * stride)
  }

  /** Appends rows of a block; `entries` are the day's entries in the order of the block's dictionary. */
  append(block: TickBlock | BookBlock, entries: readonly Entry[], time: Float64Array, rows: readonly number[]): void {
    const from = this.count
    while (from + rows.length > this.#capacity) this.#grow()
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]
      this.#time[from + i] = time[row]
      this.#raw[from + i] = block.baseTime + block.time[row]
      this.#instrument[from + i] = this.#index(entries[block.instrument[row]])
    }
    const sources = block as unknown as Readonly<Record<string, Column>>
    for (const { name, stride } of passing[this.#kind]) {
      gather(this.#columns[name], from * stride, sources[name], rows, stride)
    }
    this.count += rows.length
  }

  /** First and last sequence of the rows, -1 when there are none. */
  get sequences(): { first: number; last: number } {
    const sequence = this.#columns['sequence']
    return this.count === 0 ? { first: -1, last: -1 } : { first: sequence[0], last: sequence[this.count - 1] }
  }

  /** Encodes the batch and begins the next one. */
  take(header: Omit<BatchHeader, 'count' | 'dictionary' | 'crc'>): Uint8Array {
    const { count } = this
    const time = new Int32Array(count)
    const raw = new Int32Array(count)
    let differs = false
    for (let i = 0; i < count; i++) {
      time[i] = this.#time[i] - header.baseTime
      // A raw stamp may be hours off; what an i32 of µs cannot say is said as its end.
      raw[i] = Math.max(-i32Max, Math.min(i32Max, this.#raw[i] - header.baseTime))
      if (this.#raw[i] !== this.#time[i]) differs = true
    }
    const columns: Record<string, Column> = {}
    for (const { name, stride } of passing[this.#kind]) {
      const column = this.#columns[name].subarray(0, count * stride)
      columns[name] = name === 'orderType' && column.every((type) => type === 0) ? new Uint8Array(0) : column
    }
    const batch = {
      ...header,
      ...columns,
      count,
      dictionary: this.#dictionary,
      instrument: this.#instrument.subarray(0, count),
      time,
      rawTime: differs ? raw : new Int32Array(0),
      crc: 0,
    }
    const bytes =
      this.#kind === 'ticks'
        ? codecs.tickBatch.encode(batch as unknown as TickBatch)
        : codecs.bookBatch.encode(batch as unknown as BookBatch)
    this.count = 0
    this.#dictionary = []
    this.#indexOf.clear()
    return bytes
  }

  #index(entry: Entry): number {
    let index = this.#indexOf.get(entry.id)
    if (index === undefined) {
      const { instrument, priceScale, quantityScale } = entry
      index = this.#dictionary.push({ instrument, priceScale, quantityScale }) - 1
      this.#indexOf.set(entry.id, index)
    }
    return index
  }

  #grow(): void {
    this.#capacity *= 2
    this.#time = extended(this.#time, new Float64Array(this.#capacity))
    this.#raw = extended(this.#raw, new Float64Array(this.#capacity))
    this.#instrument = extended(this.#instrument, new Uint16Array(this.#capacity))
    for (const { name, make, stride } of passing[this.#kind]) {
      this.#columns[name] = extended(this.#columns[name], make(this.#capacity * stride))
    }
  }
}

function extended<T extends Column>(old: Column, grown: T): T {
  grown.set(old)
  return grown
}

/** Copies rows; a column that the block lacks is 0 in every row. */
function gather(target: Column, from: number, source: Column, rows: readonly number[], stride: number): void {
  if (source.length === 0) target.fill(0, from, from + rows.length * stride)
  else if (stride === 1) for (let i = 0; i < rows.length; i++) target[from + i] = source[rows[i]]
  else
    for (let i = 0; i < rows.length; i++) {
      for (let j = 0; j < stride; j++) target[from + i * stride + j] = source[rows[i] * stride + j]
    }
}
