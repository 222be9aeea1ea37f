import { constants, PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { cn } from '../../schemas/profiles/index.ts'
import type { FlowSizing } from '../../schemas/rows.ts'
import { PartitionDay } from '../../streams/index.ts'
import { decode, type Message } from '../../src/wire/index.ts'
import { fingerprints } from '../../src/workers/fingerprints.ts'
import { LoadMarket } from '../bench/load/market.ts'
import { seed } from '../seed.ts'

/** Some 280,000 events of a hundred names; a number that were put into memory at every sixth of them would show. */
const market = new LoadMarket({ seed, instruments: 100, parents: 150_000, partitions: 1 })
const messages = [...market.messages()].map(({ value }) => decode(value))
/** What the messages and the instruments of the day take comes to one; the least thing put on the heap takes 12. */
const bytesPerEvent = 2

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function opened(sizing: FlowSizing): PartitionDay {
  const found = messages.find(
    (message): message is Extract<Message, { kind: 'dayOpened' }> => message.kind === 'dayOpened',
  )
  if (found === undefined) throw new RangeError('the load opens no day')
  return new PartitionDay(found.value, { profile: cn, sizing, fingerprints, minuteRows: false })
}

function take(day: PartitionDay): void {
  for (const [offset, { kind, value }] of messages.entries()) {
    if (kind === 'reference') day.refer(value, offset)
    else if (kind === 'tickBatch') day.takeBatch('ticks', value, offset)
    else if (kind === 'bookBatch') day.takeBatch('books', value, offset)
  }
}

/** Least of several passes, in bytes an event: what an event costs is there in each, the optimising compiler is not. */
const rounds = { warm: 6, measured: 8 }

async function grownPerEvent(day: PartitionDay, events: number): Promise<number> {
  let collections = 0
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as unknown as readonly { detail: { kind: number } }[])
      if (entry.detail.kind === constants.NODE_PERFORMANCE_GC_MINOR) collections++
  })
  collect()
  await sleep(50)
  observer.observe({ entryTypes: ['gc'] })
  const before = process.memoryUsage().heapUsed
  take(day)
  const grown = process.memoryUsage().heapUsed - before
  // The platform tells of a collection some turns after it.
  await sleep(50)
  observer.disconnect()
  // A collection on the way would hide what was made before it.
  return collections === 0 ? grown / events : Infinity
}

describe('the in-memory pass', () => {
  it.each(['order', 'filled', 'trade'] as const)('makes nothing per event (%s)', async (sizing) => {
    const { orders, trades, cancels, books } = market.counts
    const events = orders + trades + cancels + books
    for (let round = 0; round < rounds.warm; round++) take(opened(sizing))
    let least = Infinity
    for (let round = 0; round < rounds.measured && least >= bytesPerEvent; round++) {
      const day = opened(sizing)
      least = Math.min(least, await grownPerEvent(day, events))
      expect(day.counts).toMatchObject({ eventsIn: events, eventsQuarantined: 0, eventsLate: 0 })
    }
    expect(least).toBeLessThan(bytesPerEvent)
  })
})
