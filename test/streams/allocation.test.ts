import { constants, PerformanceObserver } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import { cn } from '../../schemas/profiles/index.ts'
import type { FlowSizing } from '../../schemas/rows.ts'
import { PartitionDay } from '../../streams/index.ts'
import { decode, type Message } from '../../src/wire/index.ts'
import { fingerprints } from '../../src/workers/fingerprints.ts'
import { LoadMarket } from '../bench/load/market.ts'
import { seed } from '../seed.ts'

/** Some 280,000 events of a hundred names; a number that were put into memory at each of them would show. */
const market = new LoadMarket({ seed, instruments: 100, parents: 150_000, partitions: 1 })
const messages = [...market.messages()].map(({ value }) => decode(value))
const bytesPerEvent = 1

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

describe('the in-memory pass', () => {
  it.each(['order', 'filled', 'trade'] as const)('makes nothing per event (%s)', async (sizing) => {
    for (let round = 0; round < 6; round++) take(opened(sizing))
    const { orders, trades, cancels, books } = market.counts
    const day = opened(sizing)
    let minor = 0
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as unknown as readonly { detail: { kind: number } }[])
        if (entry.detail.kind === constants.NODE_PERFORMANCE_GC_MINOR) minor++
    })
    observer.observe({ entryTypes: ['gc'] })
    const before = process.memoryUsage().heapUsed
    take(day)
    const grown = process.memoryUsage().heapUsed - before
    await new Promise((resolve) => setImmediate(resolve))
    observer.disconnect()
    expect(day.counts).toMatchObject({
      eventsIn: orders + trades + cancels + books,
      eventsQuarantined: 0,
      eventsLate: 0,
    })
    // A collection on the way would hide what was made before it.
    if (minor === 0) expect(grown / (orders + trades + cancels + books)).toBeLessThan(bytesPerEvent)
    expect(minor).toBeLessThanOrEqual(1)
  })
})
