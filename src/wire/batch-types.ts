import avro from 'avsc'
import type { DictionaryEntry } from '../../schemas/market.ts'
import { BoundedArrayType, type Tap } from './bounded-array.ts'

/** Logical name of a `bytes` field that is a column: it is looked at where it lies, since it is copied once anyway. */
export const columnBytes = 'column'

class ColumnBytesType extends avro.types.BytesType {
  _read(tap: Tap): Uint8Array {
    const length = tap.readLong()
    const from = tap.pos
    if (!(length >= 0 && length <= tap.buf.length - from)) {
      throw new RangeError(`a column of ${length} bytes, ${tap.buf.length - from} are left`)
    }
    tap.pos = from + length
    return tap.buf.subarray(from, from + length)
  }
}

/** Places of the table, which is half full at most. */
const places = 1 << 15
/** No exchange lists half as many; what a hostile log names more is forgotten with all the rest. */
const entriesMax = places >> 1
const wordBytes = 4
const wordsMax = 8

/**
 * The dictionary of a batch names the same few hundred symbols as the one before it. An entry is known by its bytes and
 * given out again: nothing is allocated, and its text is hashed once and for all. Bytes are taken four at a time, the
 * last four of an entry as its last word, and entries lie side by side in the order in which they came.
 */
class KnownEntries {
  private readonly entries: DictionaryEntry[] = []
  /** Number of the entry at each place plus 1, 0 where there is none. */
  private readonly numbers = new Uint16Array(places)
  private readonly words = new Int32Array(entriesMax * wordsMax)
  private readonly lengths = new Uint8Array(entriesMax)
  /** Words of the entry that is looked for. */
  private readonly wanted = new Int32Array(wordsMax)

  /** The entry at the tap's position. @param read reads one that is not known yet */
  next(tap: Tap, read: () => unknown): unknown {
    const { buf, pos } = tap
    const length = entryLength(buf, pos)
    if (length === 0) return read()
    const hash = this.want(buf, pos, length)
    let place = (hash ^ (hash >>> 15)) & (places - 1)
    for (let number = this.numbers[place]; number > 0; number = this.numbers[place]) {
      if (this.isWanted(number - 1, length)) {
        tap.pos = pos + length
        return this.entries[number - 1]
      }
      place = (place + 1) & (places - 1)
    }
    const entry = Object.freeze(read()) as DictionaryEntry
    if (tap.pos === pos + length) this.enter(place, entry, length)
    return entry
  }

  /** Takes down what is looked for. @returns a hash of it */
  private want(buf: Uint8Array, pos: number, length: number): number {
    let hash = length
    for (let word = 0; word * wordBytes < length; word++) {
      const at = pos + Math.min(word * wordBytes, length - wordBytes)
      const value = buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24)
      this.wanted[word] = value
      hash = Math.imul(hash ^ value, 0x2c1b3c6d)
      hash ^= hash >>> 15
    }
    return hash
  }

  private isWanted(number: number, length: number): boolean {
    if (this.lengths[number] !== length) return false
    const at = number * wordsMax
    for (let word = 0; word * wordBytes < length; word++) if (this.words[at + word] !== this.wanted[word]) return false
    return true
  }

  private enter(place: number, entry: DictionaryEntry, length: number): void {
    if (this.entries.length === entriesMax) {
      this.numbers.fill(0)
      this.entries.length = 0
    }
    const number = this.entries.push(entry) - 1
    this.numbers[place] = number + 1
    this.lengths[number] = length
    this.words.set(this.wanted, number * wordsMax)
  }
}

const known = new KnownEntries()

class DictionaryType extends BoundedArrayType {
  override readItem(tap: Tap): unknown {
    return known.next(tap, () => super.readItem(tap))
  }
}

/** Bytes of an entry (a string and two integers), 0 where it is no length of ours or not there as a whole. */
function entryLength(buf: Uint8Array, pos: number): number {
  const text = buf[pos]
  if ((text & 0x81) !== 0) return 0
  let at = pos + 1 + (text >> 1)
  while (buf[at] >= 0x80) at++
  at++
  while (buf[at] >= 0x80) at++
  at++
  const length = at - pos
  return at <= buf.length && length >= wordBytes && length <= wordsMax * wordBytes ? length : 0
}

/** The `typeHook` by which a schema gets its columns, its dictionary and arrays that hold no more than they bring. */
export const batchTypes: avro.ForSchemaOptions['typeHook'] = (schema, options) => {
  if (typeof schema !== 'object' || !('type' in schema)) return undefined
  if (schema.type === 'array') {
    const { items } = schema as { items: { name?: string } }
    return items.name === 'DictionaryEntry'
      ? new DictionaryType(schema, options)
      : new BoundedArrayType(schema, options)
  }
  return schema.type === 'bytes' && 'logicalType' in schema && schema.logicalType === columnBytes
    ? new ColumnBytesType()
    : undefined
}
