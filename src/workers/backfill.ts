import { shiftDays } from '../../schemas/calendars/index.ts'
import type { FlowSizing } from '../../schemas/rows.ts'
import type { Bus } from '../ports/bus.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Store } from '../ports/store.ts'
import { closeDay } from './close/close-day.ts'
import { closeRetraction } from './close/close-retraction.ts'
import { firstRevision, isCompleted, startedCorrections } from './corrections.ts'
import { emptySummary, FeaturesWorker, type FeaturesSummary } from './features/features-worker.ts'
import { MarketHistory } from './history/market-history.ts'
import { openDay } from './open/open-worker.ts'
import { LogView } from './scoring/log-view.ts'
import { Sink } from './sink/sink-worker.ts'

export interface BackfillOptions {
  readonly bus: Bus
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly profile: string
  readonly sizing: FlowSizing
  readonly neighbours: number
  readonly from: string
  readonly to: string
  readonly signal?: AbortSignal
  readonly onDay?: (date: string, done: number, days: number) => void
}

export interface BackfillSummary {
  readonly dates: readonly string[]
  readonly features: FeaturesSummary
  readonly rows: number
}

/**
 * Past days from the log into the store, without models: what a live day does with open, features, close and sink,
 * by the same code. Day rows only.
 */
export async function backfill(options: BackfillOptions): Promise<BackfillSummary> {
  const { bus, store, clock, log, profile, from, to } = options
  await store.ensureTables()
  const dates = await openedDates(bus, from, to)
  const last = dates.at(-1)
  const signal = options.signal === undefined ? {} : { signal: options.signal }
  const sink = new Sink(bus, store, 'backfill')
  if (last === undefined) return { dates, features: emptySummary(), rows: 0 }
  const features = await new FeaturesWorker({
    bus,
    clock,
    log,
    profile,
    sizing: options.sizing,
    snapshotIntervalMs: Number.POSITIVE_INFINITY,
    end: 'until-close',
    date: last,
    firstDate: dates[0] as string,
    minuteRows: false,
    ...signal,
  }).run()
  await sink.drain(dates[0] as string)
  const view = new LogView(bus, profile)
  const history = await MarketHistory.before(store, profile, dates[0] as string)
  for (const [i, date] of dates.entries()) {
    if (options.signal?.aborted === true) break
    await openDay({ bus, store, log, date, profile, neighbours: options.neighbours, history })
    const closing = { bus, store, clock, log, profile, models: null, resultsTimeoutMs: 0, ...signal }
    await closeDay(closing, history, view, firstRevision(date))
    await sink.drain(date)
    options.onDay?.(date, i + 1, dates.length)
  }
  await closeCorrections(options, dates, sink)
  return { dates, features, rows: sink.rows }
}

/** Revisions that were started up to the end of the span, each with the history as it is by then. */
async function closeCorrections(options: BackfillOptions, dates: readonly string[], sink: Sink): Promise<void> {
  const { bus, store, profile, to, signal } = options
  for (const of of await startedCorrections(bus)) {
    if (!dates.includes(of.date) || of.startedOn > to || signal?.aborted === true) continue
    if (await isCompleted(bus, of)) continue
    const history = await MarketHistory.before(store, profile, of.date)
    const closing = { ...options, models: null, resultsTimeoutMs: 0 }
    await (of.isRetraction ? closeRetraction(closing, of) : closeDay(closing, history, new LogView(bus, profile), of))
    await sink.drain(of.date)
  }
}

/** Dates within [from, to] that were opened in the log. */
export async function openedDates(bus: Bus, from: string, to: string): Promise<string[]> {
  const dates: string[] = []
  const next = (await bus.offsets('market', 0)).next
  let offset = await bus.offsetOfDate('market', 0, from)
  while (offset < next) {
    const date = await dateAt(bus, offset)
    if (date > to) break
    dates.push(date)
    offset = await bus.offsetOfDate('market', 0, shiftDays(date, 1))
  }
  return dates
}

async function dateAt(bus: Bus, offset: number): Promise<string> {
  for await (const messages of bus.read('market', 0, { from: offset, until: 'end' })) {
    const first = messages[0]
    if (first !== undefined) return first.date
  }
  return '9999-12-31'
}
