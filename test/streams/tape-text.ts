import { OrderType, Side, TickFlag, TickKind } from '../../schemas/market.ts'
import { cn, dayStart } from '../../schemas/profiles/index.ts'

/**
 * Order flow as a reader writes it, one event a line:
 *
 *     600000.SH 09:30:00   T 10.01 300 B7 S3 b      a trade; b or s the stated active side, n an auction's, u undecided
 *     000001.SZ 09:30:00.5 T 10.01 300 B7 S3        a trade of a feed that states nothing
 *     600000.SH 09:30:00   A 10.01 300 B7           an order: what is left of it (SSE)
 *     000001.SZ 09:30:00   O market 300 S9          an order with its original quantity (SZSE); a price, market or own
 *     600000.SH 09:31:00   D 300 B7                 a cancel
 *     600000.SH 09:31:00   Q 10.00 500 10.01 200    a snapshot: bid, its size, ask, its size; 0 = no level
 *
 * A channel is the exchange and the kind (SH-ticks, SH-books, SZ-ticks, SZ-books); sequences rise from line to line.
 */
export interface Tick {
  readonly channel: string
  readonly instrument: string
  /** µs UTC. */
  readonly time: number
  readonly sequence: number
  readonly kind: number
  readonly side: number
  readonly orderType: number
  readonly flags: number
  /** 1/priceScale yuan. */
  readonly price: number
  readonly quantity: number
  readonly buyId: number
  readonly sellId: number
}

export interface Quote {
  readonly channel: string
  readonly instrument: string
  readonly time: number
  readonly sequence: number
  readonly bid: number
  readonly bidQuantity: number
  readonly ask: number
  readonly askQuantity: number
}

export interface Tape {
  readonly date: string
  readonly priceScale: number
  readonly ticks: readonly Tick[]
  readonly quotes: readonly Quote[]
}

export const date = '2023-02-01'
const priceScale = 100

/** µs UTC of a time of day of `date`. */
export function at(text: string): number {
  const [hour, minute, second] = text.split(':').map(Number)
  if (!(hour >= 0 && minute >= 0 && second >= 0)) throw new RangeError(`no time of day: ${text}`)
  return dayStart(cn, date) + Math.round(((hour * 60 + minute) * 60 + second) * 1e6)
}

const scaled = (text: string): number => Math.round(Number(text) * priceScale)

const tails: Readonly<Record<string, { side: number; flags: number }>> = {
  b: { side: Side.buy, flags: TickFlag.statesAuction | TickFlag.statesSide },
  s: { side: Side.sell, flags: TickFlag.statesAuction | TickFlag.statesSide },
  u: { side: Side.unknown, flags: TickFlag.statesAuction | TickFlag.statesSide },
  n: { side: Side.unknown, flags: TickFlag.auction | TickFlag.statesAuction | TickFlag.statesSide },
}

interface Parties {
  readonly buyId: number
  readonly sellId: number
}

function parties(words: readonly string[]): Parties {
  const id = (letter: string): number => Number(words.find((word) => word.startsWith(letter))?.slice(1) ?? 0)
  return { buyId: id('B'), sellId: id('S') }
}

const ownSide = ({ buyId }: Parties): number => (buyId > 0 ? Side.buy : Side.sell)

function parseTick(
  letter: string,
  words: readonly string[],
): Omit<Tick, 'channel' | 'instrument' | 'time' | 'sequence'> {
  const plain = { orderType: OrderType.limit as number, flags: 0, side: Side.unknown as number }
  if (letter === 'D') {
    const who = parties(words)
    return { ...plain, ...who, kind: TickKind.cancel, side: ownSide(who), price: 0, quantity: Number(words[0]) }
  }
  const [price, quantity, ...rest] = words
  const who = parties(rest)
  if (letter === 'T') {
    const tail = rest.find((word) => word in tails)
    const stated = tail === undefined ? {} : tails[tail]
    return { ...plain, ...who, kind: TickKind.trade, price: scaled(price), quantity: Number(quantity), ...stated }
  }
  if (letter !== 'A' && letter !== 'O') throw new RangeError(`no kind of event: ${letter}`)
  const orderType = price === 'market' ? OrderType.market : price === 'own' ? OrderType.ownBest : OrderType.limit
  return {
    ...who,
    kind: TickKind.order,
    orderType,
    flags: letter === 'O' ? TickFlag.originalQuantity : 0,
    side: ownSide(who),
    price: orderType === OrderType.limit ? scaled(price) : 0,
    quantity: Number(quantity),
  }
}

/** Parses a tape. @throws RangeError with the line that is none */
export function tape(text: string): Tape {
  const ticks: Tick[] = []
  const quotes: Quote[] = []
  for (const line of text.split('\n').map((part) => part.trim())) {
    if (line === '') continue
    const [instrument, time, letter, ...words] = line.split(/\s+/)
    const exchange = instrument.slice(-2)
    const shared = { instrument, time: at(time) }
    if (letter === 'Q') {
      const [bid, bidQuantity, ask, askQuantity] = words
      quotes.push({
        ...shared,
        channel: `${exchange}-books`,
        sequence: quotes.length + 1,
        bid: scaled(bid),
        bidQuantity: Number(bidQuantity),
        ask: scaled(ask),
        askQuantity: Number(askQuantity),
      })
    } else {
      const tick = { ...shared, channel: `${exchange}-ticks`, sequence: ticks.length + 1, ...parseTick(letter, words) }
      if (!(tick.quantity > 0) || Number.isNaN(tick.price)) throw new RangeError(`no event: ${line}`)
      ticks.push(tick)
    }
  }
  return { date, priceScale, ticks, quotes }
}
