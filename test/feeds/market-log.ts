import { expect } from 'vitest'
import type { BookBatch, ChainEnded, DayOpened, TickBatch } from '../../schemas/market.ts'
import type { Logged } from '../../src/ports/bus.ts'
import { decode } from '../../src/wire/index.ts'
import { partitionOf } from '../../src/wire/partition.ts'

export interface LoggedEvent {
  readonly channel: string
  readonly sequence: number
  readonly time: number
  readonly rawTime: number
  readonly instrument: string
  readonly price: number
}

interface ChainSeen {
  batches: number
  markTime: number
  markSequence: number
  lastSequence: number
  time: number
  events: number
  ended: ChainEnded | null
}

export const isBatch = (value: object): value is TickBatch | BookBatch => 'batchNumber' in value

const newChain = (): ChainSeen => ({
  batches: 0,
  markTime: -Infinity,
  markSequence: -1,
  lastSequence: -1,
  time: -Infinity,
  events: 0,
  ended: null,
})

/** Reads a day's log and fails where a chain breaks its promises; answers the events in (channel, sequence) order. */
export function verifiedEvents(log: readonly (readonly Logged[])[], date: string, complete = true): LoggedEvent[] {
  const events: LoggedEvent[] = []
  log.forEach((messages, partition) => {
    const chains = new Map<string, ChainSeen>()
    let opened: DayOpened | null = null
    for (const message of messages.filter((logged) => logged.date === date)) {
      const decoded = decode(message.value)
      if (decoded.kind === 'dayOpened') {
        expect(opened).toBeNull()
        opened = decoded.value
      } else if (decoded.kind === 'chainEnded') {
        const chain = chains.get(message.key) ?? newChain()
        chains.set(message.key, chain)
        expect(chain.ended).toBeNull()
        chain.ended = decoded.value
      } else if (isBatch(decoded.value)) {
        expect(opened).not.toBeNull()
        expect(message.key).toBe(`${decoded.value.producer}/${decoded.value.channel}`)
        const chain = chains.get(message.key) ?? newChain()
        chains.set(message.key, chain)
        expect(decoded.value.partition).toBe(partition)
        events.push(...batchEvents(decoded.value, chain, log.length))
      }
    }
    if (!complete) return
    for (const chain of (opened as DayOpened | null)?.chains ?? []) {
      const seen = chains.get(`${chain.producer}/${chain.channel}`)
      expect(seen?.ended).toMatchObject({
        date,
        partition,
        batches: seen?.batches,
        lastSequence: seen?.lastSequence,
        events: seen?.events,
      })
    }
  })
  return events.sort((a, b) => (a.channel < b.channel ? -1 : a.channel > b.channel ? 1 : a.sequence - b.sequence))
}

function batchEvents(batch: TickBatch | BookBatch, chain: ChainSeen, partitions: number): LoggedEvent[] {
  expect(chain.ended).toBeNull()
  expect(batch.batchNumber).toBe(chain.batches++)
  expect(batch.markTime).toBeGreaterThanOrEqual(chain.markTime)
  expect(batch.markSequence).toBeGreaterThanOrEqual(chain.markSequence)
  const prices = 'price' in batch ? batch.price : batch.last
  const events: LoggedEvent[] = []
  for (let i = 0; i < batch.count; i++) {
    const time = batch.baseTime + batch.time[i]
    const sequence = batch.sequence[i]
    const { instrument } = batch.dictionary[batch.instrument[i]]
    if (partitionOf(instrument, partitions) !== batch.partition)
      expect.fail(`${instrument} is on partition ${batch.partition}`)
    if (time < chain.markTime || time < chain.time) expect.fail(`sequence ${sequence} lies below a time it promised`)
    if (sequence <= chain.markSequence || sequence <= chain.lastSequence) expect.fail(`sequence ${sequence} is late`)
    chain.time = time
    chain.lastSequence = sequence
    const rawTime = batch.rawTime.length === 0 ? time : batch.baseTime + batch.rawTime[i]
    events.push({ channel: batch.channel, sequence, time, rawTime, instrument, price: prices[i] })
  }
  expect([batch.firstSequence, batch.lastSequence]).toEqual(
    events.length === 0 ? [-1, -1] : [events[0]?.sequence, events.at(-1)?.sequence],
  )
  if (batch.count > 0) expect((batch.time.at(-1) ?? 0) - batch.time[0]).toBeLessThanOrEqual(60_000_000)
  chain.events += batch.count
  chain.markTime = batch.markTime
  chain.markSequence = batch.markSequence
  return events
}
