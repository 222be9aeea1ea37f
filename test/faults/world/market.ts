import { modelRules } from '../../../schemas/catalogue/index.ts'
import { cn, dayStart } from '../../../schemas/profiles/index.ts'
import type { FlowSizing } from '../../../schemas/rows.ts'
import type { SetName } from '../../../schemas/topics.ts'
import { networkSpec } from '../../../models/network/spec.ts'
import type { Artifact } from '../../../models/training/artifact.ts'
import type { Feed, FeedBlock, FeedDay } from '../../../src/ports/feed.ts'
import { dateToEventTime, type Rows } from '../../../src/ports/store.ts'
import { simulateMarket, type SimulatedMarket } from '../../../src/simulator/market.ts'
import { fingerprints } from '../../../src/workers/fingerprints.ts'
import { ModelsFolder } from '../../../src/workers/models-folder.ts'
import { untrainedArtifact } from '../../artifacts/untrained.ts'
import type { StoredRow } from './world-store.ts'
import { setSession, shortTime } from './short-session.ts'

export const partitions = 2

/** Days that a network looks back over, and so many days before it can score one. */
const lookback = 2
export const earlierDays = lookback + 1

/** A market of a few names and short sessions: its feed, its networks, and what stands in the store at the outset. */
export interface Market {
  readonly seed: number
  readonly sizing: FlowSizing
  readonly feed: Feed
  readonly dates: readonly string[]
  readonly models: ModelsFolder
  /** Of the instruments table. */
  readonly listings: ReadonlyMap<string, StoredRow>
}

const sizings: readonly FlowSizing[] = ['order', 'filled', 'trade']

/** Days of which blocks are drawn once and read by many feeds. */
export async function drawMarket(seed: number, days: number): Promise<Market> {
  setSession('long')
  const simulated = simulateMarket({
    seed,
    instruments: 4 + (seed % 3),
    days,
    eventsPerDay: 100,
    earlierDays: 1,
    bookSeconds: 900,
  })
  const fed: FeedDay[] = []
  for (let d = 0; d < days; d++) fed.push(await shortDay(simulated, d))
  setSession('short')
  const sizing = sizings[seed % sizings.length]
  const artifacts = new Map((['PV', 'C'] as const).map((set) => [set as SetName, artifactOf(set, sizing)]))
  const rows = listingsOf(simulated)
  const names = simulated.instruments.map(({ symbol }) => symbol)
  return {
    seed,
    sizing,
    dates: simulated.dates,
    feed: {
      producer: simulated.producer,
      async *days() {
        for (const day of fed) yield await Promise.resolve(day)
      },
    },
    models: new PromotedModels(artifacts),
    listings: new Map(names.map((name, at) => [name, { rows, at }])),
  }
}

async function shortDay(market: SimulatedMarket, d: number): Promise<FeedDay> {
  const day = market.day(d)
  const midnight = dayStart(cn, day.date)
  const blocks: FeedBlock[] = []
  for await (const block of day.blocks()) {
    const columns = 'ticks' in block ? block.ticks : block.books
    const { baseTime, time } = columns
    const base = midnight + shortTime(baseTime - midnight)
    const short = {
      baseTime: base,
      time: time.map((offset) => midnight + shortTime(baseTime + offset - midnight) - base),
    }
    if ('ticks' in block) blocks.push({ ticks: { ...block.ticks, ...short } })
    else blocks.push({ books: { ...block.books, ...short } })
  }
  const { date, profile, channels } = day
  const reference = day.reference?.() ?? []
  return {
    date,
    profile,
    channels,
    reference: () => reference,
    async *blocks() {
      for (const block of blocks) yield await Promise.resolve(block)
    },
  }
}

/** Everything is listed on the day before the first. */
function listingsOf(market: SimulatedMarket): Rows {
  const { instruments, dates } = market
  const count = instruments.length
  const shares = instruments.map((_, i) => market.shares(i))
  return {
    count,
    columns: {
      event_time: new Float64Array(count).fill(dateToEventTime(dates[0]) - 30 * 86_400_000_000),
      instrument: instruments.map(({ symbol }) => symbol),
      revision: new Float64Array(count),
      name: instruments.map(({ symbol }) => symbol),
      industry: instruments.map((_, i) => `industry ${i % 2}`),
      float_shares: Float64Array.from(shares, ({ float }) => float),
      total_shares: Float64Array.from(shares, ({ total }) => total),
      list_date: instruments.map(() => '2010-01-04'),
      listed: new Float64Array(count).fill(1),
    },
  }
}

/** Networks with their first weights: what is scored does not matter, only that it is the same. */
function artifactOf(set: SetName, sizing: FlowSizing): Artifact {
  const columns = modelRules(set).map(({ id }) => id)
  const spec = networkSpec({ family: 'gru+gat', features: columns.length, lookback, hidden: 4, heads: 2 })
  const engine = { name: 'reference', device: 'cpu', kernelBuild: 'world' }
  return untrainedArtifact({ set, spec, columns, catalogue: fingerprints[set], sizing, engine })
}

/** Promoted artifacts without a folder. */
class PromotedModels extends ModelsFolder {
  readonly #artifacts: ReadonlyMap<SetName, Artifact>

  constructor(artifacts: ReadonlyMap<SetName, Artifact>) {
    super('')
    this.#artifacts = artifacts
  }

  override promotions(set: SetName): Promise<string[]> {
    const artifact = this.#artifacts.get(set)
    return Promise.resolve(artifact === undefined ? [] : [artifact.manifest.hash])
  }

  override load(set: SetName): Promise<Artifact> {
    return Promise.resolve(this.#artifacts.get(set) as Artifact)
  }

  override composite(): Promise<null> {
    return Promise.resolve(null)
  }
}
