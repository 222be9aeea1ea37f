import { ClosebellError } from '../../schemas/errors.ts'
import type { Engine } from '../engine.ts'
import { checkSample, checkSpec } from '../network/check.ts'
import { initialParameters } from './initial.ts'
import { lossAndGradient, scoreSection } from '../network/network.ts'
import { parameterSlots, type NetworkSpec } from '../network/spec.ts'
import type { DaySample } from '../sample.ts'
import { createAdam, type Adam, type AdamState } from './adam.ts'
import { everyOf, seriesOf, type DaySeries } from './day-series.ts'
import { hideFundamentals } from './hidden-fundamentals.ts'
import { permutation, resumedRandom, seededRandom, type RandomState, type ResumableRandom } from './random.ts'
import { defaultSchedule, type Schedule } from './schedule.ts'
import { partOfSection } from './section-part.ts'

export { defaultSchedule, type Schedule }

export interface Epoch {
  readonly seed: number
  /** From 1. */
  readonly epoch: number
  /** Mean over the steps. */
  readonly loss: number
  /** Mean over the validation days; NaN when none has one. */
  readonly rankIc: number
}

/** One kept epoch of one seed. */
export interface Member {
  readonly seed: number
  readonly epoch: number
  readonly rankIc: number
  readonly parameters: Float32Array
}

/** Rank correlation of scores and labels of the labelled names; models/evaluation has it. */
export type RankCorrelation = (scores: Float64Array, labels: Float64Array) => number

export interface TrainingDays {
  readonly train: readonly DaySample[] | DaySeries
  readonly validate: readonly DaySample[] | DaySeries
}

/** All that the next step depends on, as it stands after an epoch: a run that goes on from it gives the same bits. */
export interface TrainingState {
  /** Epochs so far, of all seeds. */
  readonly epochs: readonly Epoch[]
  /** Kept epochs of the seeds that are done, and of the one in work. */
  readonly done: readonly Member[]
  readonly best: readonly Member[]
  readonly parameters: Float32Array
  readonly adam: AdamState
  readonly random: RandomState
}

/** Awaited after each epoch, so that a caller can show progress, save the state or yield to other work. */
export type OnEpoch = (epoch: Epoch, state: TrainingState) => void | Promise<void>

interface TrainingRun {
  readonly engine: Engine
  readonly spec: NetworkSpec
  readonly schedule: Schedule
  readonly rankCorrelation: RankCorrelation
  readonly onEpoch: OnEpoch
}

const checkDay = (spec: NetworkSpec, sample: DaySample): DaySample => {
  checkSample(spec, sample)
  if (sample.label.length !== sample.n) {
    throw new ClosebellError('CB_ENGINE_INPUT', `${sample.date}: ${sample.label.length} labels of ${sample.n} names`)
  }
  return sample
}

const dayRankIc = (scores: Float64Array, label: Float32Array, rankCorrelation: RankCorrelation): number => {
  const labelled = [...label.keys()].filter((i) => !Number.isNaN(label[i]))
  return rankCorrelation(
    Float64Array.from(labelled, (i) => scores[i]),
    Float64Array.from(labelled, (i) => label[i]),
  )
}

/** Mean RankIC over days; a day whose correlation does not exist is left out. */
const meanRankIc = (run: TrainingRun, parameters: Float32Array, days: DaySeries): number => {
  let sum = 0
  let known = 0
  for (let d = 0; d < days.count; d++) {
    const day = checkDay(run.spec, days.sample(d))
    const { scores } = scoreSection(run.engine, run.spec, parameters, day)
    const rankIc = dayRankIc(scores, day.label, run.rankCorrelation)
    if (Number.isNaN(rankIc)) continue
    sum += rankIc
    known++
  }
  return sum / known
}

/** One pass over the days in random order; gives the mean loss. */
const trainEpoch = (
  { engine, spec, schedule }: TrainingRun,
  parameters: Float32Array,
  days: DaySeries,
  adam: Adam,
  random: ResumableRandom,
): number => {
  let total = 0
  for (const d of permutation(days.count, random)) {
    const drawn = partOfSection(checkDay(spec, days.sample(d)), schedule.sectionShare, random)
    const sample = hideFundamentals(drawn, schedule.hiddenFundamentals, random)
    const { loss, gradient } = lossAndGradient(engine, spec, parameters, sample, schedule.entropyBonus)
    const norm = adam.step(parameters, gradient)
    if (!Number.isFinite(norm)) {
      throw new ClosebellError(
        'CB_ENGINE_INPUT',
        `${sample.date}: a gradient of length ${norm} after a loss of ${loss}`,
      )
    }
    total += loss
  }
  return total / days.count
}

/** NaN counts as worse than any number; of equals the earlier epoch is the better. */
const better = (a: Member, b: Member): number =>
  (Number.isNaN(b.rankIc) ? -Infinity : b.rankIc) - (Number.isNaN(a.rankIc) ? -Infinity : a.rankIc) || a.epoch - b.epoch

const seedIsDone = (epoch: number, best: readonly Member[], { epochs, patience }: Schedule): boolean =>
  epoch >= epochs || (best.length > 0 && epoch - best[0].epoch >= patience)

interface Series {
  readonly train: DaySeries
  readonly validate: DaySeries
}

/** What one seed starts with, anew or from a state within it. */
const startOf = ({ spec, schedule }: TrainingRun, seed: number, from: TrainingState | null) => {
  const { learningRate, warmUp, clipNorm, decay, saDecay } = schedule
  const settings = { learningRate, warmUp, clipNorm, decay: [['sa.', saDecay] as const, ['', decay] as const] }
  const random = from === null ? seededRandom(seed) : resumedRandom(from.random)
  const parameters = from?.parameters.slice() ?? initialParameters(spec, random)
  return { random, parameters, adam: createAdam(parameterSlots(spec), settings, from?.adam) }
}

const trainSeed = async (
  run: TrainingRun,
  days: Series,
  seed: number,
  earlier: { readonly epochs: Epoch[]; readonly done: readonly Member[] },
  from: TrainingState | null,
): Promise<readonly Member[]> => {
  const { schedule } = run
  const { every } = schedule
  const { random, parameters, adam } = startOf(run, seed, from)
  let best: readonly Member[] = from?.best ?? []
  let epoch = from?.epochs.at(-1)?.epoch ?? 0
  while (!seedIsDone(epoch, best, schedule)) {
    epoch++
    // A whole pass needs no phase: drawing none leaves the numbers to the order of the days.
    const phase = every > 1 ? Math.floor(random() * Math.min(every, days.train.count)) : 0
    const loss = trainEpoch(run, parameters, everyOf(days.train, every, phase), adam, random)
    const rankIc = meanRankIc(run, parameters, everyOf(days.validate, every, 0))
    best = [...best, { seed, epoch, rankIc, parameters: parameters.slice() }].sort(better).slice(0, schedule.kept)
    const told = { seed, epoch, loss, rankIc }
    earlier.epochs.push(told)
    await run.onEpoch(told, {
      epochs: [...earlier.epochs],
      done: earlier.done,
      best,
      parameters: parameters.slice(),
      adam: adam.state(),
      random: random.state(),
    })
  }
  return best
}

/**
 * Trains every seed and gives the kept epochs, `schedule.kept` a seed. The same seeds on the same engine give the
 * same bits, and so does a run that goes on from the state of an earlier one.
 */
export const train = async (
  engine: Engine,
  spec: NetworkSpec,
  days: TrainingDays,
  schedule: Schedule,
  rankCorrelation: RankCorrelation,
  onEpoch: OnEpoch,
  from: TrainingState | null = null,
): Promise<Member[]> => {
  const run = { engine, spec, schedule, rankCorrelation, onEpoch }
  const series = { train: seriesOf(days.train), validate: seriesOf(days.validate) }
  const { seeds } = schedule
  checkSpec(spec)
  if (series.train.count === 0 || series.validate.count === 0 || seeds.length === 0) {
    throw new ClosebellError(
      'CB_NO_HISTORY',
      `${series.train.count} training days, ${series.validate.count} validation days, ${seeds.length} seeds`,
    )
  }
  const epochs = [...(from?.epochs ?? [])]
  let done = [...(from?.done ?? [])]
  const first = from === null ? 0 : seeds.indexOf(from.epochs.at(-1)?.seed ?? NaN)
  for (const [s, seed] of seeds.entries()) {
    if (s < first) continue
    done = [...done, ...(await trainSeed(run, series, seed, { epochs, done }, s === first ? from : null))]
  }
  return done
}
