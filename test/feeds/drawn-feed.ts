import type { BookBlock, Feed, FeedBlock, FeedChannel, TickBlock } from '../../src/ports/feed.ts'

/** One event of a drawn channel. `time` is µs UTC as the exchange stamped it. */
export interface DrawnEvent {
  readonly sequence: number
  readonly time: number
  readonly instrument: string
  readonly price: number
  readonly quantity: number
}

export interface DrawnChannel extends FeedChannel {
  readonly events: readonly DrawnEvent[]
}

const none = new Uint8Array(0)

export function tickBlock(channel: string, events: readonly DrawnEvent[]): TickBlock {
  const names = [...new Set(events.map((event) => event.instrument))]
  const baseTime = Math.min(...events.map((event) => event.time))
  return {
    channel,
    baseTime,
    count: events.length,
    dictionary: names.map((instrument) => ({ instrument, priceScale: 1000, quantityScale: 1 })),
    instrument: Uint16Array.from(events, (event) => names.indexOf(event.instrument)),
    kind: new Uint8Array(events.length).fill(2),
    side: new Uint8Array(events.length).fill(1),
    orderType: none,
    flags: none,
    time: Int32Array.from(events, (event) => event.time - baseTime),
    sequence: Float64Array.from(events, (event) => event.sequence),
    price: Int32Array.from(events, (event) => event.price),
    quantity: Float64Array.from(events, (event) => event.quantity),
    buyId: Float64Array.from(events, (event) => event.sequence * 2),
    sellId: Float64Array.from(events, (event) => event.sequence * 2 + 1),
  }
}

export function bookBlock(channel: string, events: readonly DrawnEvent[]): BookBlock {
  const { baseTime, count, dictionary, instrument, time, sequence, price, quantity } = tickBlock(channel, events)
  const wide = Int32Array.from({ length: count * 10 }, (_, i) => price[Math.floor(i / 10)] + (i % 10))
  return {
    channel,
    baseTime,
    count,
    dictionary,
    instrument,
    time,
    sequence,
    last: price,
    trades: new Float64Array(count).fill(NaN),
    volume: quantity,
    amount: quantity,
    bidPrice: wide,
    bidQuantity: Float64Array.from(wide),
    askPrice: wide,
    askQuantity: Float64Array.from(wide),
  }
}

/** A feed of one date from drawn channels, its blocks of `rows` events, channel after channel. */
export function drawnFeed(date: string, channels: readonly DrawnChannel[], rows = 7): Feed {
  const blocks = function* (): Generator<FeedBlock> {
    for (const { channel, kind, events } of channels) {
      for (let from = 0; from < events.length; from += rows) {
        const part = events.slice(from, from + rows)
        yield kind === 'ticks' ? { ticks: tickBlock(channel, part) } : { books: bookBlock(channel, part) }
      }
    }
  }
  return {
    producer: 'drawn',
    async *days() {
      yield await Promise.resolve({
        date,
        profile: 'cn',
        channels,
        async *blocks() {
          for (const block of blocks()) yield await Promise.resolve(block)
        },
      })
    },
  }
}
