import type { Input, Job, Result } from '../../../schemas/day.ts'
import { sets, type SetName } from '../../../schemas/topics.ts'
import type { Artifact } from '../../../models/training/artifact.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import { codecs } from '../../wire/index.ts'
import { panelDays, styleHistoryDays } from '../scoring/score-job.ts'
import type { LogView } from '../scoring/log-view.ts'
import type { Revision } from '../corrections.ts'
import type { DayRecords } from './day-records.ts'

/** A set that is to be scored, or the reason why it is not. */
export type SetPlan =
  | { readonly set: SetName; readonly artifact: Artifact; readonly job: Job }
  | { readonly set: SetName; readonly artifact: Artifact | null; readonly reason: string }

const inputKinds = ['exposures', 'fundamentals', 'graph-industry', 'graph-financial', 'graph-flow']

/** The records of `open` for a date. */
export const inputsOf = (view: LogView, date: string): Input[] =>
  inputKinds.flatMap((kind) => {
    const input = view.inputs.get(`${kind}|${date}`)
    return input === undefined ? [] : [input]
  })

/** A job per promoted set of those asked for, whose panels are out, naming what it reads by hash. */
export function planJobs(
  view: LogView,
  { date, revision }: Revision,
  promoted: ReadonlyMap<SetName, Artifact>,
  of: readonly SetName[] = sets,
): SetPlan[] {
  const inputs = inputsOf(view, date)
  const styles = view.stylesUpTo(date, styleHistoryDays)
  return of.map((set) => {
    const artifact = promoted.get(set) ?? null
    if (artifact === null) return { set, artifact, reason: 'no-model' }
    const { lookback } = artifact.manifest.spec
    const pv = view.panelsUpTo('PV', date, panelDays(lookback))
    const own = set === 'PV' ? [] : view.panelsUpTo(set, date, lookback)
    if (pv.length < panelDays(lookback) || (set !== 'PV' && own.length < lookback))
      return { set, artifact, reason: 'no-history' }
    if (!inputs.some((input) => input.kind === 'exposures')) return { set, artifact, reason: 'no-inputs' }
    const sizing = pv.at(-1)?.sizing
    if (artifact.manifest.sizing !== sizing) return { set, artifact, reason: `sizing-${artifact.manifest.sizing}` }
    const job: Job = {
      date,
      revision,
      set,
      artifactHash: artifact.manifest.hash,
      panelHashes: [...own, ...pv].map((panel) => panel.hash),
      inputHashes: inputs.map((input) => input.hash),
      styleHashes: styles.map((input) => input.hash),
    }
    return { set, artifact, job }
  })
}

interface ResultsWait {
  readonly bus: Bus
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

const jobsOf = (plans: readonly SetPlan[]): Job[] => plans.flatMap((plan) => ('job' in plan ? [plan.job] : []))

/** Publishes jobs that are not out yet. */
export async function publishJobs(bus: Bus, records: DayRecords, plans: readonly SetPlan[]): Promise<void> {
  const partitions = await bus.partitions('jobs')
  await records.publish(
    'jobs',
    jobsOf(plans).map((job) => ({
      partition: sets.indexOf(job.set as SetName) % partitions,
      key: `${job.date}|${job.revision}|${job.set}|${job.artifactHash}`,
      value: codecs.job.encode(job),
    })),
  )
}

/**
 * Publishes jobs and waits so long for their results; the first logged result of a job wins. What is in the log when
 * the wait ends counts, whenever it came.
 */
export async function awaitResults(
  records: DayRecords,
  plans: readonly SetPlan[],
  { bus, clock, timeoutMs, signal }: ResultsWait,
): Promise<Map<SetName, Result>> {
  const jobs = jobsOf(plans)
  const results = new Map<SetName, Result>()
  if (jobs.length === 0) return results
  const from = await bus.offsetOfDate('results', 0, records.since)
  await publishJobs(bus, records, plans)
  const take = ({ value }: Logged): void => {
    const result = codecs.result.decode(value)
    const isWanted = jobs.some(
      (job) =>
        job.set === result.set &&
        job.date === result.date &&
        job.revision === result.revision &&
        job.artifactHash === result.artifactHash,
    )
    if (isWanted && !results.has(result.set as SetName)) results.set(result.set as SetName, result)
  }
  const enough = new AbortController()
  const stop = (): void => enough.abort()
  if (signal?.aborted === true) stop()
  signal?.addEventListener('abort', stop, { once: true })
  const timer = clock.sleep(timeoutMs, enough.signal).then(stop, stop)
  let next = from
  const read = async (until: 'never' | 'end'): Promise<void> => {
    const ending = until === 'never' ? { signal: enough.signal } : {}
    for await (const messages of bus.read('results', 0, { from: next, until, ...ending })) {
      for (const message of messages) take(message)
      next = (messages.at(-1)?.offset ?? next - 1) + 1
      if (results.size === jobs.length) return
    }
  }
  await read('never')
  if (results.size < jobs.length) await read('end')
  stop()
  await timer
  signal?.removeEventListener('abort', stop)
  // In the order of the sets, whichever came first: sums over factors then have one order.
  return new Map(
    sets.flatMap((set): [SetName, Result][] => {
      const result = results.get(set)
      return result === undefined ? [] : [[set, result]]
    }),
  )
}
