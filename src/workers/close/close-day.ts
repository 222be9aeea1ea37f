import type { Completed, Factor, Input, MlC, Panel, Result } from '../../../schemas/day.ts'
import { streamSets } from '../../../schemas/catalogue/index.ts'
import { previousTradingDay } from '../../../schemas/calendars/index.ts'
import { profileOf } from '../../../schemas/profiles/index.ts'
import { factorTopic, sets, type SetName, type TopicName } from '../../../schemas/topics.ts'
import { neutralise } from '../../../models/composite/neutralise.ts'
import { crossSection } from '../../../models/inputs/style-returns.ts'
import type { FeaturePanel } from '../../../models/sample.ts'
import type { Artifact } from '../../../models/training/artifact.ts'
import type { Bus } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Store } from '../../ports/store.ts'
import { codecs, sha256 } from '../../wire/index.ts'
import { returnsOn } from '../history/daily-history.ts'
import type { MarketHistory } from '../history/market-history.ts'
import { joinPanels } from '../history/panels.ts'
import type { ModelsFolder } from '../models-folder.ts'
import { exposuresOf, neutralisers, stylesInput } from '../scoring/inputs.ts'
import { modelColumns, sectionOf } from '../scoring/sample-builder.ts'
import { panelDays, styleHistoryDays } from '../scoring/score-job.ts'
import { compositeOf } from './composite.ts'
import { panelOf, readClosedDay, type ClosedDay } from './day-rows.ts'
import { historyPanels } from './history-panels.ts'
import { awaitResults, inputsOf, planJobs, type SetPlan } from './jobs.ts'
import type { LogView } from '../scoring/log-view.ts'

export interface CloseOptions {
  readonly bus: Bus
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly profile: string
  /** Without models a close ends with the panels, as a backfill wants it. */
  readonly models: ModelsFolder | null
  /** How long results are waited for, ms. */
  readonly resultsDeadlineMs: number
  readonly signal?: AbortSignal
}

/** Times of the stages of one close, ms. */
export interface CloseTimes {
  readonly panelsMs: number
  readonly resultsMs: number
  readonly publishMs: number
}

export interface CloseSummary {
  readonly date: string
  readonly panels: Readonly<Record<string, string>>
  readonly factors: readonly Factor[]
  readonly mlC: MlC | null
  readonly completed: Completed | null
  readonly results: readonly Result[]
  readonly times: CloseTimes
}

/**
 * Closes a date once all partitions have: panels and style returns, jobs, factors, ML_C, completed. Null when aborted.
 */
export async function closeDay(
  options: CloseOptions,
  history: MarketHistory,
  view: LogView,
  date: string,
): Promise<CloseSummary | null> {
  const { bus, clock, models } = options
  const day = await readClosedDay(bus, date, options.signal)
  if (day === null) return null
  const started = clock.elapsed()
  const panels = await publishPanels(options, history, view, day, date)
  const panelsDone = clock.elapsed()
  const hashes = Object.fromEntries(panels.map((panel) => [panel.set, panel.hash]))
  if (models === null) {
    const times = { panelsMs: panelsDone - started, resultsMs: 0, publishMs: 0 }
    return { date, panels: hashes, factors: [], mlC: null, completed: null, results: [], times }
  }
  const promoted = await promotedArtifacts(models)
  const plans = planJobs(view, date, promoted)
  const results = await awaitResults(bus, clock, plans, options.resultsDeadlineMs, options.signal)
  // Told to stop while results are missing, it decides nothing: the next start waits for them again.
  if (options.signal?.aborted === true) return null
  const resultsDone = clock.elapsed()
  const outcome = await publishOutcome(options, history, view, { date, day, plans, results, promoted, models })
  const times = {
    panelsMs: panelsDone - started,
    resultsMs: resultsDone - panelsDone,
    publishMs: clock.elapsed() - resultsDone,
  }
  return { date, panels: hashes, ...outcome, results: [...results.values()], times }
}

async function promotedArtifacts(models: ModelsFolder): Promise<Map<SetName, Artifact>> {
  const found = new Map<SetName, Artifact>()
  for (const set of sets) {
    const artifact = await models.promoted(set)
    if (artifact !== null) found.set(set, artifact)
  }
  return found
}

/**
 * Panels of the date, those of the stream first, since the others are made of them; and the style returns that its
 * closes give on the exposures that were published for it.
 */
async function publishPanels(
  options: CloseOptions,
  history: MarketHistory,
  view: LogView,
  day: ClosedDay,
  date: string,
): Promise<Panel[]> {
  const { bus } = options
  const streamed = streamSets.map((set) => panelOf(set, date, day.rows))
  const pv = streamed.find((panel) => panel.set === 'PV')
  if (pv !== undefined && pv.count > 0) history.append(joinPanels([pv], modelColumns('PV')))
  await publishSections(bus, date, streamed)
  await view.refresh(date)
  if (pv === undefined || pv.count === 0) return streamed
  const styles = styleReturnsOfDay(view, history.upTo(date), date)
  if (styles !== null) await publishOne(bus, 'inputs', date, styles.id, codecs.input.encode(styles))
  const made = historyPanels(
    {
      pv: history.upTo(date),
      listings: history.listings,
      published: (set, count) => view.panelsUpTo(set, date, count),
    },
    pv,
  )
  await publishSections(bus, date, made)
  await view.refresh(date)
  return [...streamed, ...made]
}

const publishSections = (bus: Bus, date: string, panels: readonly Panel[]): Promise<number> =>
  bus.publish(
    'panels',
    panels.map((panel) => ({
      partition: 0,
      date,
      key: `${date}|${panel.revision}|${panel.set}`,
      value: codecs.panel.encode(panel),
    })),
  )

/** Null on a day for which no exposures were published: the next `open` makes its style returns. */
function styleReturnsOfDay(view: LogView, pv: FeaturePanel, date: string): Input | null {
  const exposures = inputsOf(view, date).find((input) => input.kind === 'exposures')
  if (exposures === undefined) return null
  const returns = returnsOn(pv, date, exposures.instruments)
  return stylesInput(date, crossSection(date, returns, exposuresOf(exposures)).styles, date)
}

interface Scored {
  readonly date: string
  readonly day: ClosedDay
  readonly plans: readonly SetPlan[]
  readonly results: ReadonlyMap<SetName, Result>
  readonly promoted: ReadonlyMap<SetName, Artifact>
  readonly models: ModelsFolder
}

async function publishOutcome(options: CloseOptions, history: MarketHistory, view: LogView, scored: Scored) {
  const { bus } = options
  const { date, results, promoted } = scored
  const universe = history.listings
    .on(previousTradingDay(profileOf(options.profile), date))
    .map((listing) => listing.instrument)
  const exposures = inputsOf(view, date).find((input) => input.kind === 'exposures')
  const factors =
    exposures === undefined
      ? []
      : [...results.values()].map((result) => factorOf(result, exposures, promoted, universe.length))
  const published = new Map<string, string>()
  for (const factor of factors) {
    const bytes = codecs.factor.encode(factor)
    published.set(factor.set, sha256(bytes))
    await publishOne(bus, factorTopic(factor.set as SetName), date, `${date}|${factor.revision}`, bytes)
  }
  const mlC =
    exposures === undefined
      ? null
      : await compositeOf(
          {
            store: options.store,
            profile: options.profile,
            date,
            pv: history.upTo(date),
            exposures,
            styles: view.stylesUpTo(date, styleHistoryDays),
            model: await scored.models.composite(),
            promoted: promoted.size,
            universe: universe.length,
          },
          factors,
        )
  const mlCBytes = mlC === null ? null : codecs.mlC.encode(mlC)
  if (mlCBytes !== null) await publishOne(bus, 'ml-c', date, `${date}|0`, mlCBytes)
  const completed = completedOf(
    scored,
    view,
    universe,
    exposures,
    published,
    mlC,
    mlCBytes === null ? '' : sha256(mlCBytes),
  )
  await publishOne(bus, 'completed', date, `${date}|${completed.revision}`, codecs.completed.encode(completed))
  return { factors, mlC, completed }
}

const publishOne = (bus: Bus, topic: TopicName, date: string, key: string, value: Uint8Array): Promise<number> =>
  bus.publish(topic, [{ partition: 0, date, key, value }])

function factorOf(
  result: Result,
  exposures: Input,
  promoted: ReadonlyMap<SetName, Artifact>,
  universe: number,
): Factor {
  const { horizon, label } = (promoted.get(result.set as SetName) as Artifact).manifest
  const { lnFloatCap, industries } = neutralisers(exposures, result.instruments)
  return {
    date: result.date,
    revision: result.revision,
    set: result.set,
    horizon,
    label,
    artifactHash: result.artifactHash,
    jobHash: result.jobHash,
    coverage: result.count / universe,
    count: result.count,
    instruments: result.instruments,
    raw: result.scores,
    neutral: neutralise(result.scores, lnFloatCap, industries),
    crc: 0,
  }
}

function completedOf(
  scored: Scored,
  view: LogView,
  universe: readonly string[],
  exposures: Input | undefined,
  published: ReadonlyMap<string, string>,
  mlC: MlC | null,
  mlCHash: string,
): Completed {
  const { date, day, plans, results } = scored
  const unanswered = plans.filter((plan) => 'job' in plan && !results.has(plan.set)).map((plan) => plan.set)
  const missing = day.closed.flatMap((closed) => closed.missing)
  const cause = [
    ...missing.map((chain) => `chain ${chain} missing`),
    ...unanswered.map((set) => `no result for ${set}`),
  ].join('; ')
  return {
    date,
    revision: 0,
    degraded: cause !== '' || day.closed.some((closed) => closed.degraded),
    retracted: false,
    cause,
    universe: universe.length,
    published: mlC?.count ?? 0,
    sets: plans.map((plan) => {
      const hash = published.get(plan.set)
      const reason = 'job' in plan ? 'no-result' : plan.reason
      return { set: plan.set, present: hash !== undefined, hash: hash ?? '', reason: hash === undefined ? reason : '' }
    }),
    mlCHash,
    exclusions: exclusionsOf(scored, view, universe, exposures, mlC),
  }
}

/** Every listed name without an ML_C value, each with one reason. */
function exclusionsOf(
  scored: Scored,
  view: LogView,
  universe: readonly string[],
  exposures: Input | undefined,
  mlC: MlC | null,
): Completed['exclusions'] {
  const valued = new Set(mlC?.instruments)
  const lookback = Math.max(1, ...[...scored.promoted.values()].map((artifact) => artifact.manifest.spec.lookback))
  const pv = joinPanels(view.panelsUpTo('PV', scored.date, panelDays(lookback)), modelColumns('PV'))
  const eligible = exposures?.instruments ?? []
  const reasons = new Map(
    sectionOf(pv, scored.date, lookback, eligible).exclusions.map(({ instrument, reason }) => [instrument, reason]),
  )
  const known = new Set(eligible)
  const rest = mlC === null ? 'no composite for the day' : 'too few factors'
  return universe
    .filter((instrument) => !valued.has(instrument))
    .map((instrument) => ({
      instrument,
      reason: reasons.get(instrument) ?? (known.has(instrument) ? rest : 'no earlier close'),
    }))
}
