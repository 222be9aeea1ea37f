import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { networkSpec } from '../../models/network/spec.ts'
import { createReferenceEngine } from '../../models/network/reference/engine.ts'
import { topics, type SetName, type TopicName } from '../../schemas/topics.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { importReference } from '../../src/import/import-reference.ts'
import type { Bus, Logged, Outgoing } from '../../src/ports/bus.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Store } from '../../src/ports/store.ts'
import { simulateMarket } from '../../src/simulator/market.ts'
import { writeReference } from '../../src/simulator/reference-files.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { sha256 } from '../../src/wire/index.ts'
import { backfill } from '../../src/workers/backfill.ts'
import { runCloseWorker, type CloseWorkerOptions } from '../../src/workers/close/close-worker.ts'
import { publishFeed } from '../../src/workers/feed.ts'
import { fingerprints } from '../../src/workers/fingerprints.ts'
import { ModelsFolder } from '../../src/workers/models-folder.ts'
import { runModelWorker } from '../../src/workers/model/model-worker.ts'
import { openDay } from '../../src/workers/open/open-worker.ts'
import { modelColumns } from '../../src/workers/scoring/sample-builder.ts'
import { untrainedArtifact } from '../artifacts/untrained.ts'
import { featuresOf, messagesOf } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { silentLog } from '../silent-log.ts'

const engine = createReferenceEngine('test')
export const promoted: readonly SetName[] = ['PV', 'C', 'HF']
const lookback = 2

/** A model that nobody trained scores as well as any where only its bytes matter. */
async function promoteDrawn(models: ModelsFolder): Promise<void> {
  for (const set of promoted) {
    const columns = modelColumns(set)
    const spec = networkSpec({ family: 'gru', features: columns.length, lookback, hidden: 4 })
    const artifact = untrainedArtifact({ set, spec, columns, catalogue: fingerprints[set] }, [seed])
    await models.promote(set, await models.save(artifact))
  }
}

/** Days behind the close and one, `date`, that was opened and fed: its log is there, its features are not. */
export class ClosingMarket {
  readonly date: string
  readonly store: Store
  readonly models: ModelsFolder
  readonly #folder: string
  /** What `open` published for `date`, and its market log by partition. */
  readonly inputs: readonly Logged[]
  readonly market: readonly (readonly Logged[])[]

  private constructor(
    folder: string,
    date: string,
    store: Store,
    inputs: readonly Logged[],
    market: readonly Logged[],
  ) {
    this.#folder = folder
    this.date = date
    this.store = store
    this.inputs = inputs
    this.market = [0, 1].map((partition) => market.filter((message) => message.partition === partition))
    this.models = new ModelsFolder(join(folder, 'models'))
  }

  static async make(folder: string): Promise<ClosingMarket> {
    const feed = simulateMarket({
      seed,
      instruments: 16,
      days: 5,
      eventsPerDay: 100,
      earlierDays: 30,
      bookSeconds: 900,
    })
    const store = await openDuckdb(join(folder, 'store.duckdb'))
    await store.ensureTables()
    await writeReference(join(folder, 'reference'), feed)
    await importReference(store, join(folder, 'reference'))
    const dates = feed.dates.slice(0, 5)
    const [last, before] = [dates[4], dates[3]]
    const bus = openTape(join(folder, 'before'), { clock: realClock })
    const common = { bus, store, clock: realClock, log: silentLog, profile: 'cn' }
    const never = new AbortController().signal
    await publishFeed({ ...common, feed, partitions: 2, dates: dates.slice(0, 4), signal: never })
    await backfill({ ...common, sizing: 'order', neighbours: 4, from: dates[0], to: before })
    await bus.close()
    cpSync(join(folder, 'before'), join(folder, 'fed'), { recursive: true })
    const fed = openTape(join(folder, 'fed'), { clock: realClock })
    await openDay({ ...common, bus: fed, date: last, neighbours: 4 })
    await publishFeed({ ...common, bus: fed, feed, partitions: 2, dates: [last], signal: never })
    const [inputs, market] = [await messagesOf(fed, 'inputs'), await messagesOf(fed, 'market')].map((messages) =>
      messages.filter(({ date }) => date === last),
    )
    await fed.close()
    const made = new ClosingMarket(folder, last, store, inputs, market)
    await promoteDrawn(made.models)
    return made
  }

  /** A tape that begins as another: `before` ends with the day before `date`, `fed` has the log of `date`. */
  tape(name: string, from: string, clock: Clock = realClock): Bus {
    const folder = join(this.#folder, name)
    mkdirSync(folder, { recursive: true })
    cpSync(join(this.#folder, from), folder, { recursive: true })
    return openTape(folder, { clock: { ...realClock, now: () => clock.now() } })
  }

  features(bus: Bus): Promise<unknown> {
    return featuresOf(bus, { date: this.date }).run()
  }

  private options(bus: Bus, more: Partial<CloseWorkerOptions>): CloseWorkerOptions {
    const { store, models } = this
    const common = { bus, store, models, clock: realClock, log: silentLog, profile: 'cn' }
    return { ...common, resultsTimeoutMs: 20_000, ...more }
  }

  runAlone(bus: Bus, more: Partial<CloseWorkerOptions>) {
    return runCloseWorker(this.options(bus, more))
  }

  /** Closes the date, or with other options than its own the newest, beside a model worker. */
  async close(bus: Bus, options: Partial<CloseWorkerOptions> = { dates: [this.date] }, scored = bus) {
    const stop = new AbortController()
    const common = { clock: realClock, log: silentLog, profile: 'cn', models: this.models }
    const scoring = runModelWorker({ ...common, bus: scored, engine, signal: stop.signal })
    try {
      return await this.runAlone(bus, options)
    } finally {
      stop.abort()
      await scoring
    }
  }
}

const fromClose: readonly TopicName[] = topics
  .map(({ name }) => name)
  .filter((name) => ['panels', 'inputs', 'jobs', 'ml-c', 'completed'].includes(name) || name.startsWith('factor-'))

/** Every record that closes published under a date, each with its hash, so that a repeat is seen. */
export async function closedRecords(bus: Bus, date: string): Promise<string[]> {
  const found: string[] = []
  for (const topic of fromClose) {
    for (const message of await messagesOf(bus, topic))
      if (message.date === date) found.push(`${topic} ${message.key} ${sha256(message.value)}`)
  }
  return found.sort()
}

/** A bus whose `publish` is another. */
export const withPublish = (bus: Bus, publish: Bus['publish']): Bus => ({
  createTopics: (partitions) => bus.createTopics(partitions),
  partitions: (topic) => bus.partitions(topic),
  publish,
  read: (topic, partition, options) => bus.read(topic, partition, options),
  offsets: (topic, partition) => bus.offsets(topic, partition),
  offsetOfDate: (topic, partition, date) => bus.offsetOfDate(topic, partition, date),
  committed: (topic, group) => bus.committed(topic, group),
  join: (topic, group, handlers) => bus.join(topic, group, handlers),
  close: () => bus.close(),
})

export const outgoing = ({ partition, date, key, value }: Logged): Outgoing => ({ partition, date, key, value })
