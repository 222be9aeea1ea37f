import { simulateMarket, type SimulatedMarket } from '../../src/simulator/market.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { publishFeed } from '../../src/workers/feed.ts'
import { realClock } from '../real-clock.ts'
import { silentLog } from '../silent-log.ts'

/** A market small enough to be worked off many times, and long enough that a worker can be killed in it. */
export const smallMarket = (seed: number, instruments = 12): SimulatedMarket =>
  simulateMarket({ seed, instruments, days: 1, eventsPerDay: 400, earlierDays: 30 })

/** Small batches, so that there are many messages between which a process can die. */
export const fed = (feed: SimulatedMarket, bus: Bus, partitions = 2) =>
  publishFeed({
    feed,
    bus,
    partitions,
    batchRows: 64,
    clock: realClock,
    log: silentLog,
    signal: new AbortController().signal,
  })
