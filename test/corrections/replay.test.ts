import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import { importReference } from '../../src/import/import-reference.ts'
import type { Bus } from '../../src/ports/bus.ts'
import type { Store } from '../../src/ports/store.ts'
import { Random } from '../../src/simulator/random.ts'
import { simulateMarket } from '../../src/simulator/market.ts'
import { writeReference } from '../../src/simulator/reference-files.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { codecs } from '../../src/wire/index.ts'
import { backfill } from '../../src/workers/backfill.ts'
import { correctDate } from '../../src/workers/correct.ts'
import { publishFeed } from '../../src/workers/feed.ts'
import { replay } from '../../src/workers/replay/replay.ts'
import { outgoing } from '../faults/closing-market.ts'
import { MemoryBus } from '../feeds/memory-bus.ts'
import { messagesOf } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { silentLog } from '../silent-log.ts'
import { append, late, partitions } from './corrected-tape.ts'

const folder = mkdtempSync(join(tmpdir(), 'closebell-corrected-replay-'))
const market = simulateMarket({ seed, instruments: 8, days: 3, eventsPerDay: 200, earlierDays: 130, bookSeconds: 600 })
const [from, second, to] = market.dates
const common = { clock: realClock, log: silentLog, profile: 'cn' }
const opened: { readonly bus: Bus; readonly store: Store }[] = []

/** A tape with a store that has the reference data. */
async function deployment(name: string): Promise<{ bus: Bus; store: Store }> {
  const bus = openTape(join(folder, name), { clock: realClock })
  const store = await openDuckdb(join(folder, `${name}.duckdb`))
  await store.ensureTables()
  await importReference(store, join(folder, 'reference'))
  opened.push({ bus, store })
  return { bus, store }
}

const backfilled = (at: { bus: Bus; store: Store }) =>
  backfill({ ...common, ...at, sizing: 'order', neighbours: 4, from, to })

/** Panels by date, set and revision. */
async function panelsOf(bus: Bus): Promise<Map<string, string>> {
  const panels = await messagesOf(bus, 'panels')
  return new Map(panels.map(({ key, value }) => [key, codecs.panel.decode(value).hash]))
}

describe('days of which one was corrected behind those that follow', () => {
  let at: { bus: Bus; store: Store }

  beforeAll(async () => {
    await writeReference(join(folder, 'reference'), market)
    at = await deployment('corrected')
    const whole = new MemoryBus()
    const { signal } = new AbortController()
    await publishFeed({ ...common, bus: whole, feed: market, partitions, batchRows: 64, signal })
    const days = whole.log.map((messages) => market.dates.map((date) => messages.filter((one) => one.date === date)))
    for (const day of market.dates.keys()) {
      const log = days.map((messages) => messages[day])
      await append(at.bus, day === 0 ? late(log, new Random(seed, 10)) : log)
    }
    await backfilled(at)
    await correctDate({ bus: at.bus, date: from, cause: 'late batches', retract: false })
    await backfilled(at)
    await correctDate({ bus: at.bus, date: second, cause: 'prices of another day', retract: true })
    await backfilled(at)
  }, 120_000)

  afterAll(async () => {
    for (const { bus, store } of opened) await Promise.all([bus.close(), store.close()])
    rmSync(folder, { recursive: true, force: true })
  })

  it('are replayed revision by revision, each with what was known when it was closed', async () => {
    const outcome = await replay({ bus: at.bus, profile: 'cn', from, to, scoring: null, history: at.store })
    expect(outcome).toMatchObject({ difference: null, verdict: 'identical', compared: { revisions: 4, panels: 20 } })
    const panels = await panelsOf(at.bus)
    expect(panels.get(`${from}|1|PV`)).not.toBe(panels.get(`${from}|0|PV`))
  })

  it('are made again with the same revisions by a backfill of their log', async () => {
    const again = await deployment('again')
    for (const topic of ['market', 'corrections'] as const) {
      await again.bus.createTopics(partitions)
      await again.bus.publish(topic, (await messagesOf(at.bus, topic)).map(outgoing))
    }
    await backfilled(again)
    expect(await panelsOf(again.bus)).toEqual(await panelsOf(at.bus))
  })

  it('differ where a record of a later revision is another', async () => {
    const changed = openTape(join(folder, 'changed'), { clock: realClock })
    await changed.createTopics(partitions)
    let offset = -1
    for (const topic of ['market', 'corrections', 'days', 'panels', 'completed'] as const) {
      const messages = await messagesOf(at.bus, topic)
      const row = topic === 'days' ? messages.find(({ key }) => key.startsWith(`${from}|1|`)) : undefined
      if (row !== undefined) {
        offset = row.offset
        const value = codecs.dayRow.decode(row.value)
        value.values[0] += 1
        messages[messages.indexOf(row)] = { ...row, value: codecs.dayRow.encode(value) }
      }
      await changed.publish(topic, messages.map(outgoing))
    }
    const { verdict, difference } = await replay({ bus: changed, profile: 'cn', from, to, scoring: null })
    expect([verdict, difference]).toMatchObject(['different', { topic: 'days', date: from, offset }])
    await changed.close()
  })
})
