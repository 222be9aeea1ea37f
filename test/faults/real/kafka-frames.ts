/** As much of Kafka's protocol as tells what a worker is about to do: requests without flexible headers. */

export type Api = 'produce' | 'fetch' | 'commit' | 'other'

export interface Request {
  readonly api: Api
  readonly correlation: number
  readonly client: string
  /** First topic that the request names; '' where it names none. */
  readonly topic: string
  /** Offset that is fetched, -1 for another request. */
  readonly offset: number
}

class Cursor {
  at = 4
  readonly #frame: Buffer

  constructor(frame: Buffer) {
    this.#frame = frame
  }

  skip(bytes: number): void {
    this.at += bytes
  }

  int16(): number {
    this.at += 2
    return this.#frame.readInt16BE(this.at - 2)
  }

  int32(): number {
    this.at += 4
    return this.#frame.readInt32BE(this.at - 4)
  }

  int64(): number {
    this.at += 8
    return Number(this.#frame.readBigInt64BE(this.at - 8))
  }

  text(): string {
    const length = Math.max(0, this.int16())
    this.at += length
    return this.#frame.toString('utf8', this.at - length, this.at)
  }
}

const apis: Readonly<Record<number, Api>> = { 0: 'produce', 1: 'fetch', 8: 'commit' }
const lastFetchVersion = 11

/** What a request frame (length and all) asks. */
export function readRequest(frame: Buffer): Request {
  const cursor = new Cursor(frame)
  const api = apis[cursor.int16()] ?? 'other'
  const version = cursor.int16()
  const correlation = cursor.int32()
  const client = cursor.text()
  const place = { topic: '', offset: -1 }
  try {
    if (api === 'produce') place.topic = producedTopic(cursor)
    else if (api === 'commit') place.topic = committedTopic(cursor, version)
    else if (api === 'fetch' && version === lastFetchVersion) Object.assign(place, fetchedPlace(cursor))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  return { api, correlation, client, ...place }
}

function producedTopic(cursor: Cursor): string {
  cursor.text()
  cursor.skip(6)
  return cursor.int32() > 0 ? cursor.text() : ''
}

function committedTopic(cursor: Cursor, version: number): string {
  cursor.text()
  cursor.skip(4)
  cursor.text()
  if (version >= 2 && version <= 4) cursor.skip(8)
  return cursor.int32() > 0 ? cursor.text() : ''
}

function fetchedPlace(cursor: Cursor): { topic: string; offset: number } {
  cursor.skip(25)
  if (cursor.int32() < 1) return { topic: '', offset: -1 }
  const topic = cursor.text()
  if (cursor.int32() < 1) return { topic, offset: -1 }
  cursor.skip(8)
  return { topic, offset: cursor.int64() }
}

export const correlationOf = (frame: Buffer): number => frame.readInt32BE(4)

/** Whether the answer to a fetch brings records. */
export function bringsRecords(frame: Buffer): boolean {
  const cursor = new Cursor(frame)
  cursor.skip(4 + 4 + 2 + 4)
  try {
    if (cursor.int32() < 1) return false
    cursor.text()
    if (cursor.int32() < 1) return false
    cursor.skip(4 + 2 + 8 + 8 + 8)
    cursor.skip(16 * Math.max(0, cursor.int32()))
    cursor.skip(4)
    return cursor.int32() > 0
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** Offset of the first message that a produce request appended, -1 when it failed. */
export function appendedAt(frame: Buffer): number {
  const cursor = new Cursor(frame)
  cursor.skip(4)
  if (cursor.int32() < 1) return -1
  cursor.text()
  if (cursor.int32() < 1) return -1
  cursor.skip(6)
  return cursor.int64()
}

/** Whole frames of a stream of bytes; what is left over waits for more. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0)

  take(bytes: Buffer): Buffer[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const frames: Buffer[] = []
    while (this.#rest.length >= 4) {
      const length = 4 + this.#rest.readInt32BE(0)
      if (this.#rest.length < length) break
      frames.push(this.#rest.subarray(0, length))
      this.#rest = this.#rest.subarray(length)
    }
    return frames
  }
}
