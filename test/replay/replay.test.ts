import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { catalogue } from '../../schemas/catalogue/index.ts'
import type { MinuteRows } from '../../schemas/rows.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import type { Bus, Logged } from '../../src/ports/bus.ts'
import { simulateMarket } from '../../src/simulator/market.ts'
import { FeaturesWorker } from '../../src/workers/features/features-worker.ts'
import { publishFeed } from '../../src/workers/feed.ts'
import { replay, type ReplayOutcome } from '../../src/workers/replay/replay.ts'
import { codecs } from '../../src/wire/index.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { silentLog } from '../silent-log.ts'

const folder = mkdtempSync(join(tmpdir(), 'closebell-replay-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const market = simulateMarket({ seed, instruments: 8, days: 2, eventsPerDay: 300, earlierDays: 30 })
const date = market.dates[1]
const tape = (name: string): Bus => openTape(join(folder, name), { clock: realClock })

const replayed = (bus: Bus): Promise<ReplayOutcome> =>
  replay({ bus, profile: 'cn', from: date, to: date, scoring: null })

async function allOf(bus: Bus, topic: 'minutes' | 'days', partition: number): Promise<Logged[]> {
  const found: Logged[] = []
  for await (const messages of bus.read(topic, partition, { from: 0, until: 'end' })) found.push(...messages)
  return found
}

/** The tape with its minutes or days published anew, each record as `change` gives it (null = left out). */
async function republished(
  name: string,
  topic: 'minutes' | 'days',
  change: (message: Logged) => Uint8Array | null,
): Promise<Bus> {
  const source = tape('published')
  cpSync(join(folder, 'published'), join(folder, name), { recursive: true })
  rmSync(join(folder, name, `closebell.${topic}.v1`), { recursive: true })
  const bus = tape(name)
  await bus.createTopics(2)
  for (let partition = 0; partition < 2; partition++) {
    const messages = (await allOf(source, topic, partition)).flatMap((message) => {
      const value = change(message)
      return value === null ? [] : [{ partition, date: message.date, key: message.key, value }]
    })
    await bus.publish(topic, messages)
  }
  await source.close()
  return bus
}

/** Flips the lowest mantissa bit of the first finite, non-zero value of a column from `from` on; its place, or null. */
function flipBit(rows: MinuteRows, from: number): { column: string; instrument: string } | null {
  for (let at = from; at < rows.values.length; at++) {
    if (!Number.isFinite(rows.values[at]) || rows.values[at] === 0) continue
    const bits = new BigUint64Array(rows.values.buffer, rows.values.byteOffset, rows.values.length)
    bits[at] ^= 1n
    return { column: rows.columns[Math.floor(at / rows.count)], instrument: rows.instruments[at % rows.count] }
  }
  return null
}

describe('replay', () => {
  beforeAll(async () => {
    const bus = tape('published')
    const common = { bus, clock: realClock, log: silentLog }
    await publishFeed({ ...common, feed: market, partitions: 2, signal: new AbortController().signal })
    const settings = { profile: 'cn', sizing: 'order', snapshotIntervalMs: Infinity, minuteRows: true } as const
    await new FeaturesWorker({ ...common, ...settings, end: 'until-close', date }).run()
    await bus.close()
  })

  it('of what was published is identical', async () => {
    const bus = tape('published')
    const outcome = await replayed(bus)
    expect(outcome).toMatchObject({ verdict: 'identical', dates: [date], difference: null })
    expect(outcome.compared.minutes).toBe(2 * 239 * 3)
    await bus.close()
  })

  it('names rule, instrument and minute of one flipped mantissa bit under a good checksum', async () => {
    let flipped: (ReturnType<typeof flipBit> & { minute: number }) | null = null
    const bus = await republished('flipped', 'minutes', ({ value, date: own }) => {
      const rows = codecs.minuteRows.decode(value)
      if (own !== date || flipped !== null || rows.set !== 'HF' || rows.minute < seed % 200) return value
      const place = flipBit(rows, 0)
      if (place !== null) flipped = { ...place, minute: rows.minute }
      return codecs.minuteRows.encode(rows)
    })
    const { verdict, difference } = await replayed(bus)
    const { column, instrument, minute } = flipped as unknown as { column: string; instrument: string; minute: number }
    expect(verdict).toBe('different')
    expect(difference).toMatchObject({ topic: 'minutes', date, id: column, instrument, minute })
    expect(difference?.rule).toBe(catalogue.find(({ id }) => id === column)?.rule)
    expect(difference?.published).not.toBe(difference?.recomputed)
    await bus.close()
  })

  it('tells a record that is missing, one too many, and a repeat with other bytes', async () => {
    let isFirst = true
    const missing = await republished('missing', 'days', ({ value, date: own, key }) => {
      if (own !== date || !isFirst || key.endsWith('closed')) return value
      isFirst = false
      return null
    })
    expect((await replayed(missing)).difference?.reason).toMatch(/was not published/)
    const surplus = tape('surplus')
    cpSync(join(folder, 'published'), join(folder, 'surplus'), { recursive: true })
    const [row] = await allOf(surplus, 'days', 0)
    const other = { ...codecs.dayRow.decode(row.value), instrument: 'ZZZ.SH' }
    const value = codecs.dayRow.encode(other)
    await surplus.publish('days', [{ partition: 0, date, key: `${date}|0|ZZZ.SH`, value }])
    expect((await replayed(surplus)).difference?.reason).toMatch(/is not what the log gives/)
    const repeat = { ...codecs.dayRow.decode(row.value), quality: 1 }
    await surplus.publish('days', [{ partition: 0, date, key: row.key, value: codecs.dayRow.encode(repeat) }])
    expect((await replayed(surplus)).difference?.reason).toMatch(/quality differs/)
    await Promise.all([missing.close(), surplus.close()])
  })

  it('of a span that the log lacks is no match', async () => {
    const bus = tape('published')
    const outcome = await replay({ bus, profile: 'cn', from: '2023-01-03', to: '2023-01-04', scoring: null })
    expect(outcome).toMatchObject({ verdict: 'different', difference: { reason: 'the log has no day of the span' } })
    await bus.close()
  })
})
