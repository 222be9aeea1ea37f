import { ClosebellError } from '../../schemas/errors.ts'
import type { Bus, Logged } from '../ports/bus.ts'
import type { Clock } from '../ports/clock.ts'
import { decode } from '../wire/index.ts'
import { Pace } from '../workers/feed/pace.ts'

/** One publish carries at most so many bytes: each partition's share of it must pass as one record batch. */
const groupBytesMax = 768 * 1024

export interface Republished {
  readonly messages: number
  /** Messages that the target had already. */
  readonly skipped: number
  readonly dates: readonly string[]
}

export interface RepublishOptions {
  readonly from: Bus
  readonly to: Bus
  readonly clock: Clock
  /** Times real time, by the marks of the batches; absent = as fast as possible. */
  readonly speed?: number
  readonly signal: AbortSignal
  /** Called with the number of messages done, skipped ones among them. */
  readonly onProgress: (done: number) => void
}

/** Messages of the market log, over all partitions. */
export async function countMarket(bus: Bus): Promise<number> {
  let count = 0
  for (let partition = 0; partition < (await bus.partitions('market')); partition++) {
    const { first, next } = await bus.offsets('market', partition)
    count += next - first
  }
  return count
}

/**
 * Appends the market log of one bus to that of another: the same messages in the same order in each partition, day
 * after day. What an earlier start has brought over is not sent again. With a speed, a message goes out when its mark
 * is due, as the feed that recorded it would have sent it.
 * @throws ClosebellError CB_ABSENT when the source has no market log, CB_CONFIG when the partitions differ in number,
 * CB_USAGE when the target holds something else of these dates
 */
export async function republishMarket(options: RepublishOptions): Promise<Republished> {
  const { from, to, clock, speed, signal, onProgress } = options
  const partitions = await from.partitions('market')
  if (partitions === 0) throw new ClosebellError('CB_ABSENT', 'the tape has no market log')
  await to.createTopics(partitions)
  const dates = new Set<string>()
  const targets = Array.from({ length: partitions }, (_, partition) => new Target(to, partition))
  let group: Logged[] = []
  let bytes = 0
  let messages = 0
  let skipped = 0
  let pace = new Pace(clock, speed, signal)
  let date = ''
  let sent = -Infinity
  const publish = async (): Promise<void> => {
    if (group.length === 0) return
    await to.publish('market', group)
    messages += group.length
    group = []
    bytes = 0
    onProgress(messages + skipped)
  }
  for await (const { message, due } of inOrder(from, partitions, speed !== undefined, signal)) {
    if (message.date !== date) pace = new Pace(clock, speed, signal)
    date = message.date
    dates.add(date)
    if (await targets[message.partition].holds(message)) {
      onProgress(messages + ++skipped)
      continue
    }
    // What one publish carries may reach the partitions one after the other, so that it holds one mark only.
    const isPaced = speed !== undefined && due !== sent
    if (isPaced || bytes + message.value.byteLength > groupBytesMax) await publish()
    sent = due
    if (due > -Infinity) await pace.until(due)
    if (signal.aborted) break
    group.push(message)
    bytes += message.value.byteLength
  }
  if (!signal.aborted) await publish()
  return { messages, skipped, dates: [...dates].sort() }
}

interface Head {
  readonly message: Logged
  /** ms when it was appended, or µs UTC of the latest mark up to it. */
  readonly due: number
}

/**
 * All partitions merged by date, then by append time or, for a paced feed, by mark: a tape that was written fast has
 * minutes of one partition under one append time.
 */
async function* inOrder(bus: Bus, partitions: number, byMark: boolean, signal: AbortSignal): AsyncGenerator<Head> {
  const sources = Array.from({ length: partitions }, (_, partition) =>
    withDue(oneByOne(bus, partition, signal), byMark),
  )
  const heads = await Promise.all(sources.map(next))
  for (;;) {
    let first = -1
    heads.forEach((head, p) => {
      if (head !== null && (first < 0 || isBefore(head, heads[first] ?? head))) first = p
    })
    const head = heads[first]
    if (head === undefined || head === null || signal.aborted) return
    yield head
    heads[first] = await next(sources[first])
  }
}

const isBefore = (a: Head, b: Head): boolean =>
  a.message.date < b.message.date || (a.message.date === b.message.date && a.due < b.due)

async function* withDue(messages: AsyncIterable<Logged>, byMark: boolean): AsyncGenerator<Head> {
  let date = ''
  let mark = -Infinity
  for await (const message of messages) {
    if (message.date !== date) mark = -Infinity
    date = message.date
    if (byMark) mark = Math.max(mark, markOf(message.value))
    yield { message, due: byMark ? mark : message.appendedAt }
  }
}

/** What is no batch, and bytes that are no message at all, go with what stands before them. */
function markOf(value: Uint8Array): number {
  try {
    const { kind, value: batch } = decode(value)
    return kind === 'tickBatch' || kind === 'bookBatch' ? batch.markTime : -Infinity
  } catch (error) {
    if (error instanceof ClosebellError) return -Infinity
    throw error
  }
}

async function next<T>(source: AsyncIterator<T>): Promise<T | null> {
  const result = await source.next()
  return result.done === true ? null : result.value
}

async function* oneByOne(bus: Bus, partition: number, signal?: AbortSignal, since = ''): AsyncGenerator<Logged> {
  const from =
    since === '' ? (await bus.offsets('market', partition)).first : await bus.offsetOfDate('market', partition, since)
  const options = { from, until: 'end' as const, ...(signal === undefined ? {} : { signal }) }
  for await (const messages of bus.read('market', partition, options)) yield* messages
}

/** What the target holds of the tape's dates in one partition: a beginning of the tape, or it is another log. */
class Target {
  readonly #bus: Bus
  readonly #partition: number
  #held: AsyncIterator<Logged> | null = null
  #isPast = false

  constructor(bus: Bus, partition: number) {
    this.#bus = bus
    this.#partition = partition
  }

  async holds(message: Logged): Promise<boolean> {
    if (this.#isPast) return false
    this.#held ??= oneByOne(this.#bus, this.#partition, undefined, message.date)
    const held = await next(this.#held)
    if (held === null) {
      this.#isPast = true
      return false
    }
    // A day that the target's own morning job has opened stays as it was opened: the first record wins.
    const isOpening = held.key === 'session' && message.key === 'session'
    if (held.date === message.date && (isOpening || Buffer.compare(held.value, message.value) === 0)) return true
    throw new ClosebellError(
      'CB_USAGE',
      `partition ${this.#partition} of the bus has ${held.key} of ${held.date}, ` +
        `the tape ${message.key} of ${message.date}`,
      { remedy: 'Feed a tape onto a bus, or under a prefix, that has nothing else of its dates.' },
    )
  }
}
