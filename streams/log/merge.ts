import type { BookBatch, ChainName, TickBatch } from '../../schemas/market.ts'
import type { PendingBatch } from './events.ts'

/** What a chain has said so far. */
export interface Chain {
  readonly producer: string
  readonly channel: string
  batchNumber: number
  /** crc of each batch by number, so that a repeat is told from a conflict. */
  readonly crcs: Map<number, number>
  markTime: number
  markSequence: number
  /** Lost or ended: it holds nothing back any more. */
  isOver: boolean
  /** Given up: its mark stands at the end of the day, so that whatever it still sends is late. */
  isLost: boolean
  events: number
  readonly pending: PendingBatch[]
  /** Next row of the first pending batch. */
  cursor: number
}

/** Takes rows `from` to `to` of a batch in, which are next in the order of the merge. */
export type Reduce = (chain: number, pending: PendingBatch, from: number, to: number) => void

export type Acceptance = 'taken' | 'repeated' | 'conflict' | 'over' | 'unknown'

/**
 * The merge of a partition's chains: an event is released when its time lies below the mark of every living chain, and
 * released events come in the order (time, ticks before books, channel, sequence) — so the order does not depend on
 * how the log was fetched.
 */
export class Merge {
  readonly chains: Chain[]
  /** Time of the first event of each chain, while events are released, and who goes first among equal times. */
  private readonly heads: Float64Array
  private readonly ranks: Int32Array

  constructor(names: readonly ChainName[]) {
    this.chains = [...names]
      .sort((a, b) => compareText(a.channel, b.channel) || compareText(a.producer, b.producer))
      .map(({ producer, channel }) => ({
        producer,
        channel,
        batchNumber: -1,
        crcs: new Map(),
        markTime: Number.NEGATIVE_INFINITY,
        markSequence: -1,
        isOver: false,
        isLost: false,
        events: 0,
        pending: [],
        cursor: 0,
      }))
    this.heads = new Float64Array(this.chains.length)
    this.ranks = new Int32Array(this.chains.length)
  }

  find(producer: string, channel: string): Chain | undefined {
    return this.chains.find((chain) => chain.producer === producer && chain.channel === channel)
  }

  /** Judges a batch by its chain and number, without taking it in. */
  judge(chain: Chain | undefined, batch: TickBatch | BookBatch): Acceptance {
    if (chain === undefined) return 'unknown'
    const known = chain.crcs.get(batch.batchNumber)
    if (known !== undefined) return known === batch.crc ? 'repeated' : 'conflict'
    return chain.isOver && !chain.isLost ? 'over' : 'taken'
  }

  /** Takes a batch in; `parts` are its rows in order, with what belongs between them. */
  take(chain: Chain, batch: TickBatch | BookBatch, parts: readonly PendingBatch[]): void {
    chain.crcs.set(batch.batchNumber, batch.crc)
    chain.batchNumber = batch.batchNumber
    chain.markTime = Math.max(chain.markTime, batch.markTime)
    chain.markSequence = Math.max(chain.markSequence, batch.markSequence)
    chain.events += batch.count
    this.put(chain, parts)
  }

  /** Appends what is to be released of a chain, in its order. */
  put(chain: Chain, parts: readonly PendingBatch[]): void {
    for (const part of parts) {
      if (part.skip === null ? part.batch.count > 0 : part.skip.includes(0)) chain.pending.push(part)
    }
  }

  /** Everything of an earlier time is in. */
  get mark(): number {
    let mark = Number.POSITIVE_INFINITY
    for (const chain of this.chains) if (!chain.isOver && chain.markTime < mark) mark = chain.markTime
    return mark
  }

  get isOver(): boolean {
    return this.chains.every((chain) => chain.isOver)
  }

  /**
   * Releases what lies below `mark`, run by run, in order. Makes nothing on its way: a run is a stretch of one batch,
   * and a batch that is done is told of.
   */
  release(mark: number, reduce: Reduce, done: (pending: PendingBatch) => void): void {
    const { chains, heads } = this
    for (let i = 0; i < chains.length; i++) this.seek(i)
    for (;;) {
      let first = -1
      let second = -1
      for (let i = 0; i < chains.length; i++) {
        if (heads[i] === Number.POSITIVE_INFINITY) continue
        if (first < 0 || this.precedes(i, first)) {
          second = first
          first = i
        } else if (second < 0 || this.precedes(i, second)) second = i
      }
      if (first < 0 || heads[first] >= mark) return
      const chain = chains[first]
      const pending = chain.pending[0]
      const { time, count, baseTime } = pending.batch
      const limit = Math.min(mark, second < 0 ? Number.POSITIVE_INFINITY : this.limitOf(first, second)) - baseTime
      const from = chain.cursor
      let to = from + 1
      while (to < count && time[to] < limit) to++
      reduce(first, pending, from, to)
      if (to === count) {
        chain.pending.shift()
        chain.cursor = 0
        done(pending)
      } else chain.cursor = to
      this.seek(first)
    }
  }

  /**
   * Goes to a chain's first event that is not released; its time is infinite when it has none. Of equal times ticks go
   * before books, then the channel's name decides; chains are sorted by it.
   */
  private seek(i: number): void {
    const { pending, cursor } = this.chains[i]
    if (pending.length === 0) {
      this.heads[i] = Number.POSITIVE_INFINITY
      return
    }
    const { kind, batch } = pending[0]
    this.heads[i] = batch.baseTime + batch.time[cursor]
    this.ranks[i] = kind === 'ticks' ? i : this.chains.length + i
  }

  /** Where a run of chain `i` ends because of chain `j`: of equal times the chain that precedes goes first. */
  private limitOf(i: number, j: number): number {
    return this.ranks[i] < this.ranks[j] ? this.heads[j] + 1 : this.heads[j]
  }

  private precedes(i: number, j: number): boolean {
    const { heads, ranks } = this
    return heads[i] === heads[j] ? ranks[i] < ranks[j] : heads[i] < heads[j]
  }
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
