import type { Completed, Factor, Input, MlC, Panel, Result } from '../../../schemas/day.ts'
import { streamSets } from '../../../schemas/catalogue/index.ts'
import { previousTradingDay } from '../../../schemas/calendars/index.ts'
import { profileOf } from '../../../schemas/profiles/index.ts'
import { factorTopic, type SetName } from '../../../schemas/topics.ts'
import { neutralise } from '../../../models/composite/neutralise.ts'
import { crossSection } from '../../../models/inputs/style-returns.ts'
import type { FeaturePanel } from '../../../models/sample.ts'
import type { Artifact } from '../../../models/training/artifact.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
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
import { compositeOf, type EarlierFactors } from './composite.ts'
import { DayGuard, type GivingUp } from './day-guard.ts'
import { DayRecords, type KeyedRecord } from './day-records.ts'
import { filedUnder, type Revision } from '../corrections.ts'
import { dayOfPanel, panelOf, readClosedDay, type ClosedDay } from './day-rows.ts'
import { historyPanels } from './history-panels.ts'
import { awaitResults, inputsOf, planJobs, publishJobs, type SetPlan } from './jobs.ts'
import { prepareClose, promotedArtifacts, type Artifacts } from './prepared.ts'
import type { LogView } from '../scoring/log-view.ts'

export interface CloseOptions {
  readonly bus: Bus
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly profile: string
  /** Without models a close ends with the panels, as a backfill wants it. */
  readonly models: ModelsFolder | null
  /** How long results are waited for behind their jobs, ms. */
  readonly resultsTimeoutMs: number
  /** When chains and partitions are given up; without it they are waited for as long as it takes. */
  readonly givingUp?: GivingUp
  /** Asked before anything is published of a day; throws where another worker closes days. */
  readonly mayPublish?: () => Promise<void>
  readonly signal?: AbortSignal
  /** Ends the wait for partitions, as long as there is one. */
  readonly interrupt?: AbortSignal
}

/** Times of the stages of one close, ms. */
export interface CloseTimes {
  readonly panelsMs: number
  readonly resultsMs: number
  readonly publishMs: number
}

export interface CloseSummary {
  readonly date: string
  readonly revision: number
  readonly panels: Readonly<Record<string, string>>
  readonly factors: readonly Factor[]
  readonly mlC: MlC | null
  readonly completed: Completed | null
  readonly results: readonly Result[]
  readonly times: CloseTimes
}

/** What the steps of one close share. */
interface Closing {
  readonly options: CloseOptions
  readonly history: MarketHistory
  readonly view: LogView
  readonly records: DayRecords
  readonly earlier: EarlierFactors
  readonly of: Revision
}

/**
 * Closes a revision of a date once all partitions have, or are given up: panels and style returns, jobs, factors, ML_C,
 * completed. What an earlier start has published stands. Null when aborted or interrupted.
 */
export async function closeDay(
  options: CloseOptions,
  history: MarketHistory,
  view: LogView,
  of: Revision,
): Promise<CloseSummary | null> {
  const { bus, clock, models } = options
  const { date, revision } = of
  const prepared = await prepareClose(options, date)
  const published = await awaitDay(options, of)
  if (published === null) return null
  await options.mayPublish?.()
  const started = clock.elapsed()
  const records = new DayRecords(bus, of.startedOn, await filedUnder(bus, of))
  const { earlier } = prepared
  const closing: Closing = { options, history, view, records, earlier, of }
  const day = await asBefore(closing, published)
  const promoted = await promotedArtifacts(models, prepared.promoted)
  const panels = await publishPanels(closing, day, promoted)
  const panelsDone = clock.elapsed()
  const hashes = Object.fromEntries(panels.map((panel) => [panel.set, panel.hash]))
  // What is backfilled is completed by nobody, but that a later revision must be told from one that is retracted.
  if (models === null && revision === 0) {
    const times = { panelsMs: panelsDone - started, resultsMs: 0, publishMs: 0 }
    return { date, revision, panels: hashes, factors: [], mlC: null, completed: null, results: [], times }
  }
  const plans = planJobs(view, of, promoted)
  // Read while the sets are scored; what fails is read again.
  for (const { manifest } of promoted.values()) earlier.of(manifest.horizon).catch(() => undefined)
  const results = await awaitResults(records, plans, { ...options, timeoutMs: options.resultsTimeoutMs })
  // Told to stop while results are missing, it decides nothing: the next start waits for them again.
  if (options.signal?.aborted === true) return null
  const resultsDone = clock.elapsed()
  const outcome = await publishOutcome(closing, { of, day, plans, results, promoted, models })
  const times = {
    panelsMs: panelsDone - started,
    resultsMs: resultsDone - panelsDone,
    publishMs: clock.elapsed() - resultsDone,
  }
  return { date, revision, panels: hashes, ...outcome, results: [...results.values()], times }
}

/** Waits until every partition has closed; what does not end by itself is ended by the guard of the day. */
async function awaitDay(options: CloseOptions, of: Revision) {
  const { bus, clock, log, profile, givingUp } = options
  const { date } = of
  const signal = AbortSignal.any([options.signal, options.interrupt].filter((end) => end !== undefined))
  const ending = { signal }
  // The partitions of a later revision had closed before it was started.
  if (givingUp === undefined || of.revision > 0) return readClosedDay(bus, of, ending)
  const already = await readClosedDay(bus, of, { ...ending, overdue: AbortSignal.abort() })
  if (already === null || already.missing.length === 0) return already
  const guard = new DayGuard({ bus, clock, log, profile: profileOf(profile), date, ...givingUp })
  for (const { partition } of already.closed) guard.partitionClosed(partition)
  const overdue = new AbortController()
  const closed = new AbortController()
  const guarding = guard.run(AbortSignal.any([closed.signal, signal])).finally(() => overdue.abort())
  guarding.catch(() => undefined)
  const onClosed = (partition: number): void => guard.partitionClosed(partition)
  const day = await readClosedDay(bus, of, { ...ending, overdue: overdue.signal, onClosed }).finally(() =>
    closed.abort(),
  )
  await guarding
  return day
}

/** The day with the partitions that its panels were made of, where an earlier start has published them. */
async function asBefore({ records, of }: Closing, day: ClosedDay): Promise<ClosedDay> {
  const panel = await records.first('panels', panelKey({ ...of, set: 'PV' }))
  return panel === null ? day : dayOfPanel(day, codecs.panel.decode(panel.value))
}

/**
 * Panels of the date, those of the stream first, since the others are made of them; and the style returns that its
 * closes give on the exposures that were published for it. Sets of the stream are scored while the others are made.
 */
async function publishPanels(closing: Closing, day: ClosedDay, promoted: Artifacts): Promise<Panel[]> {
  const { options, history, view, records, of } = closing
  const { date, revision } = of
  const streamed = await publishSections(
    records,
    streamSets.map((set) => panelOf(set, of, day.rows)),
  )
  const pv = streamed.find((panel) => panel.set === 'PV')
  if (pv !== undefined && pv.count > 0) history.append(joinPanels([pv], modelColumns('PV')))
  await view.refresh(date)
  if (pv === undefined || pv.count === 0) return streamed
  const styles = styleReturnsOfDay(view, history.upTo(date), date)
  if (styles !== null) await records.publish('inputs', [stylesRecord({ ...styles, revision })])
  await view.refresh(date)
  if (promoted.size > 0) await publishJobs(options.bus, records, planJobs(view, of, promoted, streamSets))
  const made = historyPanels(
    {
      pv: history.upTo(date),
      listings: history.listings,
      published: (set, count) => view.panelsUpTo(set, date, count),
    },
    pv,
  )
  const looking = await publishSections(records, made)
  await view.refresh(date)
  return [...streamed, ...looking]
}

export const stylesRecord = (styles: Input): KeyedRecord => ({
  key: styles.revision === 0 ? styles.id : `${styles.id}|${styles.revision}`,
  value: codecs.input.encode(styles),
})

export const panelKey = ({ date, revision, set }: Pick<Panel, 'date' | 'revision' | 'set'>): string =>
  `${date}|${revision}|${set}`

/** The panels as they stand in the log. */
async function publishSections(records: DayRecords, panels: readonly Panel[]): Promise<Panel[]> {
  const standing = await records.publish(
    'panels',
    panels.map((panel) => ({ key: panelKey(panel), value: codecs.panel.encode(panel) })),
  )
  return standing.map((bytes) => codecs.panel.decode(bytes))
}

/** Null on a day for which no exposures were published: the next `open` makes its style returns. */
function styleReturnsOfDay(view: LogView, pv: FeaturePanel, date: string): Input | null {
  const exposures = inputsOf(view, date).find((input) => input.kind === 'exposures')
  if (exposures === undefined) return null
  const returns = returnsOn(pv, date, exposures.instruments)
  return stylesInput(date, crossSection(date, returns, exposuresOf(exposures)).styles, date)
}

interface Scored {
  readonly of: Revision
  readonly day: ClosedDay
  readonly plans: readonly SetPlan[]
  readonly results: ReadonlyMap<SetName, Result>
  readonly promoted: Artifacts
  readonly models: ModelsFolder | null
}

/** Of a composite that stands the sets are the day's: results that came behind it change nothing. */
function resultsOf(results: Scored['results'], stands: Logged | null): Scored['results'] {
  if (stands === null) return results
  const { sets: composed } = codecs.mlC.decode(stands.value)
  return new Map([...results].filter(([set]) => composed.includes(set)))
}

async function publishOutcome({ options, history, view, records, earlier }: Closing, given: Scored) {
  const { date, revision } = given.of
  const stands = await records.first('ml-c', `${date}|${revision}`)
  const scored = { ...given, results: resultsOf(given.results, stands) }
  const { promoted, results } = scored
  const universe = history.listings
    .on(previousTradingDay(profileOf(options.profile), date))
    .map((listing) => listing.instrument)
  const exposures = inputsOf(view, date).find((input) => input.kind === 'exposures')
  const factors: Factor[] = []
  const published = new Map<string, string>()
  const making = exposures === undefined ? [] : [...results.values()]
  const standing = making.map((result) => {
    const made = factorOf(result, exposures as Input, promoted, universe.length)
    const value = codecs.factor.encode(made)
    return records.publish(factorTopic(made.set as SetName), [{ key: `${date}|${revision}`, value }])
  })
  for (const [bytes] of await Promise.all(standing)) {
    const factor = codecs.factor.decode(bytes)
    factors.push(factor)
    published.set(factor.set, sha256(bytes))
  }
  const composite =
    exposures === undefined || stands !== null
      ? null
      : await compositeOf(
          {
            earlier,
            profile: options.profile,
            date,
            revision,
            pv: history.upTo(date),
            exposures,
            styles: view.stylesUpTo(date, styleHistoryDays),
            model: (await scored.models?.composite()) ?? null,
            promoted: promoted.size,
            universe: universe.length,
          },
          factors,
        )
  const mlCBytes = stands?.value ?? (composite === null ? null : codecs.mlC.encode(composite))
  const mlC = mlCBytes === null ? null : codecs.mlC.decode(mlCBytes)
  if (mlCBytes !== null) await records.publish('ml-c', [{ key: `${date}|${revision}`, value: mlCBytes }])
  const completed = completedOf(
    scored,
    view,
    universe,
    exposures,
    published,
    mlC,
    mlCBytes === null ? '' : sha256(mlCBytes),
  )
  const value = codecs.completed.encode(completed)
  const [bytes] = await records.publish('completed', [{ key: `${date}|${revision}`, value }])
  return { factors, mlC, completed: codecs.completed.decode(bytes) }
}

function factorOf(result: Result, exposures: Input, promoted: Artifacts, universe: number): Factor {
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
  const { of, day, plans, results } = scored
  const unanswered = plans.filter((plan) => 'job' in plan && !results.has(plan.set)).map((plan) => plan.set)
  const chains = new Set(day.closed.flatMap((closed) => closed.missing))
  const faults = [
    ...[...chains].map((chain) => `chain ${chain} missing`),
    ...day.missing.map((partition) => `partition ${partition} missing`),
    ...unanswered.map((set) => `no result for ${set}`),
  ].join('; ')
  return {
    date: of.date,
    revision: of.revision,
    degraded: faults !== '' || day.closed.some((closed) => closed.degraded),
    retracted: false,
    cause: [of.cause, faults].filter((one) => one !== '').join('; '),
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
  const traded = joinPanels(view.panelsUpTo('PV', scored.of.date, panelDays(lookback)), ['pv_volume'])
  const eligible = exposures?.instruments ?? []
  const reasons = new Map(
    sectionOf(traded, scored.of.date, lookback, eligible).exclusions.map(({ instrument, reason }) => [
      instrument,
      reason,
    ]),
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
