import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clock as at, cn, dayStart } from '../../schemas/profiles/index.ts'
import { Quality } from '../../schemas/rows.ts'
import type { Bus, Logged } from '../../src/ports/bus.ts'
import { codecs, kindOf } from '../../src/wire/index.ts'
import type { GivingUp } from '../../src/workers/close/day-guard.ts'
import { replay } from '../../src/workers/replay/replay.ts'
import { featuresOf, messagesOf } from '../integration/logged-rows.ts'
import { closedRecords, ClosingMarket, outgoing, withPublish } from './closing-market.ts'
import { ManualClock } from './manual-clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'closebell-bad-days-'))
const waits = { timeout: 60_000, interval: 5 }
const chainTimeoutMs = 20_000
const live: GivingUp = { deadline: cn.closeDeadline, chainTimeoutMs }
let market: ClosingMarket

beforeAll(async () => {
  market = await ClosingMarket.make(folder)
}, 120_000)
afterAll(async () => {
  await market.store.close()
  rmSync(folder, { recursive: true, force: true })
})

const clockAt = (hour: number, minute = 0): ManualClock =>
  new ManualClock((dayStart(cn, market.date) + at(hour, minute)) / 1000)

const sessionRecords = async (bus: Bus, kind: 'chainLost' | 'deadline'): Promise<Logged[]> =>
  (await messagesOf(bus, 'market')).filter(({ value }) => kindOf(value) === kind)

const isOf = (message: Logged, chain: string): boolean => {
  if (kindOf(message.value) !== 'chainEnded') return message.key === chain
  const { producer, channel } = codecs.chainEnded.decode(message.value)
  return `${producer}/${channel}` === chain
}

const publish = async (bus: Bus, messages: readonly Logged[]): Promise<void> => {
  if (messages.length > 0) await bus.publish('market', messages.map(outgoing))
}

/** Lets time pass in steps of five seconds, each of them seen by the guard, until something has come. */
async function passUntil(clock: ManualClock, isThere: () => Promise<boolean>): Promise<void> {
  for (let steps = 0; !(await isThere()); steps++) {
    if (steps > 60) throw new RangeError('five minutes went by and nothing came')
    await expect.poll(async () => clock.sleepers > 0 || (await isThere()), waits).toBe(true)
    clock.advance(5000)
  }
}

/** A live close worker that ends with the day it closes. */
function closing(bus: Bus, clock: ManualClock, scored = bus) {
  const stop = new AbortController()
  const onClosed = (): void => stop.abort()
  const options = { clock, givingUp: live, signal: stop.signal, resultsTimeoutMs: 1e9, onClosed }
  const closed = market.close(bus, options, scored)
  closed.catch(() => undefined)
  return { closed, stop }
}

/** A tape of the days before, with what `open` published for the date. */
async function opened(name: string, clock: ManualClock): Promise<Bus> {
  const bus = market.tape(name, 'before', clock)
  await bus.publish('inputs', market.inputs.map(outgoing))
  return bus
}

const replayed = (bus: Bus) => replay({ bus, profile: 'cn', from: market.date, to: market.date, scoring: null })

const dayRows = async (bus: Bus) =>
  (await messagesOf(bus, 'days'))
    .filter(({ date, value }) => date === market.date && kindOf(value) === 'dayRow')
    .map(({ value }) => codecs.dayRow.decode(value))

describe('a chain that falls silent', () => {
  it('is lost once, where it had spoken; the day closes degraded and replays', async () => {
    const clock = clockAt(10)
    const bus = await opened('lost', clock)
    const lost = market.market[0].find(({ value }) => kindOf(value) === 'tickBatch')?.key ?? ''
    const part = (wanted: boolean) =>
      market.market.map((log) => log.filter((message) => isOf(message, lost) === wanted))
    const [ours, others] = [part(true), part(false)]
    const half = (log: readonly Logged[]): number => log.length >> 1
    for (const log of others) await publish(bus, log.slice(0, half(log)))
    // On partition 0 it says something, and then nothing; on partition 1 it has not spoken yet.
    await publish(bus, ours[0].slice(0, half(ours[0])))
    const running = featuresOf(bus, { date: market.date }).run()
    const first = closing(bus, clock)
    // A batch that comes again is a sign of life, and nothing else.
    const signs = others.flatMap((log) => {
      const batches = log.slice(0, half(log)).filter(({ key }) => key !== 'session')
      return [...new Map(batches.map((message) => [message.key, message])).values()]
    })
    await passUntil(clock, async () => {
      await publish(bus, signs)
      return (await sessionRecords(bus, 'chainLost')).length > 0
    })
    first.stop.abort()
    await first.closed

    const again = closing(bus, clock)
    for (let step = 0; step < 8; step++) {
      await publish(bus, signs)
      await expect.poll(() => clock.sleepers, waits).toBeGreaterThan(0)
      clock.advance(5000)
    }
    expect((await sessionRecords(bus, 'chainLost')).map(({ partition }) => partition)).toEqual([0])
    await publish(bus, [...ours[0].slice(half(ours[0])), ...ours[1]])
    for (const log of others) await publish(bus, log.slice(half(log)))
    const [summary] = await again.closed
    await running
    expect(summary.completed).toMatchObject({ degraded: true, cause: `chain ${lost} missing` })
    expect((await messagesOf(bus, 'late')).length).toBeGreaterThan(0)
    expect(await messagesOf(bus, 'quarantine')).toEqual([])
    const holes = (await dayRows(bus)).filter(({ quality }) => (quality & Quality.incomplete) !== 0)
    expect(new Set(holes.map(({ partition }) => partition))).toEqual(new Set([0]))
    expect(await replayed(bus)).toMatchObject({ verdict: 'identical', difference: null })
    await bus.close()
  }, 60_000)

  it('is waited for outside of the session, and by a close of past days', async () => {
    const clock = clockAt(8)
    const bus = await opened('quiet', clock)
    for (const log of market.market) await publish(bus, log.slice(0, log.length >> 1))
    const early = closing(bus, clock)
    for (let step = 0; step < 8; step++) {
      await expect.poll(() => clock.sleepers, waits).toBeGreaterThan(0)
      clock.advance(5000)
    }
    early.stop.abort()
    await early.closed
    expect(await sessionRecords(bus, 'chainLost')).toEqual([])
    await bus.close()
  })
})

describe('the deadline', () => {
  /** Features of partition 0 alone: the worker of the other never comes. */
  const half = (bus: Bus): Bus => ({
    ...withPublish(bus, (topic, messages) => bus.publish(topic, messages)),
    join: (topic, group, handlers) =>
      bus.join(topic, group, {
        ...handlers,
        assigned: (assignments, epoch) => handlers.assigned(assignments, epoch),
        messages: async (partition, messages, epoch) => {
          if (partition === 0) await handlers.messages(partition, messages, epoch)
        },
      }),
  })

  it('ends a partition whose chain never ends and goes without one that nobody reduces, for good', async () => {
    const clock = clockAt(15)
    const bus = await opened('deadline', clock)
    const { date } = market
    const unended = market.market[0].filter(({ value }) => kindOf(value) !== 'chainEnded')
    await publish(bus, [...unended, ...market.market[1]])
    const stop = new AbortController()
    const running = featuresOf(half(bus), { date, signal: stop.signal }).run()
    const left = { publishes: 2 }
    const dying = withPublish(bus, (topic, messages) => {
      // It dies with the panels of the stream in the log.
      if (topic !== 'market' && left.publishes-- === 1) return Promise.reject(new Error('killed'))
      return bus.publish(topic, messages)
    })
    const first = closing(dying, clock, bus)
    clock.advance(45 * 60_000)
    await passUntil(clock, async () => (await messagesOf(bus, 'panels')).some((message) => message.date === date))
    await expect(first.closed).rejects.toThrow('killed')
    expect((await sessionRecords(bus, 'deadline')).map(({ partition }) => partition)).toEqual([0, 1])
    stop.abort()
    await running

    // The worker of partition 1 comes after all: what was decided stands.
    await featuresOf(bus, { date }).run()
    const [summary] = await closing(bus, clock).closed
    const named = [...new Set(market.market[0].map(({ key }) => key))].filter((key) => key !== 'session').sort()
    const chains = summary.completed?.cause.split('; ').slice(0, -1) ?? []
    expect(chains.map((text) => /^chain (.*) missing$/.exec(text)?.[1]).sort()).toEqual(named)
    expect(summary.completed).toMatchObject({ degraded: true })
    expect(summary.completed?.cause).toMatch(/; partition 1 missing$/)
    expect(summary.completed?.sets.filter(({ present }) => present).map(({ set }) => set)).toEqual(['PV', 'C', 'HF'])
    const names = (await dayRows(bus)).filter(({ partition }) => partition === 0).map(({ instrument }) => instrument)
    expect(summary.mlC?.instruments.every((name) => names.includes(name))).toBe(true)
    const keys = (await closedRecords(bus, date)).map((record) => record.split(' ').slice(0, 2).join(' '))
    expect(new Set(keys).size).toBe(keys.length)
    expect(await replayed(bus)).toMatchObject({ verdict: 'identical', difference: null })
    await bus.close()
  }, 60_000)

  it('replays a day of which a partition never closed, and leaves a day alone that was opened behind it', async () => {
    const clock = clockAt(15, 44)
    const bus = await opened('partial', clock)
    for (const log of market.market) await publish(bus, log)
    const stop = new AbortController()
    const running = featuresOf(half(bus), { date: market.date, signal: stop.signal }).run()
    const close = closing(bus, clock)
    await passUntil(clock, async () => (await messagesOf(bus, 'panels')).some(({ date }) => date === market.date))
    expect((await close.closed)[0].completed).toMatchObject({ degraded: true, cause: 'partition 1 missing' })
    stop.abort()
    await running
    expect(await replayed(bus)).toMatchObject({ verdict: 'identical', difference: null })
    await bus.close()

    const evening = clockAt(20)
    const later = await opened('evening', evening)
    for (const log of market.market) await publish(later, log.slice(0, -1))
    const waiting = closing(later, evening)
    for (let step = 0; step < 20; step++) {
      await expect.poll(() => evening.sleepers, waits).toBeGreaterThan(0)
      evening.advance(5000)
    }
    waiting.stop.abort()
    await waiting.closed
    expect(await sessionRecords(later, 'deadline')).toEqual([])
    await later.close()
  }, 60_000)

  it('of results leaves the sets out that nobody scored', async () => {
    const bus = market.tape('unscored', 'fed')
    await market.features(bus)
    const [summary] = await market.runAlone(bus, { dates: [market.date], resultsTimeoutMs: 100 })
    expect(summary.completed).toMatchObject({
      degraded: true,
      cause: 'no result for PV; no result for C; no result for HF',
      mlCHash: '',
    })
    const reasons = summary.completed?.sets.map(({ set, reason }) => [set, reason])
    expect(reasons).toContainEqual(['HF', 'no-result'])
    expect(await replayed(bus)).toMatchObject({ verdict: 'identical' })
    await bus.close()
  }, 60_000)
})
