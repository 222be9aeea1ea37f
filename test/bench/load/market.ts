import { cn, dayStart } from '../../../schemas/profiles/index.ts'
import { Random } from '../../../src/simulator/random.ts'
import { codecs } from '../../../src/wire/index.ts'
import { partitionOf } from '../../../src/wire/partition.ts'
import { ChainWriter } from './batches.ts'
import { Exchange, type LoadCounts } from './exchange.ts'

export interface LoadOptions {
  readonly seed: number
  readonly instruments: number
  /** The day is run until so many parent orders have come. */
  readonly parents: number
  readonly partitions: number
  /** What a feed without orders and books would show of the same market. */
  readonly isTradesOnly?: boolean
}

export interface LoadMessage {
  readonly partition: number
  readonly value: Uint8Array
  readonly events: number
}

export const loadDate = '2026-11-30'
const channelsPerExchange = 4
const second = 1_000_000
const minute = 60 * second
/** Both exchanges stamp to ten milliseconds. */
const stamp = 10_000
/** 174 M ticks in the four hours of a day. */
const ticksPerStamp = 121
const stampsPerSnapshot = 300

/**
 * A full market under load, drawn quickly: activity by Zipf's law, orders : trades : cancels near 66 : 43 : 17, two
 * exchanges with four channels of ticks each, ten levels of every instrument every three seconds. Written as a feed
 * writes files: batches of 4,096 rows, marks of all chains at each exchange minute.
 */
export class LoadMarket {
  readonly symbols: readonly string[]
  seconds = 0
  private readonly options: LoadOptions
  private readonly random: Random
  private readonly exchange: Exchange
  /** [channel][partition]; the last two channels are the books. */
  private readonly chains: readonly (readonly ChainWriter[])[]
  private readonly partition: Uint8Array

  constructor(options: LoadOptions) {
    const { instruments, partitions } = options
    const half = instruments >> 1
    const six = (code: number): string => String(code).padStart(6, '0')
    this.options = options
    this.random = new Random(options.seed)
    this.symbols = Array.from({ length: instruments }, (_, i) =>
      i < half ? `${six(600_000 + i)}.SH` : `${six(i - half + 1)}.SZ`,
    )
    this.exchange = new Exchange(instruments, options.parents + 1024, this.random, options.isTradesOnly === true)
    this.partition = Uint8Array.from(this.symbols, (symbol) => partitionOf(symbol, partitions))
    const numbers = Array.from({ length: channelsPerExchange }, (_, c) => c + 1)
    const channels = ['SSE', 'SZSE'].flatMap((name) => numbers.map((c) => `${name}.${c}`))
    this.chains = [...channels, 'SSE.books', 'SZSE.books'].map((channel) =>
      Array.from(
        { length: partitions },
        (_, p) => new ChainWriter(loadDate, channel, p, channel.endsWith('books') ? 'books' : 'ticks', this.symbols),
      ),
    )
  }

  get counts(): LoadCounts {
    return this.exchange.counts
  }

  /** The whole log, session records included. */
  *messages(): Generator<LoadMessage> {
    const { parents, instruments } = this.options
    const { exchange, random, chains } = this
    const byRank = zipf(instruments, random)
    const half = instruments >> 1
    const start = dayStart(cn, loadDate) + cn.segments[0].start
    yield* this.opening()
    let time = start
    for (; exchange.counts.parents < parents; time += stamp) {
      for (let k = 0; k < ticksPerStamp;) {
        const instrument = byRank[random.below(byRank.length)]
        const isShenzhen = instrument >= half
        const lane = (isShenzhen ? channelsPerExchange : 0) + (instrument % channelsPerExchange)
        const chain = chains[lane][this.partition[instrument]]
        if (chain.count + 5 > chain.capacity) yield flushed(chain, time)
        k += exchange.act(chain, time, instrument, lane, isShenzhen)
      }
      const phase = ((time - start) / stamp) % stampsPerSnapshot
      const until = this.options.isTradesOnly === true ? 0 : Math.floor(((phase + 1) * instruments) / stampsPerSnapshot)
      for (let i = Math.floor((phase * instruments) / stampsPerSnapshot); i < until; i++) {
        const lane = 2 * channelsPerExchange + (i < half ? 0 : 1)
        const chain = chains[lane][this.partition[i]]
        if (chain.count === chain.capacity) yield flushed(chain, time)
        exchange.snapshot(chain, time, i, lane)
      }
      if ((time + stamp) % minute === 0) yield* this.marks(time + stamp)
    }
    this.seconds = (time - start) / second
    yield* this.marks(time)
    for (const chain of chains.flat()) yield { partition: chain.partition, value: chain.end(), events: 0 }
  }

  private *opening(): Generator<LoadMessage> {
    const { partitions } = this.options
    const chains = this.chains.map(([{ channel }]) => ({ producer: 'load', channel }))
    for (let partition = 0; partition < partitions; partition++) {
      const opened = { date: loadDate, profile: 'cn', partitions, partition, chains, universeHash: '' }
      yield { partition, value: codecs.dayOpened.encode(opened), events: 0 }
      const instruments = this.symbols
        .filter((_, i) => this.partition[i] === partition)
        .map((instrument) => ({
          instrument,
          previousClose: 20,
          limitUp: 22,
          limitDown: 18,
          adv20: 5e6,
          floatShares: 1e9,
          largeOrderCount: Number.NaN,
          largeOrderSum: Number.NaN,
          largeOrderSquares: Number.NaN,
        }))
      yield { partition, value: codecs.reference.encode({ date: loadDate, partition, instruments }), events: 0 }
    }
  }

  private *marks(mark: number): Generator<LoadMessage> {
    for (const chain of this.chains.flat()) yield flushed(chain, mark)
  }
}

function flushed(chain: ChainWriter, mark: number): LoadMessage {
  const events = chain.count
  return { partition: chain.partition, value: chain.take(mark), events }
}

/** Instruments as often as they are active: rank r as 1 / (r + 20), ranks drawn. */
function zipf(instruments: number, random: Random): Uint16Array {
  const byRank = random.permutation(instruments)
  const weight = (rank: number): number => 1 / (rank + 20)
  let total = 0
  for (let rank = 0; rank < instruments; rank++) total += weight(rank)
  const table = new Uint16Array(1 << 20)
  let rank = 0
  let reached = weight(0) / total
  for (let i = 0; i < table.length; i++) {
    while (i / table.length >= reached && rank < instruments - 1) reached += weight(++rank) / total
    table[i] = byRank[rank]
  }
  return table
}
