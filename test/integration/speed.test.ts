import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import type { Bus, Logged } from '../../src/ports/bus.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { simulateMarket } from '../../src/simulator/market.ts'
import { decode } from '../../src/wire/index.ts'
import { FeaturesWorker } from '../../src/workers/features/features-worker.ts'
import { publishFeed } from '../../src/workers/feed.ts'
import { silentLog } from '../silent-log.ts'

// Goal: at 60 times real time the row of minute m is on the bus before any market record stamped m+3 minutes or later.
// Method: one clock that a sleeper moves on, and only when the worker has taken all that is on the bus: so the test
// asks which marks a row waits for, not how fast this machine is.

const folder = mkdtempSync(join(tmpdir(), 'closebell-speed-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const partitions = 2
const minute = 60_000_000

/** Time stands still while anybody works. */
class PatientClock implements Clock {
  private ms = Date.parse('2024-01-02T01:00:00Z')
  isIdle: () => Promise<boolean> = () => Promise.resolve(true)

  now(): number {
    return this.ms
  }

  elapsed(): number {
    return this.ms
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const until = this.ms + ms
    while (this.ms < until && signal?.aborted !== true) {
      await setImmediate()
      if (await this.isIdle()) this.ms = Math.max(this.ms, Math.min(until, this.ms + 50))
    }
  }
}

async function allOf(bus: Bus, topic: 'market' | 'minutes'): Promise<Logged[]> {
  const found: Logged[] = []
  for (let partition = 0; partition < partitions; partition++) {
    for await (const messages of bus.read(topic, partition, { from: 0, until: 'end' })) found.push(...messages)
  }
  return found
}

/** The latest time that a market record speaks of, µs; -Infinity for session records. */
function stampOf({ value }: Logged): number {
  const decoded = decode(value)
  if (decoded.kind !== 'tickBatch' && decoded.kind !== 'bookBatch') return -Infinity
  const { count, baseTime, time, markTime } = decoded.value
  return count === 0 ? markTime : baseTime + (time[count - 1] as number)
}

describe('a paced feed', () => {
  it('at --speed 60 has minute m on the bus before any record stamped m+3 minutes', { timeout: 120_000 }, async () => {
    const clock = new PatientClock()
    const bus = openTape(join(folder, 'tape'), { clock })
    await bus.createTopics(partitions)
    const taken = new Map<number, number>()
    const watched: Bus = {
      createTopics: (count) => bus.createTopics(count),
      partitions: (topic) => bus.partitions(topic),
      publish: (topic, messages) => bus.publish(topic, messages),
      read: (topic, partition, options) => bus.read(topic, partition, options),
      offsets: (topic, partition) => bus.offsets(topic, partition),
      offsetOfDate: (topic, partition, date) => bus.offsetOfDate(topic, partition, date),
      join: (topic, group, handlers) =>
        bus.join(topic, group, {
          assigned: (assignments, epoch) => handlers.assigned(assignments, epoch),
          messages: async (partition, messages, epoch) => {
            await handlers.messages(partition, messages, epoch)
            taken.set(partition, (messages.at(-1)?.offset ?? -1) + 1)
          },
        }),
      close: () => bus.close(),
    }
    clock.isIdle = async () => {
      for (let partition = 0; partition < partitions; partition++) {
        const { next } = await bus.offsets('market', partition)
        if (next > 0 && taken.get(partition) !== next) return false
      }
      return true
    }
    const market = simulateMarket({ seed: 9, instruments: 6, days: 1, eventsPerDay: 700, earlierDays: 30 })
    const working = new FeaturesWorker({
      bus: watched,
      clock,
      log: silentLog,
      profile: 'cn',
      sizing: 'order',
      snapshotIntervalMs: Infinity,
      end: 'until-close',
      date: market.dates[0] as string,
      minuteRows: true,
    }).run()
    const signal = new AbortController().signal
    await publishFeed({ feed: market, bus, partitions, clock, log: silentLog, speed: 60, signal })
    await working
    const records = (await allOf(bus, 'market')).map((message) => ({ at: message.appendedAt, stamp: stampOf(message) }))
    let compared = 0
    for (const message of await allOf(bus, 'minutes')) {
      const decoded = decode(message.value)
      if (decoded.kind !== 'minuteRows' || decoded.value.minute < 0 || decoded.value.minute >= 237) continue
      const limit = decoded.value.eventTime + 3 * minute
      const first = Math.min(...records.filter(({ stamp }) => stamp >= limit).map(({ at }) => at))
      expect(message.appendedAt, `minute ${decoded.value.minute}`).toBeLessThan(first)
      compared++
    }
    expect(compared).toBe(237 * 3 * partitions)
    await bus.close()
  })
})
