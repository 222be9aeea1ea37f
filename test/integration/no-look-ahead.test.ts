import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { historySets } from '../../schemas/catalogue/index.ts'
import { sets, type TopicName } from '../../schemas/topics.ts'
import { createReferenceEngine } from '../../models/network/reference/engine.ts'
import { defaultSchedule } from '../../models/training/train.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { importReference } from '../../src/import/import-reference.ts'
import type { Bus } from '../../src/ports/bus.ts'
import type { Feed, FeedBlock } from '../../src/ports/feed.ts'
import { dateToEventTime, type Rows, type Store } from '../../src/ports/store.ts'
import { simulateMarket } from '../../src/simulator/market.ts'
import { writeReference } from '../../src/simulator/reference-files.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { backfill } from '../../src/workers/backfill.ts'
import { runCloseWorker } from '../../src/workers/close/close-worker.ts'
import { publishFeed } from '../../src/workers/feed.ts'
import { fundamentalColumns } from '../../src/workers/history/fundamentals.ts'
import { runModelWorker } from '../../src/workers/model/model-worker.ts'
import { ModelsFolder } from '../../src/workers/models-folder.ts'
import { replay } from '../../src/workers/replay/replay.ts'
import { trainSet } from '../../src/workers/training/train-set.ts'
import { sha256 } from '../../src/wire/index.ts'
import { realClock } from '../real-clock.ts'
import { silentLog } from '../silent-log.ts'

// Goal: whatever happens after the close of d, everything that was published for d keeps its bytes.
// Method: the same small market is run whole, to the day after d, once as it is and once for each change on that day.

const folder = mkdtempSync(join(tmpdir(), 'closebell-look-ahead-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const market = simulateMarket({
  seed: 3,
  instruments: 24,
  days: 16,
  eventsPerDay: 200,
  earlierDays: 160,
  bookSeconds: 600,
  signal: 'all',
})
const [first, trainFrom, trainTo, validateFrom, validateTo, d, next] = [0, 4, 9, 10, 12, 13, 14].map(
  (day) => market.dates[day],
)
const symbol = market.instruments[0].symbol
const compared: readonly TopicName[] = [
  'days',
  'inputs',
  'panels',
  'results',
  'factor-pv',
  'factor-g',
  'factor-c',
  'factor-hf',
  'factor-dp',
  'ml-c',
  'completed',
]

interface Change {
  /** Changes a block of the day after d; true once it has. */
  readonly block?: (block: FeedBlock) => boolean
  readonly store?: (store: Store) => Promise<void>
}

/** The market, with one change in the first block of the day after d that can take it. */
function changed(feed: Feed, change: NonNullable<Change['block']>): Feed {
  return {
    producer: feed.producer,
    async *days() {
      for await (const day of feed.days()) {
        let isDone = day.date !== next
        yield {
          ...day,
          async *blocks(report) {
            for await (const block of day.blocks(report)) {
              isDone ||= change(block)
              yield block
            }
          },
        }
      }
    },
  }
}

const engine = createReferenceEngine('test')

/** Runs the market up to the day after d and closes d; answers hashes of what was published, by date and topic. */
async function run(name: string, { block, store: changeStore }: Change = {}): Promise<Map<string, string>> {
  mkdirSync(join(folder, name))
  const bus = openTape(join(folder, name, 'tape'), { clock: realClock })
  const store = await openDuckdb(join(folder, name, 'store.duckdb'))
  const common = { bus, store, clock: realClock, log: silentLog, profile: 'cn' }
  await store.ensureTables()
  await writeReference(join(folder, name, 'reference'), market)
  await importReference(store, join(folder, name, 'reference'))
  await changeStore?.(store)
  const feed = block === undefined ? market : changed(market, block)
  const dates = market.dates.slice(0, 15)
  await publishFeed({ ...common, feed, partitions: 2, dates, signal: new AbortController().signal })
  await backfill({ ...common, sizing: 'order', neighbours: 4, from: first, to: next })
  const models = new ModelsFolder(join(folder, name, 'models'))
  const found = new Map<string, string>()
  for (const set of sets) {
    const { artifact } = await trainSet({
      store,
      engine,
      profile: 'cn',
      set,
      family: 'gru+gat_sa+fin',
      lookback: 3,
      hidden: 8,
      horizon: 1,
      train: { from: trainFrom, to: trainTo },
      validate: { from: validateFrom, to: validateTo },
      schedule: { ...defaultSchedule, epochs: 1 },
      selfLoopsOnly: false,
      onEpoch: () => undefined,
    })
    found.set(`artifact ${set}`, artifact.manifest.hash)
    await models.promote(set, await models.save(artifact))
  }
  const stop = new AbortController()
  const scoring = runModelWorker({ ...common, engine, models, signal: stop.signal })
  await runCloseWorker({ ...common, models, resultsTimeoutMs: 30_000, dates: [d] })
  stop.abort()
  await scoring
  const again = await replay({ bus, profile: 'cn', from: d, to: d, scoring: { engine, models }, history: store })
  expect(again).toMatchObject({ verdict: 'identical', compared: { panels: 5, results: 5, factors: 5, mlC: 1 } })
  for (const [key, hash] of await published(bus)) found.set(key, hash)
  await store.close()
  await bus.close()
  return found
}

async function published(bus: Bus): Promise<Map<string, string>> {
  const records = new Map<string, string>()
  for (const topic of compared) {
    for (let partition = 0; partition < (await bus.partitions(topic)); partition++) {
      if ((await bus.offsets(topic, partition)).next === 0) continue
      for await (const messages of bus.read(topic, partition, { from: 0, until: 'end' })) {
        // PartitionClosed names its offset in the log, which lies as it lies.
        for (const { date, key, value } of messages) records.set(`${date} ${topic} ${key}`, sha256(value))
      }
    }
  }
  return records
}

const upTo = (records: ReadonlyMap<string, string>, date: string): [string, string][] =>
  [...records].filter(([key]) => key.startsWith('artifact') || key.slice(0, 10) <= date).sort()

const changeRow = (rows: Rows, changes: Record<string, Float64Array | string[]>): Rows => ({
  count: rows.count,
  columns: { ...rows.columns, ...changes },
})

/** The stored listing of one name, to be listed otherwise from the day after d on. */
async function listOtherwise(store: Store, changes: Record<string, Float64Array | string[]>): Promise<void> {
  const columns = ['instrument', 'revision', 'name', 'industry', 'float_shares', 'total_shares', 'list_date', 'listed']
  const rows = await store.panel({
    table: 'instruments',
    columns,
    from: '1990-01-01',
    to: '2100-01-01',
    instruments: [symbol],
  })
  const from = Float64Array.of(dateToEventTime(next))
  await store.append('instruments', changeRow(rows, { event_time: from, known_at: from, ...changes }))
  await store.applied()
}

/** Adds a tick to the first trade of the day after d and shares to the first bid of its first book. */
function changeMarket(): NonNullable<Change['block']> {
  let trades = 0
  let books = 0
  return (block) => {
    if ('books' in block && books++ === 0) block.books.bidQuantity[0] += 100
    const trade = 'ticks' in block && trades === 0 ? block.ticks.kind.indexOf(2) : -1
    if ('ticks' in block && trade >= 0) {
      block.ticks.price[trade] += 1
      trades++
    }
    return trades > 0 && books > 0
  }
}

async function changeReference(store: Store): Promise<void> {
  const at = Float64Array.of(dateToEventTime(next))
  const values = Object.fromEntries(fundamentalColumns.map((column) => [column, Float64Array.of(1e6)]))
  const head = { event_time: at, known_at: at, revision: Float64Array.of(0), instrument: [symbol], period: ['2999Q4'] }
  await store.append('fundamentals', { count: 1, columns: { ...head, ...values } })
  const shares = Float64Array.of(1e9)
  await listOtherwise(store, { industry: ['elsewhere'], float_shares: shares, total_shares: shares })
}

describe('no look-ahead', () => {
  let base: Map<string, string>
  beforeAll(async () => {
    base = await run('base')
    for (const topic of compared) {
      expect(
        [...base.keys()].some((key) => key.startsWith(`${d} ${topic} `)),
        topic,
      ).toBe(true)
    }
  }, 120_000)

  it('one trade and one book after d change nothing of d', { timeout: 120_000 }, async () => {
    const other = await run('market', { block: changeMarket() })
    expect(upTo(other, d)).toEqual(upTo(base, d))
    expect(upTo(other, next)).not.toEqual(upTo(base, next))
    // It did reach the sets that are made of earlier days, one day later.
    for (const set of historySets) {
      const key = `${next} panels ${next}|0|${set}`
      expect([set, other.get(key)]).not.toEqual([set, base.get(key)])
    }
  })

  it('one fundamental, industry and float share after d change nothing of d', { timeout: 120_000 }, async () => {
    // Listings and indicators of a day are those of the day before: what is new after d shows one day later still.
    expect(upTo(await run('reference', { store: changeReference }), d)).toEqual(upTo(base, d))
  })
})
