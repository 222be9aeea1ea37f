import type { ClosebellError } from '../../../schemas/errors.ts'
import type { DictionaryEntry } from '../../../schemas/market.ts'
import type { Outgoing } from '../../ports/bus.ts'
import type { FeedBlock, FeedChannel } from '../../ports/feed.ts'
import { partitionOf } from '../../wire/partition.ts'
import { rowsMax, type Entry } from './batch.ts'
import type { Chain, Due } from './chain.ts'
import { ChannelOrder, type Stamped } from './order.ts'

/** The symbols of a day with their scales, each entered once. */
export class Symbols {
  readonly #entries = new Map<string, Entry>()
  readonly #partitions: number

  constructor(partitions: number) {
    this.#partitions = partitions
  }

  entryOf({ instrument, priceScale, quantityScale }: DictionaryEntry): Entry {
    const key = `${instrument} ${priceScale} ${quantityScale}`
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      const partition = partitionOf(instrument, this.#partitions)
      entry = { id: this.#entries.size, instrument, priceScale, quantityScale, partition }
      this.#entries.set(key, entry)
    }
    return entry
  }
}

interface Ready extends Stamped {
  readonly entries: readonly Entry[]
  row: number
}

/** One channel on its way into the chains of all partitions. */
export class Lane {
  readonly order: ChannelOrder
  readonly channel: FeedChannel
  readonly #chains: readonly Chain[]
  readonly #symbols: Symbols
  readonly #rowsMax: number
  readonly #ready: Ready[] = []
  #ended = false
  /** Last sequence that was handed to a chain, and the time of the last event that is ready. */
  #sequence = -1
  #readyTime = -Infinity

  constructor(
    channel: FeedChannel,
    chains: readonly Chain[],
    symbols: Symbols,
    batchRows: number,
    report: (error: ClosebellError) => void,
  ) {
    this.channel = channel
    this.order = new ChannelOrder(channel, report)
    this.#chains = chains
    this.#symbols = symbols
    this.#rowsMax = rowsMax(channel.kind, batchRows)
  }

  /** Whether every chain has said that it ended. */
  get finished(): boolean {
    return this.#chains.every((chain) => chain.progress.ended)
  }

  push(block: FeedBlock): void {
    this.#take(this.order.push(block))
  }

  end(): void {
    this.#take(this.order.end())
    this.#ended = true
  }

  /** Time of the first event that waits, Infinity when none ever comes, NaN when that is not known yet. */
  get head(): number {
    for (const { time, row } of this.#ready) for (let i = row; i < time.length; i++) if (time[i] >= 0) return time[i]
    return this.#ended ? Infinity : NaN
  }

  /** Whether everything before `boundary` is here. */
  reaches(boundary: number): boolean {
    return this.#ended || this.#readyTime >= boundary
  }

  /** Hands all events before `boundary` to the chains; answers the batches that filled up on the way. */
  advance(boundary: number): Due[] {
    const full: Due[] = []
    const rows: number[][] = this.#chains.map(() => [])
    for (let ready = this.#ready[0]; ready !== undefined; ready = this.#ready[0]) {
      const { block, time, entries, gaps } = ready
      for (; ready.row < time.length && !(time[ready.row] >= boundary); ready.row++) {
        const { row } = ready
        if (Number.isNaN(time[row])) continue
        if (gaps.has(row)) {
          this.#append(ready, rows, full)
          this.#passGap(time[row], block.sequence[row] - 1, full)
        }
        this.#sequence = block.sequence[row]
        const { partition } = entries[block.instrument[row]]
        if (this.#sequence > this.#chains[partition].resumeSequence) rows[partition].push(row)
      }
      this.#append(ready, rows, full)
      if (ready.row < time.length) break
      this.#ready.shift()
    }
    return full
  }

  /** Every chain's batch up to `boundary`: its rows, or at least its mark. */
  flush(boundary: number): Due[] {
    return this.#chains.map((chain) => chain.flush(boundary, this.#sequence)).filter((due) => due !== null)
  }

  finish(): Outgoing[] {
    return this.#chains.map((chain) => chain.end()).filter((message) => message !== null)
  }

  #take(stamped: Stamped | null): void {
    if (stamped === null) return
    const entries = stamped.block.dictionary.map((entry) => this.#symbols.entryOf(entry))
    this.#ready.push({ ...stamped, entries, row: 0 })
    this.#readyTime = stamped.time.reduce((last, time) => (Number.isNaN(time) ? last : time), this.#readyTime)
  }

  #append({ block, time, entries }: Ready, rows: number[][], full: Due[]): void {
    this.#chains.forEach((chain, partition) => {
      let waiting = rows[partition]
      while (waiting.length > 0) {
        const part = waiting.slice(0, this.#rowsMax - chain.builder.count)
        chain.builder.append(block, entries, time, part)
        waiting = waiting.slice(part.length)
        if (chain.builder.count < this.#rowsMax) break
        const last = part[part.length - 1]
        const due = chain.flush(time[last], block.sequence[last])
        if (due !== null) full.push(due)
      }
      rows[partition] = []
    })
  }

  /** A hole that nothing will fill: each partition learns that the chain goes on behind it. */
  #passGap(time: number, sequence: number, full: Due[]): void {
    for (const chain of this.#chains) {
      const due = chain.flush(time, sequence)
      if (due !== null) full.push(due)
    }
  }
}
