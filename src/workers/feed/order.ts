import { ClosebellError } from '../../../schemas/errors.ts'
import type { BookBlock, FeedBlock, FeedChannel, TickBlock } from '../../ports/feed.ts'

/** What was wrong with the order of a channel's events, in events. */
export interface OrderCounts {
  /** Stamps more than a minute ahead of their successor, which took the time before them. */
  ahead: number
  /** Repeats of the event before, with the same and with other content; both are left out. */
  duplicates: number
  conflicts: number
  /** Sequences below the one before, left out. */
  resets: number
  /** Holes of a contiguous channel, and the sequences that are missing in them. */
  gaps: number
  missing: number
}

/** A block with the time that everything downstream uses. */
export interface Stamped {
  readonly block: TickBlock | BookBlock
  /** µs UTC, never falling along the channel; NaN where the event is left out. */
  readonly time: Float64Array
  /** Rows before which sequences are missing. */
  readonly gaps: ReadonlySet<number>
}

const aheadMax = 60_000_000

/**
 * Checks the sequence of one channel and makes its time monotone: the running maximum of the exchange's stamps, except
 * that a stamp more than a minute ahead of its successor takes the time before it. That needs one event of foresight,
 * so a block comes back when its successor is there.
 */
export class ChannelOrder {
  readonly counts: OrderCounts = { ahead: 0, duplicates: 0, conflicts: 0, resets: 0, gaps: 0, missing: 0 }
  readonly #channel: FeedChannel
  readonly #report: (error: ClosebellError) => void
  #waiting: TickBlock | BookBlock | null = null
  #time = -Infinity
  #sequence = -Infinity
  /** Where the last accepted event lies, to tell a repeat from a conflict. */
  #lastBlock: TickBlock | BookBlock | null = null
  #lastRow = -1

  constructor(channel: FeedChannel, report: (error: ClosebellError) => void) {
    this.#channel = channel
    this.#report = report
  }

  /** Takes the next block of the channel, answers the one before it. */
  push(next: FeedBlock): Stamped | null {
    const block = 'ticks' in next ? next.ticks : next.books
    if (block.count === 0) return null
    const done = this.#waiting === null ? null : this.#stamp(this.#waiting, block.baseTime + block.time[0])
    this.#waiting = block
    return done
  }

  /** Answers the last block: its last event has no successor to be measured against. */
  end(): Stamped | null {
    const done = this.#waiting === null ? null : this.#stamp(this.#waiting, Infinity)
    this.#waiting = null
    return done
  }

  #stamp(block: TickBlock | BookBlock, successor: number): Stamped {
    const { count, baseTime } = block
    const time = new Float64Array(count)
    const gaps = new Set<number>()
    for (let i = 0; i < count; i++) {
      if (!this.#accepts(block, i, gaps)) {
        time[i] = NaN
        continue
      }
      const raw = baseTime + block.time[i]
      const next = i + 1 < count ? baseTime + block.time[i + 1] : successor
      if (raw - next > aheadMax) {
        this.counts.ahead++
        // The first event of a day has no time before it; its successor's is the earliest that is believed.
        if (this.#time === -Infinity) this.#time = next
      } else if (raw > this.#time) this.#time = raw
      time[i] = this.#time
    }
    return { block, time, gaps }
  }

  #accepts(block: TickBlock | BookBlock, row: number, gaps: Set<number>): boolean {
    const sequence = block.sequence[row]
    const { contiguous } = this.#channel
    if (sequence <= this.#sequence) return this.#refuse(block, row)
    if (contiguous && this.#sequence !== -Infinity && sequence !== this.#sequence + 1) {
      this.counts.gaps++
      this.counts.missing += sequence - this.#sequence - 1
      gaps.add(row)
      this.#tell(`sequences ${this.#sequence + 1} to ${sequence - 1} are missing`)
    }
    this.#sequence = sequence
    this.#lastBlock = block
    this.#lastRow = row
    return true
  }

  #refuse(block: TickBlock | BookBlock, row: number): false {
    const sequence = block.sequence[row]
    if (sequence < this.#sequence) {
      this.counts.resets++
      this.#tell(`sequence ${sequence} came after ${this.#sequence}`)
    } else if (this.#lastBlock !== null && sameEvent(block, row, this.#lastBlock, this.#lastRow)) {
      this.counts.duplicates++
    } else {
      this.counts.conflicts++
      this.#tell(`sequence ${sequence} came twice with different content`)
    }
    return false
  }

  #tell(what: string): void {
    this.#report(new ClosebellError('CB_FEED_SEQUENCE', `channel ${this.#channel.channel}: ${what}`))
  }
}

/** Whether two rows say the same: equal columns, instrument and time. */
function sameEvent(a: TickBlock | BookBlock, i: number, b: TickBlock | BookBlock, j: number): boolean {
  if (a.baseTime + a.time[i] !== b.baseTime + b.time[j]) return false
  if (a.dictionary[a.instrument[i]]?.instrument !== b.dictionary[b.instrument[j]]?.instrument) return false
  const others = b as unknown as Readonly<Record<string, unknown>>
  return Object.entries(a).every(([name, column]) => {
    if (name === 'time' || name === 'instrument' || !ArrayBuffer.isView(column)) return true
    const mine = column as Float64Array
    const other = others[name] as Float64Array
    const stride = mine.length / a.count
    for (let k = 0; k < stride; k++) if (!Object.is(mine[i * stride + k], other[j * stride + k])) return false
    return mine.length > 0 === other.length > 0
  })
}
