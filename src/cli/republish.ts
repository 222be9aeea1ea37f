import { ClosebellError } from '../../schemas/errors.ts'
import type { Bus, Logged } from '../ports/bus.ts'

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
 * after day. What an earlier start has brought over is not sent again.
 * @throws ClosebellError CB_ABSENT when the source has no market log, CB_CONFIG when the partitions differ in number,
 * CB_USAGE when the target holds something else of these dates
 */
export async function republishMarket({ from, to, signal, onProgress }: RepublishOptions): Promise<Republished> {
  const partitions = await from.partitions('market')
  if (partitions === 0) throw new ClosebellError('CB_ABSENT', 'the tape has no market log')
  await to.createTopics(partitions)
  const dates = new Set<string>()
  const targets = Array.from({ length: partitions }, (_, partition) => new Target(to, partition))
  let group: Logged[] = []
  let bytes = 0
  let messages = 0
  let skipped = 0
  const publish = async (): Promise<void> => {
    if (group.length === 0) return
    await to.publish('market', group)
    messages += group.length
    group = []
    bytes = 0
    onProgress(messages + skipped)
  }
  for await (const message of inAppendOrder(from, partitions, signal)) {
    dates.add(message.date)
    if (await targets[message.partition].holds(message)) {
      onProgress(messages + ++skipped)
      continue
    }
    if (bytes + message.value.byteLength > groupBytesMax) await publish()
    group.push(message)
    bytes += message.value.byteLength
  }
  if (!signal.aborted) await publish()
  return { messages, skipped, dates: [...dates].sort() }
}

/** All partitions merged by date and append time, so that no partition runs days ahead of the others. */
async function* inAppendOrder(bus: Bus, partitions: number, signal: AbortSignal): AsyncGenerator<Logged> {
  const sources = Array.from({ length: partitions }, (_, partition) => oneByOne(bus, partition, signal))
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

const isBefore = (a: Logged, b: Logged): boolean =>
  a.date < b.date || (a.date === b.date && a.appendedAt < b.appendedAt)

async function next(source: AsyncIterator<Logged>): Promise<Logged | null> {
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
