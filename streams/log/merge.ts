import type { BookBatch, ChainName, TickBatch } from '../../schemas/market.ts'
import type { PendingBatch, Run } from './events.ts'

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

export type Acceptance = 'taken' | 'repeated' | 'conflict' | 'over' | 'unknown'

/**
 * The merge of a partition's chains: an event is released when its time lies below the mark of every living chain, and
 * released events come in the order (time, ticks before books, channel, sequence) — so the order does not depend on
 * how the log was fetched.
 */
export class Merge {
  readonly chains: Chain[]

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

  /** Releases what lies below `mark`, run by run, in order. */
  *release(mark: number): Generator<Run> {
    for (;;) {
      let first = -1
      let second = -1
      for (let i = 0; i < this.chains.length; i++) {
        if (this.chains[i].pending.length === 0) continue
        if (first < 0 || this.precedes(i, first)) {
          second = first
          first = i
        } else if (second < 0 || this.precedes(i, second)) second = i
      }
      if (first < 0) return
      const chain = this.chains[first]
      const pending = chain.pending[0]
      const { batch } = pending
      const from = chain.cursor
      const limit = mark - batch.baseTime
      let to = from
      if (second < 0) while (to < batch.count && batch.time[to] < limit) to++
      else {
        const otherTime = this.headTime(second) - batch.baseTime
        // Of equal times the chain that precedes the other one by kind and channel goes first.
        const inclusive = this.precedesAtEqualTime(first, second)
        while (
          to < batch.count &&
          batch.time[to] < limit &&
          (batch.time[to] < otherTime || (inclusive && batch.time[to] === otherTime))
        )
          to++
      }
      if (to === from) return
      if (to === batch.count) {
        chain.pending.shift()
        chain.cursor = 0
      } else chain.cursor = to
      yield { chain: first, pending, from, to }
    }
  }

  private headTime(i: number): number {
    const chain = this.chains[i]
    const { batch } = chain.pending[0]
    return batch.baseTime + batch.time[chain.cursor]
  }

  private precedes(i: number, j: number): boolean {
    const ti = this.headTime(i)
    const tj = this.headTime(j)
    return ti === tj ? this.precedesAtEqualTime(i, j) : ti < tj
  }

  /** Ticks before books, then the channel's name; chains are sorted by it. */
  private precedesAtEqualTime(i: number, j: number): boolean {
    const ki = this.chains[i].pending[0].kind
    const kj = this.chains[j].pending[0].kind
    return ki === kj ? i < j : ki === 'ticks'
  }
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
