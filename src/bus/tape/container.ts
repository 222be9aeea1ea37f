import { createHash } from 'node:crypto'
import { readSync } from 'node:fs'
import { ClosebellError } from '../../../schemas/errors.ts'

/**
 * The bytes of a tape file: an Avro object container (Avro 1.11 specification, "Object Container Files") with the
 * null codec, so that any Avro reader opens it.
 */

const schemaText = JSON.stringify({
  type: 'record',
  name: 'Message',
  namespace: 'closebell.tape',
  fields: [
    { name: 'offset', type: 'long' },
    { name: 'appended_at', type: 'long', unit: 'ms UTC' },
    { name: 'key', type: 'string' },
    { name: 'headers', type: { type: 'map', values: 'string' } },
    { name: 'value', type: 'bytes' },
  ],
})

const syncBytes = 16
/** Room for the two longs before a block's data. */
const blockHeadBytes = 20
/** Longest part of a message that is neither key, date nor value: its longs, the header's name and the lengths. */
const messageOverhead = 80

/** Writes a non-negative Avro long (zig-zag varint) and answers the position after it. */
function putLong(target: Uint8Array, position: number, value: number): number {
  let rest = value * 2
  while (rest >= 128) {
    target[position++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  target[position++] = rest
  return position
}

/**
 * Reads Avro primitives; longs are exact up to 2^52, which offsets and times stay below.
 * @throws RangeError where the bytes end before what they promise
 */
class Cursor {
  readonly bytes: Buffer
  position: number

  constructor(bytes: Buffer, position: number) {
    this.bytes = bytes
    this.position = position
  }

  long(): number {
    let value = 0
    let scale = 1
    let byte: number
    do {
      if (this.position >= this.bytes.length) throw new RangeError('the bytes end within a number')
      byte = this.bytes[this.position++]!
      value += (byte & 127) * scale
      scale *= 128
    } while (byte & 128)
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  slice(): Buffer {
    const length = this.long()
    const start = this.position
    if (!(length >= 0 && length <= this.bytes.length - start)) throw new RangeError(`the bytes end within ${length}`)
    this.position += length
    return this.bytes.subarray(start, start + length)
  }

  text(): string {
    return this.slice().toString('utf8')
  }
}

/** The part of the file header that is the same in every tape; the file's sync marker follows it. */
const magic: Buffer = (() => {
  const texts = ['avro.codec', 'null', 'avro.schema', schemaText].map((text) => Buffer.from(text))
  const bytes = Buffer.alloc(texts.reduce((sum, text) => sum + text.length + 10, 16))
  let position = bytes.write('Obj\x01', 'latin1')
  position = putLong(bytes, position, 2)
  for (const text of texts) {
    position = putLong(bytes, position, text.length)
    position += text.copy(bytes, position)
  }
  bytes[position++] = 0
  return bytes.subarray(0, position)
})()

export const fileHeaderBytes = magic.length + syncBytes

/** Header of a new file. The marker is drawn from the file's place in the tape, so that equal tapes are equal bytes. */
export function fileHeader(place: string): { readonly bytes: Buffer; readonly sync: Buffer } {
  const sync = createHash('sha256').update(place).digest().subarray(0, syncBytes)
  return { bytes: Buffer.concat([magic, sync]), sync }
}

/** The sync marker of an open file, or null when its header is not complete yet. @throws CB_WIRE_SCHEMA */
export function readSync16(descriptor: number, path: string): Buffer | null {
  const bytes = Buffer.alloc(fileHeaderBytes)
  const length = readSync(descriptor, bytes, 0, fileHeaderBytes, 0)
  const same = Math.min(length, magic.length)
  if (bytes.compare(magic, 0, same, 0, same) !== 0) {
    throw new ClosebellError('CB_WIRE_SCHEMA', `${path} does not begin with the header of a tape file`)
  }
  return length === fileHeaderBytes ? bytes.subarray(magic.length) : null
}

/** Collects messages into one Avro block whose bytes are handed to the file in a single write. */
export class BlockBuilder {
  #bytes = Buffer.allocUnsafeSlow(1 << 16)
  #position = blockHeadBytes
  count = 0

  get size(): number {
    return this.#position - blockHeadBytes
  }

  /** Adds a message. @param appendedAt ms UTC */
  add(offset: number, appendedAt: number, key: string, date: string, value: Uint8Array): void {
    this.#reserve(messageOverhead + (key.length + date.length) * 3 + value.length)
    const bytes = this.#bytes
    let position = putLong(bytes, this.#position, offset)
    position = putLong(bytes, position, appendedAt)
    position = this.#text(position, key)
    position = putLong(bytes, position, 1)
    position = this.#text(position, 'date')
    position = this.#text(position, date)
    bytes[position++] = 0
    position = putLong(bytes, position, value.length)
    bytes.set(value, position)
    this.#position = position + value.length
    this.count += 1
  }

  /** The finished block, valid until the next `add`. */
  take(sync: Uint8Array): Buffer {
    this.#reserve(syncBytes)
    const head = new Uint8Array(blockHeadBytes)
    const length = putLong(head, putLong(head, 0, this.count), this.size)
    const start = blockHeadBytes - length
    this.#bytes.set(head.subarray(0, length), start)
    this.#bytes.set(sync, this.#position)
    const block = this.#bytes.subarray(start, this.#position + syncBytes)
    this.#position = blockHeadBytes
    this.count = 0
    return block
  }

  #text(position: number, text: string): number {
    const length = Buffer.byteLength(text)
    const start = putLong(this.#bytes, position, length)
    return start + this.#bytes.write(text, start, length, 'utf8')
  }

  #reserve(more: number): void {
    if (this.#position + more <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#position + more))
    this.#bytes.copy(grown, 0, 0, this.#position)
    this.#bytes = grown
  }
}

export interface BlockHead {
  /** File position of the block's first byte, and of the first byte after its sync marker. */
  readonly start: number
  readonly end: number
  readonly count: number
  readonly firstOffset: number
}

/** Bytes that surely hold the three longs which a block begins with: count, size, first offset. */
const headBytes = 30

/**
 * Reads a block's head, or null when the bytes end before it does. @param start file position of `bytes[at]`
 * @throws CB_BUS_GAP for a block of less than a byte a message
 */
function parseHead(bytes: Buffer, at: number, start: number, path: string): BlockHead | null {
  const cursor = new Cursor(bytes, at)
  let head: [number, number, number, number]
  try {
    head = [cursor.long(), cursor.long(), cursor.position, cursor.long()]
  } catch {
    return null
  }
  const [count, size, dataAt, firstOffset] = head
  if (!(count > 0 && count <= size)) throw damaged(path, `at ${start}`)
  return { start, end: start + (dataAt - at) + size + syncBytes, count, firstOffset }
}

const damaged = (path: string, place: string): ClosebellError =>
  new ClosebellError('CB_BUS_GAP', `${path}: the block ${place} is damaged`)

/**
 * Walks the complete blocks of a file from `start`, reading only their heads, until `visit` answers false.
 * A torn block at the end is left out: its writer was killed, or has not finished.
 * @returns the position after the last complete block visited
 * @throws CB_BUS_GAP when a complete block does not end with the file's sync marker
 */
export function walkBlocks(
  file: { readonly descriptor: number; readonly path: string; readonly sync: Buffer; readonly size: number },
  start: number,
  visit: (block: BlockHead) => boolean,
): number {
  const window = Buffer.allocUnsafe(4096)
  let windowStart = 0
  let windowLength = 0
  let position = start
  let last = 0
  while (position < file.size) {
    if (position - syncBytes < windowStart || position + headBytes > windowStart + windowLength) {
      windowStart = position - syncBytes
      windowLength = readSync(file.descriptor, window, 0, window.length, windowStart)
    }
    if (position > start) checkSync(window, position - syncBytes - windowStart, file, last)
    const head = parseHead(window.subarray(0, windowLength), position - windowStart, position, file.path)
    if (head === null || head.end > file.size) return position
    if (!visit(head)) return position
    position = head.end
    last = head.firstOffset
  }
  if (position > start) {
    readSync(file.descriptor, window, 0, syncBytes, position - syncBytes)
    checkSync(window, 0, file, last)
  }
  return position
}

function checkSync(
  bytes: Buffer,
  at: number,
  file: { readonly path: string; readonly sync: Buffer },
  offset: number,
): void {
  if (bytes.compare(file.sync, 0, syncBytes, at, at + syncBytes) === 0) return
  throw damaged(file.path, `of offset ${offset}`)
}

export interface TapeMessage {
  readonly offset: number
  readonly appendedAt: number
  readonly key: string
  readonly date: string
  readonly value: Buffer
}

function readMessage(cursor: Cursor): TapeMessage {
  const offset = cursor.long()
  const appendedAt = cursor.long()
  const key = cursor.text()
  let date = ''
  for (let count = cursor.long(); count !== 0; count = cursor.long()) {
    // A negative count is followed by the byte size of its entries (Avro's "blocked" form of a map).
    if (count < 0) cursor.long()
    for (let left = Math.abs(count); left > 0; left--) {
      const name = cursor.text()
      const text = cursor.text()
      if (name === 'date') date = text
    }
  }
  return { offset, appendedAt, key, date, value: cursor.slice() }
}

function messageOf(cursor: Cursor, path: string, { firstOffset }: BlockHead): TapeMessage {
  try {
    return readMessage(cursor)
  } catch (error) {
    if (error instanceof RangeError) throw damaged(path, `of offset ${firstOffset}`)
    throw error
  }
}

/**
 * Decodes the complete blocks at the start of `bytes`; values are views of `bytes`.
 * @returns how many bytes they took, and how many the next block needs when not even one was complete
 */
export function decodeBlocks(
  bytes: Buffer,
  file: { readonly path: string; readonly sync: Buffer },
  visit: (message: TapeMessage) => void,
): { used: number; needed: number } {
  let used = 0
  while (used < bytes.length) {
    const head = parseHead(bytes, used, used, file.path)
    if (head === null) return { used, needed: bytes.length + headBytes }
    if (head.end > bytes.length) return { used, needed: head.end - used }
    checkSync(bytes, head.end - syncBytes, file, head.firstOffset)
    const cursor = new Cursor(bytes.subarray(0, head.end - syncBytes), used)
    cursor.long()
    cursor.long()
    for (let left = head.count; left > 0; left--) visit(messageOf(cursor, file.path, head))
    used = head.end
  }
  return { used, needed: 0 }
}
