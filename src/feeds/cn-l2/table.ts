import type { DictionaryEntry } from '../../../schemas/market.ts'

export type Column = Float64Array | Int32Array | Uint16Array | Uint8Array

/** Scaled prices travel as i32. */
export const priceMax = 2 ** 31 - 1

const firstCapacity = 1024
/** A block spans less than an i32 of µs can count (35.79 minutes). */
const spanMax = 30 * 60 * 1_000_000
const blockRows = 8192

const twice = <T extends Column>(column: T): T => {
  const grown = new (column.constructor as new (length: number) => T)(column.length * 2)
  grown.set(column)
  return grown
}

/**
 * Rows of one channel while its files are read: typed columns that double. `time` is µs since local midnight.
 * `strides` names the further columns with their elements per row.
 */
export class RowTable<C extends Record<string, Column>> {
  count = 0
  time: Float64Array = new Float64Array(firstCapacity)
  instrument: Uint16Array = new Uint16Array(firstCapacity)
  columns: C
  readonly dictionary: DictionaryEntry[] = []
  readonly #ids = new Map<string, number>()
  readonly #strides: Readonly<Record<keyof C, number>>

  constructor(make: (rows: number) => C, strides: Readonly<Record<keyof C, number>>) {
    this.columns = make(firstCapacity)
    this.#strides = strides
  }

  /** Index of an instrument in the dictionary, entered at its first use. */
  idOf(instrument: string, priceScale: number): number {
    let id = this.#ids.get(instrument)
    if (id === undefined) {
      id = this.dictionary.push({ instrument, priceScale, quantityScale: 1 }) - 1
      this.#ids.set(instrument, id)
    }
    return id
  }

  /** Makes room for one more row and answers its index; `count` rises only once the row is complete. */
  next(): number {
    if (this.count === this.time.length) {
      this.time = twice(this.time)
      this.instrument = twice(this.instrument)
      for (const name in this.columns) this.columns[name] = twice(this.columns[name])
    }
    return this.count
  }

  /** Row indices in the order of `before`; equal rows keep the order in which they were read. */
  sorted(before: (a: number, b: number) => number): Uint32Array {
    const order = Uint32Array.from({ length: this.count }, (_, i) => i)
    let rising = true
    for (let i = 1; rising && i < order.length; i++) rising = before(i - 1, i) <= 0
    return rising ? order : order.sort((a, b) => before(a, b) || a - b)
  }

  /** Where the blocks of an order end: after `blockRows` rows, or before times stretch too far for one base. */
  *blocks(order: Uint32Array): Generator<{ rows: Uint32Array; base: number }> {
    for (let from = 0; from < order.length;) {
      let low = this.time[order[from]]
      let high = low
      let to = from + 1
      for (; to < order.length && to - from < blockRows; to++) {
        const time = this.time[order[to]]
        if (Math.max(high, time) - Math.min(low, time) > spanMax) break
        low = Math.min(low, time)
        high = Math.max(high, time)
      }
      yield { rows: order.subarray(from, to), base: low }
      from = to
    }
  }

  /** A column's values of the given rows. */
  gather<N extends keyof C>(name: N, rows: Uint32Array): C[N] {
    const stride = this.#strides[name]
    const source: Column = this.columns[name]
    const target = new (source.constructor as new (length: number) => C[N])(rows.length * stride)
    for (let i = 0; i < rows.length; i++) {
      for (let j = 0; j < stride; j++) target[i * stride + j] = source[rows[i] * stride + j]
    }
    return target
  }
}
