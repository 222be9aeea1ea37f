import { bookLevels } from '../../schemas/market.ts'
import { simulateMarket } from '../../src/simulator/market.ts'
import type { Random } from '../../src/simulator/random.ts'
import { collect } from '../simulator/collect.ts'
import type { Layout } from './market-log.ts'
import type { Quote, Tape, Tick } from './tape-text.ts'

/** One simulated day of both exchanges, small enough to be reduced many times. */
export async function drawnTape(seed: number, instruments = 5): Promise<Tape> {
  const market = simulateMarket({ seed, instruments, days: 1, eventsPerDay: 240, earlierDays: 1, bookSeconds: 600 })
  const day = market.day(0)
  const { ticks, books } = await collect(day)
  return {
    date: day.date,
    priceScale: ticks[0].dictionary[0].priceScale,
    ticks: ticks.flatMap((block) =>
      Array.from({ length: block.count }, (_, i): Tick => ({
        channel: block.channel,
        instrument: block.dictionary[block.instrument[i]].instrument,
        time: block.baseTime + block.time[i],
        sequence: block.sequence[i],
        kind: block.kind[i],
        side: block.side[i],
        orderType: block.orderType[i],
        flags: block.flags[i],
        price: block.price[i],
        quantity: block.quantity[i],
        buyId: block.buyId[i],
        sellId: block.sellId[i],
      })),
    ),
    quotes: books.flatMap((block) =>
      Array.from({ length: block.count }, (_, i): Quote => ({
        channel: block.channel,
        instrument: block.dictionary[block.instrument[i]].instrument,
        time: block.baseTime + block.time[i],
        sequence: block.sequence[i],
        bid: block.bidPrice[i * bookLevels],
        bidQuantity: block.bidQuantity[i * bookLevels],
        ask: block.askPrice[i * bookLevels],
        askQuantity: block.askQuantity[i * bookLevels],
      })),
    ),
  }
}

/** A way to lay a tape into the log, drawn: batches of 1 to `rowsMax` rows, chains in any order. */
export function drawnLayout(random: Random, partitions: number, rowsMax: number): Layout {
  return { partitions, batchRows: () => 1 + random.below(rowsMax), pick: (n) => random.below(n) }
}
