import type { TableColumn } from '../../../schemas/tables.ts'
import type { Rows } from '../../ports/store.ts'
import type { StoredTable } from './statements.ts'

const firstBytes = 1 << 20
/** A sign, sixteen digits and the letter of the type. */
const integerBytes = 18
const digitsPerPart = 1e9
const [comma, space, newline, minus, zero] = [',', ' ', '\n', '-', '0'].map((text) => text.charCodeAt(0))
/** Marks a value as eight bytes of a double, behind the second of two equals signs. */
const binaryDouble = 0x10

/** A column that is not a double: its name with the equals sign, and the letter behind an integer. */
interface PlainColumn {
  readonly name: Uint8Array
  readonly values: Float64Array
  readonly letter: number
}

/** A column of strings: `name=value` as bytes of each value that was met, escaped. */
interface TextColumn {
  readonly values: readonly string[]
  readonly encode: (value: string) => Uint8Array
  readonly encoded: Map<string, Uint8Array>
}

/**
 * Writes rows in QuestDB's line protocol, version 2, in which doubles are binary: names and doubles of a row are copied
 * as one template, in which eight bytes a column are then set. Null is a double's NaN; of other columns it is written
 * by leaving them out.
 */
export class LineEncoder {
  #bytes = new Uint8Array(firstBytes)
  #view = new DataView(this.#bytes.buffer)
  #at = 0

  /** The bytes hold until the next call. */
  encode(spec: StoredTable, rows: Rows, start: number, end: number): Uint8Array<ArrayBuffer> {
    const present = spec.columns.filter(({ name }) => Object.hasOwn(rows.columns, name) && name !== 'event_time')
    const of = (...kinds: readonly TableColumn['kind'][]) => present.filter(({ kind }) => kinds.includes(kind))
    const table = utf8(escaped(spec.name, unquoted))
    const symbols = of('symbol').map((column) => symbolColumn(column, rows))
    const { template, slots, values } = doublesTemplate(of('double'), rows)
    const integers = of('long', 'boolean', 'timestamp').map((column) => integerColumn(column, rows))
    const texts = of('text').map((column) => textColumn(column, rows))
    const times = rows.columns['event_time'] as Float64Array
    this.#at = 0
    for (let row = start; row < end; row++) {
      this.#put(table)
      for (const symbol of symbols) this.#putText(symbol, row, comma)
      let separator = space
      if (slots.length > 0) {
        this.#put(template)
        const from = this.#at - template.length
        for (let c = 0; c < slots.length; c++) this.#view.setFloat64(from + slots[c], values[c][row], true)
        separator = comma
      }
      for (const { name, values: own, letter } of integers) {
        if (Number.isNaN(own[row])) continue
        this.#putByte(separator)
        this.#put(name)
        this.#putInteger(own[row])
        this.#putByte(letter)
        separator = comma
      }
      for (const text of texts) if (this.#putText(text, row, separator)) separator = comma
      this.#putByte(space)
      this.#putInteger(times[row])
      this.#putByte(newline)
    }
    return this.#bytes.subarray(0, this.#at)
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.length) return
    const wider = new Uint8Array(Math.max(this.#at + more, 2 * this.#bytes.length))
    wider.set(this.#bytes)
    this.#bytes = wider
    this.#view = new DataView(wider.buffer)
  }

  #put(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  #putByte(byte: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = byte
  }

  #putText({ values, encode, encoded }: TextColumn, row: number, separator: number): boolean {
    const value = values[row] as string
    if (value === '') return false
    let bytes = encoded.get(value)
    if (bytes === undefined) encoded.set(value, (bytes = encode(value)))
    this.#putByte(separator)
    this.#put(bytes)
    return true
  }

  #putInteger(value: number): void {
    this.#reserve(integerBytes)
    if (value < 0) this.#bytes[this.#at++] = minus
    const magnitude = Math.abs(value)
    const high = Math.floor(magnitude / digitsPerPart)
    if (high > 0) this.#putDigits(high, 1)
    this.#putDigits(magnitude % digitsPerPart, high > 0 ? 9 : 1)
  }

  /** The digits of a whole number below 10^9, at least so many. */
  #putDigits(value: number, least: number): void {
    let count = least
    for (let power = 10 ** least; power <= value; power *= 10) count++
    let rest = value
    for (let place = this.#at + count - 1; place >= this.#at; place--) {
      const tenth = Math.trunc(rest / 10)
      this.#bytes[place] = zero + rest - 10 * tenth
      rest = tenth
    }
    this.#at += count
  }
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const escaped = (text: string, special: RegExp): string => text.replaceAll(special, '\\$&')
/** What ends a name or symbol, and a quoted text, were it not escaped. */
const unquoted = /[ ,=\n\r\\]/g
const quoted = /["\n\r\\]/g

const symbolColumn = ({ name }: TableColumn, rows: Rows): TextColumn => ({
  values: rows.columns[name] as readonly string[],
  encode: (value) => utf8(`${name}=${escaped(value, unquoted)}`),
  encoded: new Map(),
})

const textColumn = ({ name }: TableColumn, rows: Rows): TextColumn => ({
  values: rows.columns[name] as readonly string[],
  encode: (value) => utf8(`${name}="${escaped(value, quoted)}"`),
  encoded: new Map(),
})

const integerColumn = ({ name, kind }: TableColumn, rows: Rows): PlainColumn => ({
  name: utf8(`${name}=`),
  values: rows.columns[name] as Float64Array,
  letter: (kind === 'timestamp' ? 't' : 'i').charCodeAt(0),
})

/** ` first==<16><8 bytes>,second==<16><8 bytes>…`, and where the eight bytes of each stand. */
function doublesTemplate(columns: readonly TableColumn[], rows: Rows) {
  const bytes: number[] = []
  const slots: number[] = []
  for (const { name } of columns) {
    bytes.push(bytes.length === 0 ? space : comma, ...utf8(`${name}==`), binaryDouble)
    slots.push(bytes.length)
    bytes.push(...new Array<number>(8).fill(0))
  }
  const values = columns.map(({ name }) => rows.columns[name] as Float64Array)
  return { template: Uint8Array.from(bytes), slots, values }
}
