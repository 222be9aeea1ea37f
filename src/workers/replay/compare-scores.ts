import type { Factor, Input, Job, MlC, Result } from '../../../schemas/day.ts'
import { factorTopic, sets, type SetName } from '../../../schemas/topics.ts'
import { composeMlC, requiredSets } from '../../../models/composite/compose.ts'
import { neutralise } from '../../../models/composite/neutralise.ts'
import type { Engine } from '../../../models/engine.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import { codecs, kindOf, sha256 } from '../../wire/index.ts'
import type { PublishedRevision } from '../corrections.ts'
import type { ModelsFolder } from '../models-folder.ts'
import { recordsOfJob } from '../scoring/job-records.ts'
import { neutralisers } from '../scoring/inputs.ts'
import { LogView } from '../scoring/log-view.ts'
import { jobHash, scoreJob } from '../scoring/score-job.ts'
import { difference, firstDifferent, type Difference } from './difference.ts'
import { placeOf, recordsFrom, recordsOf } from './published.ts'

/** Factors of another kernel build are the same when they agree to this part of the largest score. */
const tolerance = 1e-5

export interface ScoresComparison {
  readonly results: number
  readonly factors: number
  readonly mlC: number
  /** Whether a score differs in its bits, within the tolerance of another kernel build. */
  readonly isEquivalent: boolean
  readonly difference: Difference | null
}

export interface Scoring {
  readonly engine: Engine
  readonly models: ModelsFolder
}

/** Holds results (when engine and models are given), factors and ML_C of a revision against what their inputs give. */
export async function compareScores(
  bus: Bus,
  revision: PublishedRevision,
  profile: string,
  scoring: Scoring | null,
): Promise<ScoresComparison> {
  const { date } = revision.of
  const counts = { results: 0, factors: 0, mlC: 0 }
  let isEquivalent = false
  const results = await recordsOf(bus, 'results', revision)
  const jobs = await jobsOf(bus, revision)
  const exposures = await exposuresOf(bus, date, jobs)
  if (scoring !== null && results.length > 0) {
    const view = new LogView(bus, profile)
    await view.refresh(date)
    for (const record of firstOfEach(results)) {
      const found = await compareResult(record, jobs, view, scoring)
      counts.results++
      if (found === 'equivalent') isEquivalent = true
      else if (found !== null) return { ...counts, isEquivalent, difference: found }
    }
  }
  const factors: Factor[] = []
  for (const set of sets) {
    const [record] = await recordsOf(bus, factorTopic(set), revision)
    if (record === undefined || exposures === null) continue
    const factor = codecs.factor.decode(record.value)
    counts.factors++
    const found = compareFactor(record, factor, results, exposures)
    if (found !== null) return { ...counts, isEquivalent, difference: found }
    factors.push(factor)
  }
  const found = await compareDay(bus, revision, factors, exposures)
  return { ...counts, mlC: factors.length > 0 ? 1 : 0, isEquivalent, difference: found }
}

async function jobsOf(bus: Bus, revision: PublishedRevision): Promise<Job[]> {
  const jobs: Job[] = []
  for (let partition = 0; partition < (await bus.partitions('jobs')); partition++) {
    for (const { value } of await recordsOf(bus, 'jobs', revision, partition)) jobs.push(codecs.job.decode(value))
  }
  return jobs
}

/** The exposures that the jobs of a date name. */
async function exposuresOf(bus: Bus, date: string, jobs: readonly Job[]): Promise<Input | null> {
  const named = new Set(jobs.flatMap((job) => job.inputHashes))
  for (const { value } of await recordsFrom(bus, 'inputs', date, date)) {
    if (kindOf(value) !== 'input') continue
    const input = codecs.input.decode(value)
    if (input.kind === 'exposures' && named.has(input.hash)) return input
  }
  return null
}

/** The first logged result of a job wins; later ones do not count. */
const firstOfEach = (records: readonly Logged[]): Logged[] =>
  records.filter((record, i) => records.findIndex(({ key }) => key === record.key) === i)

async function compareResult(
  record: Logged,
  jobs: readonly Job[],
  view: LogView,
  { engine, models }: Scoring,
): Promise<Difference | 'equivalent' | null> {
  const result = codecs.result.decode(record.value)
  const job = jobs.find((candidate) => jobHash(candidate) === result.jobHash)
  const records = job === undefined ? null : recordsOfJob(view, job)
  if (job === undefined || records === null)
    return difference(placeOf(record), 'the log lacks the job or what it names')
  const ours = scoreJob(engine, await models.load(job.set as SetName, job.artifactHash), job, records)
  const isSameBuild = ours.engine === result.engine && ours.kernelBuild === result.kernelBuild
  const at = ours.instruments.join() === result.instruments.join() ? firstDifferent(result.scores, ours.scores) : 0
  if (at < 0) return null
  const largest = result.scores.reduce((most, score) => Math.max(most, Math.abs(score)), 0)
  const isClose = ours.scores.every((score, i) => Math.abs(score - (result.scores[i] as number)) <= tolerance * largest)
  if (!isSameBuild && isClose && ours.count === result.count) return 'equivalent'
  return scoreDifference(record, result.set, result, ours.scores, at)
}

const scoreDifference = (
  record: Logged,
  id: string,
  theirs: Pick<Result, 'instruments' | 'scores'>,
  ours: Float64Array,
  at: number,
): Difference =>
  difference(placeOf(record), 'a score differs', {
    id,
    instrument: theirs.instruments[at] ?? null,
    published: theirs.scores[at] ?? null,
    recomputed: ours[at] ?? null,
  })

/** Raw values are those of the result, neutral ones follow from them and the exposures of the day. */
function compareFactor(
  record: Logged,
  factor: Factor,
  results: readonly Logged[],
  exposures: Input,
): Difference | null {
  const { instruments, raw, neutral, set } = factor
  const own = firstOfEach(results)
    .map(({ value }) => codecs.result.decode(value))
    .find((result) => result.set === set)
  const at = own === undefined ? -1 : firstDifferent(raw, own.scores)
  if (own !== undefined && at >= 0) return scoreDifference(record, set, { instruments, scores: raw }, own.scores, at)
  const { lnFloatCap, industries } = neutralisers(exposures, instruments)
  const ours = neutralise(raw, lnFloatCap, industries)
  const off = firstDifferent(neutral, ours)
  return off < 0 ? null : scoreDifference(record, set, { instruments, scores: neutral }, ours, off)
}

/** ML_C from its factors and its weights; and the hashes by which `completed` names all of them. */
async function compareDay(
  bus: Bus,
  revision: PublishedRevision,
  factors: readonly Factor[],
  exposures: Input | null,
): Promise<Difference | null> {
  const record = (await recordsOf(bus, 'completed', revision)).at(0)
  if (record === undefined) return null
  const completed = codecs.completed.decode(record.value)
  for (const { set, present, hash } of completed.sets) {
    if (!present) continue
    const known = await recordsOf(bus, factorTopic(set as SetName), revision)
    if (!known.some(({ value }) => sha256(value) === hash)) {
      return difference(placeOf(record), `no factor of ${set} has the hash that completed names`, { id: set })
    }
  }
  if (completed.mlCHash === '' || exposures === null) return null
  const published = (await recordsOf(bus, 'ml-c', revision)).find(({ value }) => sha256(value) === completed.mlCHash)
  if (published === undefined)
    return difference(placeOf(record), 'no ML_C has the hash that completed names', { id: 'ML_C' })
  const promoted = completed.sets.filter(({ reason }) => reason !== 'no-model').length
  return compareMlC(published, codecs.mlC.decode(published.value), factors, exposures, promoted)
}

function compareMlC(
  record: Logged,
  mlC: MlC,
  factors: readonly Factor[],
  exposures: Input,
  promoted: number,
): Difference | null {
  const instruments = [...new Set(factors.flatMap((factor) => factor.instruments))].sort()
  const { lnFloatCap, industries } = neutralisers(exposures, instruments)
  const composite = composeMlC({
    factors: mlC.sets.map((set) => {
      const factor = factors.find((candidate) => candidate.set === set)
      const valueOf = new Map(factor?.instruments.map((symbol, i) => [symbol, factor.neutral[i]]))
      return Float64Array.from(instruments, (symbol) => valueOf.get(symbol) ?? Number.NaN)
    }),
    saWeights: mlC.saWeights,
    longOnlyWeights: mlC.longOnlyWeights,
    requireAtLeast: requiredSets(promoted),
    lnFloatCap,
    industries,
  })
  const kept = [...composite.neutral.keys()].filter((i) => Number.isFinite(composite.neutral[i]))
  const ours = Float64Array.from(kept, (i) => composite.neutral[i] as number)
  const at = firstDifferent(mlC.neutral, ours)
  return at < 0
    ? null
    : scoreDifference(record, 'ML_C', { instruments: mlC.instruments, scores: mlC.neutral }, ours, at)
}
