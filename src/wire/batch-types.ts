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

const slots = 1 << 15
/** No exchange lists half as many; what a hostile log names more is forgotten with all the rest. */
const entriesMax = slots >> 1
const entryBytesMax = 32

/**
 * The dictionary of a batch names the same few hundred symbols as the one before it. An entry is known by its bytes and
 * given out again: nothing is allocated, and its text is hashed once and for all.
 */
class KnownEntries {
  private readonly entries: (DictionaryEntry | undefined)[] = new Array<undefined>(slots).fill(undefined)
  private readonly bytes = new Uint8Array(slots * entryBytesMax)
  private readonly lengths = new Uint8Array(slots)
  private count = 0

  /** The entry at the tap's position. @param read reads one that is not known yet */
  next(tap: Tap, read: () => unknown): unknown {
    const { buf, pos } = tap
    const length = entryLength(buf, pos)
    if (length === 0) return read()
    let hash = length
    for (let i = pos; i < pos + length; i++) hash = Math.imul(hash ^ buf[i], 0x01000193)
    let slot = (hash ^ (hash >>> 15)) & (slots - 1)
    for (let entry = this.entries[slot]; entry !== undefined; entry = this.entries[slot]) {
      if (this.holds(slot, buf, pos, length)) {
        tap.pos = pos + length
        return entry
      }
      slot = (slot + 1) & (slots - 1)
    }
    const entry = Object.freeze(read()) as DictionaryEntry
    if (tap.pos === pos + length) this.enter(slot, entry, buf.subarray(pos, pos + length))
    return entry
  }

  private holds(slot: number, buf: Uint8Array, pos: number, length: number): boolean {
    if (this.lengths[slot] !== length) return false
    const at = slot * entryBytesMax
    for (let i = 0; i < length; i++) if (this.bytes[at + i] !== buf[pos + i]) return false
    return true
  }

  private enter(slot: number, entry: DictionaryEntry, bytes: Uint8Array): void {
    if (this.count === entriesMax) {
      this.entries.fill(undefined)
      this.count = 0
    }
    this.count++
    this.entries[slot] = entry
    this.lengths[slot] = bytes.length
    this.bytes.set(bytes, slot * entryBytesMax)
  }
}

const known = new KnownEntries()

class DictionaryType extends BoundedArrayType {
  override readItem(tap: Tap): unknown {
    return known.next(tap, () => super.readItem(tap))
  }
}

/** Bytes of an entry (a string and two integers), 0 where it is longer than ours are or not there as a whole. */
function entryLength(buf: Uint8Array, pos: number): number {
  const text = buf[pos]
  if ((text & 0x81) !== 0) return 0
  let at = pos + 1 + (text >> 1)
  while (buf[at] >= 0x80) at++
  at++
  while (buf[at] >= 0x80) at++
  at++
  return at <= buf.length && at - pos <= entryBytesMax ? at - pos : 0
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
