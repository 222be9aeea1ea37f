import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ClosebellError } from '../../schemas/errors.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Log } from '../../src/ports/log.ts'
import { codecs, decode } from '../../src/wire/index.ts'
import { publishFeed, type FedDay, type FeedOptions } from '../../src/workers/feed.ts'
import { seed } from '../seed.ts'
import { drawnFeed, type DrawnChannel, type DrawnEvent } from './drawn-feed.ts'
import { isBatch, verifiedEvents } from './market-log.ts'
import { MemoryBus } from './memory-bus.ts'

const date = '2024-01-03'
const open = Date.parse('2024-01-03T01:30:00Z') * 1000
const minute = 60_000_000
const names = ['600001.SH', '600002.SH', '000003.SZ', '600004.SH', '000005.SZ']

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** A clock that passes only while somebody sleeps. */
class SleptClock implements Clock {
  slept = 0
  now(): number {
    return this.slept
  }
  elapsed(): number {
    return this.slept
  }
  sleep(ms: number): Promise<void> {
    this.slept += ms
    return Promise.resolve()
  }
}

const publish = (bus: MemoryBus, channels: DrawnChannel[], more: Partial<FeedOptions> = {}): Promise<FedDay[]> =>
  publishFeed({
    feed: drawnFeed(date, channels),
    bus,
    partitions: 3,
    clock: new SleptClock(),
    log: silent,
    signal: new AbortController().signal,
    ...more,
  })

const event = (sequence: number, seconds: number, price = 7400, instrument = names[sequence % 5]): DrawnEvent => ({
  sequence,
  time: open + seconds * 1_000_000,
  instrument,
  price,
  quantity: 100 + sequence,
})

const ticks = (events: DrawnEvent[], contiguous = false, channel = 'x-1'): DrawnChannel => ({
  channel,
  kind: 'ticks',
  contiguous,
  events,
})

/** Channels whose stamps jitter, and go back by up to two seconds; one of books, one quiet. */
const drawnChannels = fc
  .array(fc.record({ gap: fc.integer({ min: 1, max: 4 }), step: fc.integer({ min: -2, max: 40 }) }), {
    minLength: 1,
    maxLength: 120,
  })
  .map((steps): DrawnChannel[] => {
    let sequence = 0
    let seconds = 3
    const events = steps.map(({ gap, step }) => event((sequence += gap), (seconds = Math.max(0, seconds + step))))
    return [
      ticks(events.filter((_, i) => i % 3 !== 2)),
      {
        ...ticks(
          events.filter((_, i) => i % 3 === 2),
          false,
          'x-books',
        ),
        kind: 'books',
      },
      ticks([], false, 'x-quiet'),
    ]
  })

const runningMaximum = (channels: readonly DrawnChannel[]): object[] =>
  [...channels]
    .sort((a, b) => (a.channel < b.channel ? -1 : 1))
    .flatMap(({ channel, events }) => {
      let time = -Infinity
      return events.map((from) => {
        time = Math.max(time, from.time)
        const { sequence, instrument, price } = from
        return { channel, sequence, time, rawTime: from.time, instrument, price }
      })
    })

describe('publishFeed', () => {
  it('logs every event once with monotone time, on its partition, under marks that hold', async () => {
    await fc.assert(
      fc.asyncProperty(drawnChannels, fc.integer({ min: 1, max: 9 }), async (channels, batchRows) => {
        const bus = new MemoryBus()
        const [fed] = await publish(bus, channels, { batchRows })
        expect(verifiedEvents(bus.log, date)).toEqual(runningMaximum(channels))
        expect(fed).toMatchObject({ ended: true, events: channels.flatMap(({ events }) => events).length })
      }),
      { seed, numRuns: 60 },
    )
  })

  it('goes on behind its own log after a crash: no event twice, no batch number with other bytes', async () => {
    await fc.assert(
      fc.asyncProperty(drawnChannels, fc.array(fc.nat(60), { maxLength: 3 }), async (channels, crashes) => {
        const bus = new MemoryBus()
        for (const crash of crashes) {
          bus.failAfter = bus.published + crash
          await publish(bus, channels, { batchRows: 4 }).catch((error: Error) =>
            expect(error.message).toBe('the broker went away'),
          )
        }
        bus.failAfter = Infinity
        await publish(bus, channels, { batchRows: 5 })
        expect(verifiedEvents(bus.log, date)).toEqual(runningMaximum(channels))
        const whole = bus.log.map((log) => log.length)
        await publish(bus, channels)
        expect(bus.log.map((log) => log.length)).toEqual(whole)
      }),
      { seed, numRuns: 60 },
    )
  })

  it('goes on behind bytes in its log that are no message of ours, or damaged', async () => {
    const bus = new MemoryBus()
    const channels = [ticks(Array.from({ length: 40 }, (_, i) => event(i + 1, 1 + i * 20)))]
    bus.failAfter = 12
    await expect(publish(bus, channels, { batchRows: 4 })).rejects.toThrow('the broker went away')
    bus.failAfter = Infinity
    const strange = bus.log.flatMap((log, partition) => {
      const damaged = Buffer.from(log.at(-1)?.value ?? Buffer.alloc(0))
      damaged[damaged.length - 9] ^= 1
      return [Buffer.from('no message'), Buffer.alloc(0), damaged].map((value) => ({ partition, date, key: '', value }))
    })
    await bus.publish('market', strange)
    await publish(bus, channels, { batchRows: 4 })
    const ours = bus.log.map((log) => log.filter(({ key }) => key !== ''))
    expect(verifiedEvents(ours, date)).toEqual(runningMaximum(channels))
  })

  it('gives the previous time to a stamp more than 60 s ahead of its successor, and keeps the raw one', async () => {
    const bus = new MemoryBus()
    const events = [event(1, 500), event(2, 1), event(3, 62), event(4, 1.5), event(5, 70), event(6, 10)]
    const [fed] = await publish(bus, [ticks(events)])
    const seconds = verifiedEvents(bus.log, date).map(({ time, rawTime }) => [time - open, rawTime - open])
    expect(seconds.map((pair) => pair.map((micros) => micros / 1_000_000))).toEqual([
      [1, 500],
      [1, 1],
      [1, 62],
      [1.5, 1.5],
      [70, 70],
      [70, 10],
    ])
    expect(fed?.channels['x-1']).toMatchObject({ ahead: 2 })
  })

  it('counts and leaves out repeats, conflicts and resets (CB_FEED_SEQUENCE)', async () => {
    const bus = new MemoryBus()
    const events = [event(1, 1), event(2, 2), event(2, 2), event(2, 2, 7500), event(5, 3), event(4, 4), event(6, 5)]
    const told: string[] = []
    const log = { ...silent, warn: (_: string, facts?: object) => told.push((facts as ClosebellError).code) }
    const [fed] = await publish(bus, [ticks(events)], { log })
    expect(verifiedEvents(bus.log, date).map(({ sequence }) => sequence)).toEqual([1, 2, 5, 6])
    expect(fed?.channels['x-1']).toEqual({ ahead: 0, duplicates: 1, conflicts: 1, resets: 1, gaps: 0, missing: 0 })
    expect(told).toEqual(['CB_FEED_SEQUENCE', 'CB_FEED_SEQUENCE'])
  })

  it('marks a gap of a contiguous channel in every partition before it goes on', async () => {
    const bus = new MemoryBus()
    const events = [event(1, 1), event(2, 2), event(9, 3), event(10, 4)]
    const [fed] = await publish(bus, [ticks(events, true)])
    expect(fed?.channels['x-1']).toMatchObject({ gaps: 1, missing: 6 })
    verifiedEvents(bus.log, date)
    for (const log of bus.log) {
      const batches = log.map(({ value }) => decode(value).value).filter(isBatch)
      const past = batches.findIndex(({ markSequence }) => markSequence === 8)
      const behind = batches.findIndex(({ firstSequence }) => firstSequence >= 9)
      expect(past).toBeGreaterThanOrEqual(0)
      if (behind >= 0) expect(past).toBeLessThan(behind)
      expect(batches[past]?.markTime).toBe(open + 3_000_000)
    }
  })

  it('marks every chain at each exchange minute before records of a later one, at the clock’s pace', async () => {
    const bus = new MemoryBus()
    const clock = new SleptClock()
    const rows = Array.from({ length: 90 }, (_, i) => event(i + 1, i < 60 ? i * 7 : 3600 + i))
    const speed = 60
    const marks = new Map<string, number>()
    bus.onPublish = (messages) => {
      for (const { partition, key, value } of messages) {
        const batch = decode(value).value
        if (!isBatch(batch)) continue
        const latest = batch.count === 0 ? batch.markTime : batch.baseTime + (batch.time.at(-1) ?? 0)
        // The pace begins with the first boundary, one minute after the open.
        expect(clock.slept).toBeGreaterThanOrEqual((latest - open - minute) / 1000 / speed)
        if (marks.size === 6) {
          expect(Math.min(...marks.values())).toBeGreaterThanOrEqual(Math.floor(latest / minute - 1) * minute)
        }
        marks.set(`${partition} ${key}`, batch.markTime)
      }
    }
    await publish(bus, [ticks(rows), ticks([event(1, 0), event(2, 100)], false, 'x-2')], { clock, speed })
    expect(marks.size).toBe(6)
    expect(clock.slept).toBeCloseTo((62 * 60 * 1000 - 60_000) / speed, 6)
  })

  it('opens the day on every partition, unless somebody has', async () => {
    const bus = new MemoryBus()
    await bus.createTopics(3)
    const own = { date, profile: 'cn', partitions: 3, partition: 1, chains: [], universeHash: 'abc' }
    await bus.publish('market', [{ partition: 1, date, key: 'session', value: codecs.dayOpened.encode(own) }])
    await publish(bus, [ticks([event(1, 1)])])
    const opened = bus.log.map((log) =>
      log.map(({ value }) => decode(value)).filter(({ kind }) => kind === 'dayOpened'),
    )
    expect(opened.map((records) => records.length)).toEqual([1, 1, 1])
    expect(opened[1]?.[0]?.value).toEqual(own)
    expect(opened[2]?.[0]?.value).toMatchObject({ partition: 2, chains: [{ producer: 'drawn', channel: 'x-1' }] })
    expect(decode(bus.log[0]?.[1]?.value as Uint8Array)).toMatchObject({
      kind: 'reference',
      value: { instruments: [] },
    })
  })

  it('refuses a day of another number of partitions (CB_CONFIG) and a date the log is past (CB_USAGE)', async () => {
    const bus = new MemoryBus()
    await bus.createTopics(3)
    const own = { date, profile: 'cn', partitions: 4, partition: 1, chains: [], universeHash: '' }
    await bus.publish('market', [{ partition: 1, date, key: 'session', value: codecs.dayOpened.encode(own) }])
    await expect(publish(bus, [ticks([event(1, 1)])])).rejects.toThrow(/CB_CONFIG/)
    const later = new MemoryBus()
    await publish(later, [ticks([event(1, 1)])])
    const earlier = drawnFeed('2024-01-02', [ticks([event(1, 1)])])
    await expect(publish(later, [], { feed: earlier })).rejects.toThrow(/CB_USAGE.*ascending order/)
  })

  it('waits for the bus: one publish at a time, and a bounded number of bytes ahead of it', async () => {
    const bus = new MemoryBus()
    let open = 0
    let most = 0
    const publishNow = bus.publish.bind(bus)
    bus.publish = async (topic, messages) => {
      most = Math.max(most, ++open)
      expect(messages.reduce((sum, { value }) => sum + value.byteLength, 0)).toBeLessThanOrEqual(768 * 1024)
      await new Promise((resolve) => setImmediate(resolve))
      const offset = await publishNow(topic, messages)
      open--
      return offset
    }
    await publish(bus, [ticks(Array.from({ length: 2000 }, (_, i) => event(i + 1, i)))], { batchRows: 16 })
    expect(most).toBe(1)
    expect(verifiedEvents(bus.log, date)).toHaveLength(2000)
  })

  it('stops at the signal and can be started again', async () => {
    const bus = new MemoryBus()
    const controller = new AbortController()
    const rows = Array.from({ length: 200 }, (_, i) => event(i + 1, i * 5))
    bus.onPublish = () => bus.published > 20 && controller.abort()
    const [fed] = await publish(bus, [ticks(rows)], { signal: controller.signal })
    expect(fed?.ended).toBe(false)
    expect(verifiedEvents(bus.log, date, false).length).toBeLessThan(200)
    const [rest] = await publish(bus, [ticks(rows)])
    expect((fed?.events ?? 0) + (rest?.events ?? 0)).toBe(200)
    expect(verifiedEvents(bus.log, date)).toHaveLength(200)
  })
})
