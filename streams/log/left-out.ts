import type { BookBatch, ChainEnded, TickBatch } from '../../schemas/market.ts'
import { batchFault, refusedRows } from './check.ts'
import type { PendingBatch } from './events.ts'
import type { PartitionDay } from './partition-day.ts'

type Batch = TickBatch | BookBatch
type ChainKey = Pick<Batch, 'producer' | 'channel'>

/** An event that was left out, in a batch that holds nothing else. */
interface LeftOutRow {
  readonly time: number
  readonly sequence: number
  readonly pending: PendingBatch
  readonly row: number
}

interface ChainRest {
  readonly rows: LeftOutRow[]
  /** First of `rows` that has not been given back. */
  next: number
  /** Batches that the chain says it had, wherever it said so; null = it never ended. */
  batches: number | null
}

/**
 * What the first revision of a day left out: events below a mark of their chain, and whole batches behind the end of
 * their chain or the cut. It is gathered in a first pass over the log up to a correction; in a second one the events
 * are given back in their places, by time and channel sequence, as if they had come in time. Held in memory, about
 * 150 bytes an event.
 */
export class LeftOut {
  private readonly first: PartitionDay
  private readonly chains = new Map<string, ChainRest>()
  private placed = 0
  private dropped = 0
  private behindCut = 0
  private isSorted = false

  /** @param first the day as its first revision has it, as far as it is reduced */
  constructor(first: PartitionDay) {
    this.first = first
  }

  /** Rows of a batch that came too late. */
  rows(kind: PendingBatch['kind'], batch: Batch, offset: number, rows: readonly number[]): void {
    const rest = this.restOf(batch)
    for (let from = 0; from < rows.length;) {
      let to = from + 1
      while (to < rows.length && rows[to] === rows[to - 1] + 1) to++
      const held = copyOf(batch, rows[from], rows[to - 1] + 1)
      const pending = { kind, batch: held, offset, skip: null, rows: noRows(batch) }
      for (let row = 0; row < held.count; row++) {
        rest.rows.push({ time: held.baseTime + held.time[row], sequence: held.sequence[row], pending, row })
      }
      from = to
    }
  }

  /** A batch behind the end of its chain or behind the cut: its valid rows are taken, once. */
  batch(kind: PendingBatch['kind'], batch: Batch, offset: number): void {
    const { merge, isClosed, scales, reducer } = this.first
    const chain = merge.find(batch.producer, batch.channel)
    if (chain === undefined || chain.crcs.has(batch.batchNumber) || batchFault(kind, batch) !== null) return
    chain.crcs.set(batch.batchNumber, batch.crc)
    if (isClosed) this.behindCut += batch.count
    const refused = refusedRows(kind, batch, reducer.session.midnight, scales[kind])
    const rows = Array.from({ length: batch.count }, (_, row) => row).filter((row) => !refused.has(row))
    this.rows(kind, batch, offset, rows)
  }

  ended({ producer, channel, batches }: ChainEnded): void {
    this.restOf({ producer, channel }).batches ??= batches
  }

  hasEnded(chain: ChainKey): boolean {
    return this.restOf(chain).batches !== null
  }

  /** Whether every batch of a chain from one number up to, but not including, another is in the log. */
  isWhole(chain: ChainKey, from: number, to: number): boolean {
    const crcs = this.first.merge.find(chain.producer, chain.channel)?.crcs
    for (let number = from; number < to; number++) if (crcs?.has(number) !== true) return false
    return true
  }

  /** Whether a chain ended and every batch that it says it had is in the log. */
  isComplete(chain: ChainKey): boolean {
    const { batches } = this.restOf(chain)
    return batches !== null && this.isWhole(chain, 0, batches)
  }

  /** A batch that came in time, with what belongs before its rows or below its mark in between. */
  woven(pending: PendingBatch): PendingBatch[] {
    const { batch, skip } = pending
    const rest = this.restOf(batch)
    const parts: PendingBatch[] = []
    let from = 0
    for (let row = 0; row < batch.count && rest.next < rest.rows.length; row++) {
      if (skip !== null && skip[row] !== 0) continue
      const time = batch.baseTime + batch.time[row]
      const earlier = this.taken(rest, (one) => precedes(one, time, batch.sequence[row]))
      this.drop(rest, time, batch.sequence[row])
      if (earlier.length === 0) continue
      if (row > from) parts.push(partOf(pending, from, row))
      parts.push(...earlier)
      from = row
    }
    parts.push(from === 0 ? pending : partOf(pending, from, batch.count))
    parts.push(...this.taken(rest, (one) => one.time < batch.markTime))
    return parts
  }

  /** What is left of a chain that is over. */
  remainder(chain: ChainKey): PendingBatch[] {
    return this.taken(this.restOf(chain), () => true)
  }

  /** Counts of the revision, once everything is given back: events that came twice are late for ever. */
  get counts() {
    const { eventsIn, eventsQuarantined, eventsLate } = this.first.counts
    const all = eventsIn + this.behindCut
    const used = eventsIn - eventsQuarantined - eventsLate + this.placed
    return { eventsIn: all, eventsQuarantined: all - used - this.dropped, eventsLate: this.dropped }
  }

  private restOf({ producer, channel }: ChainKey): ChainRest {
    const key = `${producer}/${channel}`
    let rest = this.chains.get(key)
    if (rest === undefined) this.chains.set(key, (rest = { rows: [], next: 0, batches: null }))
    return rest
  }

  /** The next rows of a chain for which `isWanted` holds, as few batches. */
  private taken(rest: ChainRest, isWanted: (row: LeftOutRow) => boolean): PendingBatch[] {
    this.sort()
    const { rows } = rest
    const parts: PendingBatch[] = []
    while (rest.next < rows.length && isWanted(rows[rest.next])) {
      const from = rest.next++
      const { pending, row } = rows[from]
      const isNext = (at: number): boolean => rows[at].pending === pending && rows[at].row === row + at - from
      while (rest.next < rows.length && isNext(rest.next) && isWanted(rows[rest.next])) rest.next++
      this.placed += rest.next - from
      parts.push(partOf(pending, row, row + rest.next - from))
    }
    return parts
  }

  /** An event that is there already, at the same time and sequence, is not used twice. */
  private drop(rest: ChainRest, time: number, sequence: number): void {
    while (rest.rows[rest.next]?.time === time && rest.rows[rest.next]?.sequence === sequence) {
      rest.next++
      this.dropped++
    }
  }

  private sort(): void {
    if (this.isSorted) return
    this.isSorted = true
    for (const rest of this.chains.values()) {
      // Stable, so that of equal ones the first logged comes first.
      rest.rows.sort((a, b) => a.time - b.time || a.sequence - b.sequence)
      const once = rest.rows.filter((one, i) => i === 0 || !isSame(one, rest.rows[i - 1]))
      this.dropped += rest.rows.length - once.length
      rest.rows.splice(0, rest.rows.length, ...once)
    }
  }
}

const precedes = (one: LeftOutRow, time: number, sequence: number): boolean =>
  one.time < time || (one.time === time && one.sequence < sequence)

const isSame = (a: LeftOutRow, b: LeftOutRow): boolean => a.time === b.time && a.sequence === b.sequence

const noRows = ({ dictionary }: Batch): Int32Array => new Int32Array(dictionary.length).fill(-1)

/** Rows of a batch that hold on to nothing of the rest. */
const copyOf = (batch: Batch, from: number, to: number): Batch =>
  withColumns(batch, from, to, (column, start, end) => column.slice(start, end))

function partOf(pending: PendingBatch, from: number, to: number): PendingBatch {
  const { batch, skip } = pending
  if (from === 0 && to === batch.count) return pending
  const part = withColumns(batch, from, to, (column, start, end) => column.subarray(start, end))
  return { ...pending, batch: part, skip: skip === null ? null : skip.subarray(from, to) }
}

function withColumns(
  batch: Batch,
  from: number,
  to: number,
  cut: (column: Float64Array, start: number, end: number) => Float64Array,
): Batch {
  const columns = Object.entries(batch).flatMap(([name, column]) => {
    if (!ArrayBuffer.isView(column)) return []
    // Every column has the methods of this one; a column that is absent has no rows.
    const values = column as Float64Array
    const stride = values.length / batch.count
    return [[name, cut(values, from * stride, to * stride)]]
  })
  return { ...batch, ...(Object.fromEntries(columns) as object), count: to - from }
}
