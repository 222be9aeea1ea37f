import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  writeSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { TopicName } from '../../../schemas/topics.ts'
import type { Logged, Outgoing, ReadOptions } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import { BlockBuilder, decodeBlocks, fileHeader, fileHeaderBytes, readSync16, walkBlocks } from './container.ts'
import { takeLock } from './lock.ts'

/** Messages are gathered into blocks of this size; a reader fetches several at once. */
const blockBytes = 256 * 1024
const chunkBytes = 4 * 1024 * 1024
/** How often a follower looks for what another process appended. */
const pollMs = 20

const isDateFile = /^\d{4}-\d{2}-\d{2}\.avro$/

/** One file of the partition: the complete blocks of `[fileHeaderBytes, end)`, offsets from `first`. */
interface Segment {
  readonly date: string
  readonly path: string
  readonly first: number
  readonly sync: Buffer
  end: number
}

interface Writer {
  descriptor: number
  sync: Buffer
  readonly release: () => void
}

/** One partition of a tape: its files, read by anyone, appended to by the one process that holds its lock. */
export class PartitionLog {
  readonly #topic: TopicName
  readonly #partition: number
  readonly #folder: string
  readonly #place: string
  readonly #clock: Clock
  readonly #fsync: boolean
  #segments: Segment[] = []
  #next = 0
  #writer: Writer | null = null
  #closed = false
  readonly #block = new BlockBuilder()
  readonly #waiters = new Set<() => void>()

  constructor(
    root: string,
    topic: TopicName,
    topicFolder: string,
    partition: number,
    options: { readonly clock: Clock; readonly fsync: boolean },
  ) {
    this.#topic = topic
    this.#partition = partition
    this.#place = `${topicFolder}/${partition}`
    this.#folder = join(root, topicFolder, String(partition))
    this.#clock = options.clock
    this.#fsync = options.fsync
  }

  offsets(): { first: number; next: number } {
    this.#refresh()
    return { first: this.#segments[0]?.first ?? this.#next, next: this.#next }
  }

  offsetOfDate(date: string): number {
    this.#refresh()
    return this.#segments.find((segment) => segment.date >= date)?.first ?? this.#next
  }

  /** Appends in order, each block with one write. @returns the offset of the first message */
  append(messages: readonly Outgoing[]): number {
    const writer = this.#openWriter()
    const first = this.#next
    const now = this.#clock.now()
    let offset = first
    for (const message of messages) {
      const last = this.#segments.at(-1)
      if (last === undefined || message.date > last.date) {
        this.#flush(writer, offset)
        this.#startFile(writer, message, offset, now)
      } else {
        if (this.#block.size >= blockBytes) this.#flush(writer, offset)
        this.#block.add(offset, now, message.key, message.date, message.value)
      }
      offset += 1
    }
    this.#flush(writer, offset)
    if (this.#fsync) fdatasyncSync(writer.descriptor)
    this.#wake()
    return first
  }

  /** Reads from an offset on. An aborted signal, or closing the tape, ends the iteration. */
  async *read(options: ReadOptions): AsyncGenerator<readonly Logged[], void, undefined> {
    const { first, next } = this.offsets()
    if (options.from < first || options.from > next) {
      throw new ClosebellError(
        'CB_BUS_GAP',
        `offset ${options.from} of ${this.#place} was asked for; ${first} is the first there, ${next} the next to come`,
      )
    }
    const stop = options.until === 'end' ? next : Infinity
    let expected = options.from
    while (expected < stop && !this.#isOver(options.signal)) {
      const index = this.#segments.findLastIndex((segment) => segment.first <= expected)
      const before = expected
      if (index >= 0 && expected < (this.#segments[index + 1]?.first ?? this.#next)) {
        for await (const batch of this.#readSegment(this.#segments[index]!, expected, stop, options.signal)) {
          expected = batch.at(-1)!.offset + 1
          yield batch
        }
        // Its blocks promise the offset and do not have it.
        if (expected === before && !this.#isOver(options.signal)) throw this.#gap(expected, this.#next)
      } else {
        await this.#more(options.signal)
      }
    }
  }

  close(): void {
    this.#closed = true
    if (this.#writer !== null) {
      if (this.#writer.descriptor >= 0) closeSync(this.#writer.descriptor)
      this.#writer.release()
      this.#writer = null
    }
    this.#wake()
  }

  #isOver(signal: AbortSignal | undefined): boolean {
    return this.#closed || signal?.aborted === true
  }

  /** Reads one file up to where it ends at present, in chunks whose messages become one batch each. */
  async *#readSegment(segment: Segment, from: number, stop: number, signal: AbortSignal | undefined) {
    let expected = from
    let position = this.#locate(segment, from)
    let wanted = chunkBytes
    const handle = await open(segment.path, 'r')
    try {
      while (position < segment.end && expected < stop && !this.#isOver(signal)) {
        const bytes = Buffer.allocUnsafeSlow(Math.min(wanted, segment.end - position))
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, position)
        const batch: Logged[] = []
        const { used, needed } = decodeBlocks(bytes.subarray(0, bytesRead), segment, (message) => {
          if (message.offset < expected || message.offset >= stop) return
          if (message.offset !== expected) throw this.#gap(expected, message.offset)
          batch.push({ topic: this.#topic, partition: this.#partition, ...message })
          expected += 1
        })
        if (used === 0 && bytesRead < bytes.length) throw this.#gap(expected, this.#next)
        wanted = Math.max(chunkBytes, needed)
        position += used
        if (batch.length > 0) yield batch
      }
    } finally {
      await handle.close()
    }
  }

  #gap(expected: number, found: number): ClosebellError {
    return new ClosebellError('CB_BUS_GAP', `offset ${expected} of ${this.#place} is missing, ${found} stands there`)
  }

  /** File position of the block that holds an offset. */
  #locate(segment: Segment, offset: number): number {
    if (offset === segment.first) return fileHeaderBytes
    return this.#walk(segment, fileHeaderBytes, segment.end, (block) => offset >= block.firstOffset + block.count)
  }

  #walk(segment: Segment, from: number, to: number, visit: Parameters<typeof walkBlocks>[2]): number {
    const descriptor = openSync(segment.path, 'r')
    try {
      const size = Math.min(to, fstatSync(descriptor).size)
      return walkBlocks({ descriptor, path: segment.path, sync: segment.sync, size }, from, visit)
    } finally {
      closeSync(descriptor)
    }
  }

  /** Takes in what was appended to the files since the last look, unless this process itself is the writer. */
  #refresh(): void {
    if (this.#writer !== null) return
    let last = this.#segments.at(-1)
    const dates = listDates(this.#folder).filter((date) => last === undefined || date > last.date)
    // The names are listed first: once a later file is seen, the earlier ones have got all they will ever get.
    if (last !== undefined) this.#extend(last)
    for (const date of dates) {
      const segment = openSegment(join(this.#folder, `${date}.avro`), date)
      if (segment === null) continue
      if (last !== undefined && last.end === fileHeaderBytes) last.end = statSync(last.path).size
      this.#segments.push(segment)
      last = segment
    }
    if (last !== undefined && last.end === fileHeaderBytes) this.#extend(last)
  }

  #extend(segment: Segment): void {
    segment.end = this.#walk(segment, segment.end, Infinity, (block) => {
      this.#next = block.firstOffset + block.count
      return true
    })
  }

  #wake(): void {
    for (const wake of this.#waiters) wake()
  }

  /** Waits for an append of this process, or a poll interval for those of others. */
  async #more(signal: AbortSignal | undefined): Promise<void> {
    const timer = new AbortController()
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#waiters.delete(done)
        signal?.removeEventListener('abort', done)
        timer.abort()
        resolve()
      }
      this.#waiters.add(done)
      signal?.addEventListener('abort', done, { once: true })
      if (this.#writer === null) this.#clock.sleep(pollMs, timer.signal).then(done, done)
    })
    if (!this.#isOver(signal)) this.#refresh()
  }

  /** Becomes the writer: takes the lock, cuts what a killed writer left behind, opens the last file. */
  #openWriter(): Writer {
    if (this.#closed) throw new ClosebellError('CB_INTERNAL', `${this.#place} is appended to after close`)
    if (this.#writer !== null) return this.#writer
    mkdirSync(this.#folder, { recursive: true })
    const release = takeLock(join(this.#folder, 'writer.lock'))
    try {
      this.#refresh()
      const last = this.#segments.at(-1)
      const writer: Writer = { descriptor: -1, sync: Buffer.alloc(0), release }
      if (last !== undefined) {
        writer.descriptor = openSync(last.path, 'r+')
        writer.sync = last.sync
        ftruncateSync(writer.descriptor, last.end)
      }
      this.#writer = writer
      this.#wake()
      return writer
    } catch (error) {
      release()
      throw error
    }
  }

  /** Begins the file of a later date. Its header and first block go out in one write each. */
  #startFile(writer: Writer, message: Outgoing, offset: number, now: number): void {
    if (!isDateFile.test(`${message.date}.avro`)) {
      throw new ClosebellError('CB_WIRE_VALUE', `the date ${JSON.stringify(message.date)} names no file of a tape`)
    }
    if (writer.descriptor >= 0) {
      if (this.#fsync) fdatasyncSync(writer.descriptor)
      closeSync(writer.descriptor)
    }
    const path = join(this.#folder, `${message.date}.avro`)
    const { bytes, sync } = fileHeader(`${this.#place}/${message.date}`)
    writer.descriptor = openSync(path, 'w')
    writer.sync = sync
    writeSync(writer.descriptor, bytes)
    this.#segments.push({ date: message.date, path, first: offset, sync, end: fileHeaderBytes })
    this.#block.add(offset, now, message.key, message.date, message.value)
    this.#flush(writer, offset + 1)
  }

  #flush(writer: Writer, next: number): void {
    if (this.#block.count === 0) return
    const segment = this.#segments.at(-1)!
    const block = this.#block.take(writer.sync)
    const written = writeSync(writer.descriptor, block, 0, block.length, segment.end)
    if (written < block.length) {
      ftruncateSync(writer.descriptor, segment.end)
      throw new ClosebellError('CB_INTERNAL', `${segment.path}: ${written} of ${block.length} bytes were written`, {
        remedy: 'Make room on the disk of the tape.',
      })
    }
    segment.end += block.length
    this.#next = next
  }
}

/** A file without a complete block yet is not there for readers. */
function openSegment(path: string, date: string): Segment | null {
  const descriptor = openSync(path, 'r')
  try {
    const sync = readSync16(descriptor, path)
    if (sync === null) return null
    let first = -1
    walkBlocks({ descriptor, path, sync, size: fstatSync(descriptor).size }, fileHeaderBytes, (block) => {
      first = block.firstOffset
      return false
    })
    return first < 0 ? null : { date, path, first, sync, end: fileHeaderBytes }
  } finally {
    closeSync(descriptor)
  }
}

function listDates(folder: string): readonly string[] {
  try {
    const files = readdirSync(folder).filter((name) => isDateFile.test(name))
    return files.map((name) => name.slice(0, 10)).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
