import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import type { Bus, Logged } from '../../src/ports/bus.ts'
import { republishMarket } from '../../src/cli/republish.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { simulateMarket } from '../../src/simulator/market.ts'
import { decode } from '../../src/wire/index.ts'
import { FeaturesWorker } from '../../src/workers/features/features-worker.ts'
import { publishFeed } from '../../src/workers/feed.ts'
import { build, closebell } from '../cli/run-closebell.ts'
import { realClock } from '../real-clock.ts'
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

const market = () => simulateMarket({ seed: 9, instruments: 6, days: 1, eventsPerDay: 700, earlierDays: 30 })

/** The bus, and how far the worker's group has come in each partition. */
function watched(bus: Bus, taken: Map<number, number>): Bus {
  return {
    createTopics: (count) => bus.createTopics(count),
    partitions: (topic) => bus.partitions(topic),
    publish: (topic, messages) => bus.publish(topic, messages),
    read: (topic, partition, options) => bus.read(topic, partition, options),
    offsets: (topic, partition) => bus.offsets(topic, partition),
    offsetOfDate: (topic, partition, date) => bus.offsetOfDate(topic, partition, date),
    committed: (topic, group) => bus.committed(topic, group),
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
}

/** Lets a worker take what `feed` brings onto a bus, and holds each row of a minute against the records behind it. */
async function holdToThreeMinutes(name: string, feed: (bus: Bus, clock: Clock) => Promise<unknown>): Promise<void> {
  const clock = new PatientClock()
  const bus = openTape(join(folder, name), { clock })
  await bus.createTopics(partitions)
  const taken = new Map<number, number>()
  clock.isIdle = async () => {
    for (let partition = 0; partition < partitions; partition++) {
      const { next } = await bus.offsets('market', partition)
      if (next > 0 && taken.get(partition) !== next) return false
    }
    return true
  }
  const working = new FeaturesWorker({
    bus: watched(bus, taken),
    clock,
    log: silentLog,
    profile: 'cn',
    sizing: 'order',
    snapshotIntervalMs: Infinity,
    end: 'until-close',
    date: market().dates[0],
    minuteRows: true,
  }).run()
  await feed(bus, clock)
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
}

const never = new AbortController().signal

/** Each market record by the latest mark of its partition up to it, in the order of those marks. */
function dueOf(messages: readonly Logged[]): { at: number; mark: number }[] {
  const marks = new Map<number, number>()
  const due = messages.map(({ partition, appendedAt, value }) => {
    const decoded = decode(value)
    const isBatch = decoded.kind === 'tickBatch' || decoded.kind === 'bookBatch'
    const mark = Math.max(marks.get(partition) ?? -Infinity, isBatch ? decoded.value.markTime : -Infinity)
    marks.set(partition, mark)
    return { at: appendedAt, mark }
  })
  return due.sort((a, b) => a.mark - b.mark)
}

describe('a paced feed', () => {
  it('at --speed 60 has minute m on the bus before any record stamped m+3 minutes', { timeout: 120_000 }, () =>
    holdToThreeMinutes('paced', (bus, clock) =>
      publishFeed({ feed: market(), bus, partitions, clock, log: silentLog, speed: 60, signal: never }),
    ),
  )
})

describe('a tape that was written as fast as it went', () => {
  const recorded = join(folder, 'recorded')
  beforeAll(async () => {
    const bus = openTape(recorded, { clock: realClock })
    await publishFeed({ feed: market(), bus, partitions, clock: realClock, log: silentLog, signal: never })
    await bus.close()
    await build()
  }, 300_000)

  it('fed at --speed 60 has minute m on the bus before any record stamped m+3', { timeout: 120_000 }, async () => {
    const from = openTape(recorded, { clock: realClock })
    await holdToThreeMinutes('again', (to, clock) =>
      republishMarket({ from, to, clock, speed: 60, signal: never, onProgress: () => undefined }),
    )
    await from.close()
  })

  it('is the same log after closebell feed tape --speed, in the order of its marks', { timeout: 120_000 }, async () => {
    const args = ['feed', 'tape', 'recorded', '--bus', 'tape:copy', '--speed', '12000', '--json']
    const { code, stdout } = await closebell(args, { cwd: folder })
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { skipped: 0, dates: [market().dates[0]] }])
    const [from, to] = [recorded, join(folder, 'copy')].map((path) => openTape(path, { clock: realClock }))
    const bytes = (messages: Logged[]): string[] => messages.map(({ value }) => Buffer.from(value).toString('hex'))
    const copied = await allOf(to, 'market')
    expect(bytes(copied)).toEqual(bytes(await allOf(from, 'market')))
    const due = dueOf(copied)
    let latest = -Infinity
    for (const [k, { at, mark }] of due.entries()) {
      expect(at).toBeGreaterThanOrEqual(latest)
      // Records of one mark may come in any order.
      if (due[k + 1]?.mark !== mark) latest = Math.max(...due.filter((other) => other.mark === mark).map((o) => o.at))
    }
    expect(new Set(due.map(({ mark }) => mark)).size, 'a day of minutes').toBeGreaterThan(237)
    await Promise.all([from.close(), to.close()])
  })
})
