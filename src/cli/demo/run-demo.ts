import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { sets } from '../../../schemas/topics.ts'
import type { Engine } from '../../../models/engine.ts'
import { openBus } from '../../compose/bus.ts'
import { openEngine } from '../../compose/engine.ts'
import { openStore } from '../../compose/store.ts'
import { importReference } from '../../import/import-reference.ts'
import type { Bus } from '../../ports/bus.ts'
import type { Store } from '../../ports/store.ts'
import { simulateMarket, type SimulatedMarket } from '../../simulator/market.ts'
import { writeReference } from '../../simulator/reference-files.ts'
import { backfill } from '../../workers/backfill.ts'
import type { CloseSummary } from '../../workers/close/close-day.ts'
import { runCloseWorker } from '../../workers/close/close-worker.ts'
import { FeaturesWorker } from '../../workers/features/features-worker.ts'
import { publishFeed } from '../../workers/feed.ts'
import { runModelWorker } from '../../workers/model/model-worker.ts'
import { ModelsFolder } from '../../workers/models-folder.ts'
import { openDay } from '../../workers/open/open-worker.ts'
import { Sink } from '../../workers/sink/sink-worker.ts'
import { neighboursDefault } from '../commands/open.ts'
import { recipes } from '../recipes.ts'
import type { Context } from '../context.ts'
import { trainAndKeep } from '../train-and-keep.ts'
import { watchedFeed } from '../watched-feed.ts'
import type { DemoOutcome } from './demo-text.ts'

export interface DemoShape {
  readonly out: string
  readonly seed: number
  readonly instruments: number
  readonly days: number
}

/** One process needs one partition; more would only make its batches smaller. */
const partitions = 1
/** Days at the start that fill the first windows, and days at the end that choose the epochs. */
const warmUpDays = 12
const validateDays = 8

interface Parts {
  readonly context: Context
  readonly market: SimulatedMarket
  readonly bus: Bus
  readonly store: Store
  readonly models: ModelsFolder
  /** The one of npm alone, whose bits no machine changes. */
  readonly engine: Engine
  /** Seconds of each stage. */
  readonly times: Record<string, number>
}

/** The demonstration: the same workers as a deployment, over a tape and an embedded store. Null when it was stopped. */
export async function runDemo(context: Context, shape: DemoShape): Promise<DemoOutcome | null> {
  const { clock, log } = context
  rmSync(shape.out, { recursive: true, force: true })
  const { seed, instruments, days } = shape
  const market = simulateMarket({ seed, instruments, days, signal: 'all', horizon: 1 })
  const bus = await openBus(`tape:${join(shape.out, 'tape')}`, { clock, log })
  const store = await openStore(`duckdb:${join(shape.out, 'closebell.duckdb')}`, 'write', { clock, log })
  const models = new ModelsFolder(join(shape.out, 'models'))
  const parts: Parts = { context, market, bus, store, models, engine: await openEngine('wasm'), times: {} }
  try {
    await timed(parts, 'market', () => simulatePast(parts, join(shape.out, 'tape', 'reference')))
    await timed(parts, 'features', () => fillBack(parts))
    await timed(parts, 'training', () => trainSets(parts))
    const closed = await liveDay(parts)
    return context.signal.aborted || closed === null ? null : outcomeOf(parts, closed)
  } finally {
    await store.close()
    await bus.close()
  }
}

async function timed(parts: Parts, name: string, work: () => Promise<void>): Promise<void> {
  const start = parts.context.clock.elapsed()
  if (!parts.context.signal.aborted) await work()
  parts.times[name] = (parts.context.clock.elapsed() - start) / 1000
}

/** Every day but the last goes onto the tape; reference data goes into the store. */
async function simulatePast({ context, market, bus, store }: Parts, reference: string): Promise<void> {
  const { clock, log, signal, progress } = context
  const past = market.dates.slice(0, -1)
  const { instruments, eventsPerDay } = market.options
  const stage = progress.stage('market', past.length * instruments * eventsPerDay, 'events')
  await writeReference(reference, market)
  await store.ensureTables()
  await importReference(store, reference)
  const days = await publishFeed({ feed: watchedFeed(market, stage), bus, partitions, clock, log, signal, dates: past })
  stage.end(
    `${count(days.reduce((sum, day) => sum + day.events, 0))} events of ${instruments} names on ${past.length} days`,
  )
}

async function fillBack({ context, market, bus, store }: Parts): Promise<void> {
  const { clock, log, signal, progress, settings } = context
  const past = market.dates.slice(0, -1)
  const stage = progress.stage('features', past.length, 'days')
  const done = await backfill({
    bus,
    store,
    clock,
    log,
    signal,
    profile: settings.profile,
    sizing: 'order',
    neighbours: neighboursDefault,
    from: past[0] as string,
    to: past.at(-1) as string,
    onDay: (_, days) => stage.reach(days),
  })
  stage.end(`${count(done.features.events)} events to ${count(done.rows)} rows`)
}

async function trainSets({ context, market, store, models, engine }: Parts): Promise<void> {
  const { progress, settings, signal } = context
  const past = market.dates.slice(0, -1)
  const cut = past.length - validateDays
  const train = { from: past[warmUpDays] as string, to: past[cut - 1] as string }
  const validate = { from: past[cut] as string, to: past.at(-1) as string }
  for (const set of sets) {
    if (signal.aborted) return
    const stage = progress.stage(`train ${set}`, recipes.small.epochs, 'epochs')
    let epochs = 0
    const kept = await trainAndKeep({
      ...recipes.small,
      store,
      engine,
      models,
      profile: settings.profile,
      set,
      train,
      validate,
      horizon: market.options.horizon,
      selfLoopsOnly: false,
      promote: true,
      onEpoch: async () => {
        stage.reach(++epochs)
        // An epoch holds the thread for a while: let the progress display and signals through.
        await context.clock.sleep(0)
      },
    })
    stage.end(
      `${epochs} epochs on ${kept.trainDays} days, RankIC ${kept.rankIc.toFixed(3)} on the ${kept.validateDays} after`,
    )
  }
}

/** The last day, live: opened, fed, reduced to minute rows, closed, scored, stored. */
async function liveDay(parts: Parts): Promise<CloseSummary | null> {
  const { context, market, bus, store, models, engine } = parts
  const { clock, log, settings, progress, signal } = context
  const { profile } = settings
  const date = market.dates.at(-1) as string
  const stage = progress.stage('live day', null, 'events')
  const stop = new AbortController()
  const scoring = runModelWorker({
    bus,
    clock,
    log,
    engine,
    models,
    profile,
    signal: stop.signal,
  })
  const sink = new Sink(bus, store, 'live')
  try {
    await timed(parts, 'live', async () => {
      await openDay({ bus, store, log, date, profile, neighbours: neighboursDefault })
      await publishFeed({ feed: watchedFeed(market, stage), bus, partitions, clock, log, signal, dates: [date] })
      await new FeaturesWorker({
        bus,
        clock,
        log,
        profile,
        sizing: 'order',
        snapshotIntervalMs: Infinity,
        end: 'until-close',
        date,
        minuteRows: true,
        signal,
      }).run()
    })
    if (signal.aborted) return null
    let closed: CloseSummary | undefined
    await timed(parts, 'close', async () => {
      ;[closed] = await runCloseWorker({
        bus,
        store,
        clock,
        log,
        profile,
        models,
        resultsTimeoutMs: 60_000,
        dates: [date],
        signal,
      })
    })
    await timed(parts, 'store', () => sink.drain(date))
    stage.end(`${date} closed`)
    return closed ?? null
  } finally {
    stop.abort()
    await scoring
  }
}

function outcomeOf({ times, market }: Parts, { date, completed, mlC, results }: CloseSummary): DemoOutcome {
  const order =
    mlC === null
      ? []
      : [...mlC.instruments.keys()].sort((a, b) => (mlC.neutral[b] as number) - (mlC.neutral[a] as number))
  const named = (places: readonly number[]): DemoOutcome['top'] =>
    places.map((i) => ({ instrument: mlC?.instruments[i] as string, mlC: mlC?.neutral[i] as number }))
  const graphs = [0, 1, 2].map(
    (g) => results.reduce((sum, result) => sum + (result.graphWeights[g] as number), 0) / Math.max(1, results.length),
  )
  return {
    date,
    seed: market.options.seed,
    degraded: completed?.degraded ?? true,
    universe: completed?.universe ?? 0,
    published: completed?.published ?? 0,
    exclusions: completed?.exclusions ?? [],
    top: named(order.slice(0, 5)),
    bottom: named(order.slice(-5).reverse()),
    weights: Object.fromEntries(
      mlC?.sets.map((set, k) => [
        set,
        {
          weight: mlC.weights[k] as number,
          sa: mlC.saWeights[k] as number,
          longOnly: mlC.longOnlyWeights[k] as number,
        },
      ]) ?? [],
    ),
    graphs: { industry: graphs[0] as number, financial: graphs[1] as number, flow: graphs[2] as number },
    flags: mlC?.flags ?? [],
    seconds: times,
  }
}

const count = (value: number): string => Math.round(value).toLocaleString('en-US')
