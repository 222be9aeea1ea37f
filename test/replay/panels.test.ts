import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { catalogue, historySets } from '../../schemas/catalogue/index.ts'
import { sets } from '../../schemas/topics.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { importReference } from '../../src/import/import-reference.ts'
import type { Bus, Logged } from '../../src/ports/bus.ts'
import { dateToEventTime, type Store } from '../../src/ports/store.ts'
import { simulateMarket } from '../../src/simulator/market.ts'
import { writeReference } from '../../src/simulator/reference-files.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { backfill } from '../../src/workers/backfill.ts'
import { publishFeed } from '../../src/workers/feed.ts'
import { replay } from '../../src/workers/replay/replay.ts'
import { codecs } from '../../src/wire/index.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { silentLog } from '../silent-log.ts'

const folder = mkdtempSync(join(tmpdir(), 'closebell-replay-panels-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const market = simulateMarket({ seed, instruments: 8, days: 3, eventsPerDay: 200, earlierDays: 130, bookSeconds: 600 })
const [from, date, to] = market.dates
const tape = (name: string): Bus => openTape(join(folder, name), { clock: realClock })

async function panelsOf(bus: Bus): Promise<Logged[]> {
  const found: Logged[] = []
  for await (const messages of bus.read('panels', 0, { from: 0, until: 'end' })) found.push(...messages)
  return found
}

/** The tape with its panels published anew, that of a set on the second day with another value of the last name. */
async function changed(set: string, id: string): Promise<{ bus: Bus; instrument: string }> {
  const name = `changed-${set}`
  cpSync(join(folder, 'tape'), join(folder, name), { recursive: true })
  const messages = await panelsOf(tape(name))
  rmSync(join(folder, name, 'closebell.panels.v1'), { recursive: true })
  const bus = tape(name)
  await bus.createTopics(2)
  let instrument = ''
  for (const { value, key, date: own } of messages) {
    const panel = codecs.panel.decode(value)
    if (panel.set === set && own === date) {
      const from = panel.columns.indexOf(id) * panel.count
      const place = panel.values.subarray(from, from + panel.count).findLastIndex((known) => !Number.isNaN(known))
      panel.values[from + place] += 1e-12
      instrument = panel.instruments[place]
    }
    await bus.publish('panels', [{ partition: 0, date: own, key, value: codecs.panel.encode(panel) }])
  }
  return { bus, instrument }
}

describe('replay of panels', () => {
  let store: Store
  let bus: Bus

  beforeAll(async () => {
    bus = tape('tape')
    store = await openDuckdb(join(folder, 'store.duckdb'))
    const common = { bus, store, clock: realClock, log: silentLog, profile: 'cn' }
    await store.ensureTables()
    await writeReference(join(folder, 'reference'), market)
    await importReference(store, join(folder, 'reference'))
    await publishFeed({ ...common, feed: market, partitions: 2, signal: new AbortController().signal })
    await backfill({ ...common, sizing: 'order', neighbours: 4, from, to })
  }, 60_000)

  afterAll(async () => {
    await bus.close()
    await store.close()
  })

  const replayed = (over: Bus, history: Store | null) =>
    replay({ bus: over, profile: 'cn', from, to, scoring: null, history })

  it('holds those of the stream, and with a store those that are made of earlier days', async () => {
    const without = await replayed(bus, null)
    expect(without).toMatchObject({
      verdict: 'identical',
      compared: { panels: 3 * (sets.length - historySets.length) },
    })
    const whole = await replayed(bus, store)
    expect(whole).toMatchObject({ verdict: 'identical', difference: null, compared: { panels: 3 * sets.length } })
  })

  it.each([
    ['PV', 'pv_vwap'],
    ['G', 'g_rsi_14'],
    ['DP', 'dp_02'],
  ])('names rule and instrument of a value of %s that differs', async (set, id) => {
    const { bus: other, instrument } = await changed(set, id)
    const { verdict, difference } = await replayed(other, store)
    expect(verdict).toBe('different')
    const rule = catalogue.find((candidate) => candidate.id === id)?.rule
    expect(difference).toMatchObject({ topic: 'panels', date, id, rule, instrument, minute: null })
    expect(difference?.published).not.toBe(difference?.recomputed)
    await other.close()
  })

  it('does not look at bars that were known only after the panels', async () => {
    const earlier = market.earlierBars.dates.at(-1) as string
    const rows = await store.panel({
      table: 'pv',
      columns: ['instrument', 'pv_open', 'pv_high', 'pv_low', 'pv_close', 'pv_vwap', 'pv_volume'],
      from: earlier,
      to: earlier,
    })
    const whole = (value: number): Float64Array => new Float64Array(rows.count).fill(value)
    const tripled = { ...rows.columns, pv_volume: (rows.columns['pv_volume'] as Float64Array).map((v) => 3 * v) }
    const head = {
      event_time: whole(dateToEventTime(earlier)),
      revision: whole(1),
      known_at: whole(realClock.now() * 1000),
    }
    await store.append('pv', { count: rows.count, columns: { ...tripled, ...head } })
    await store.applied()
    expect(await replayed(bus, store)).toMatchObject({ verdict: 'identical' })
  })
})
