import { ClosebellError } from '../../schemas/errors.ts'
import type { Engine } from '../engine.ts'
import { checkSample, checkSpec } from '../network/check.ts'
import { initialParameters } from './initial.ts'
import { lossAndGradient, scoreSection } from '../network/network.ts'
import { parameterSlots, type NetworkSpec } from '../network/spec.ts'
import type { DaySample } from '../sample.ts'
import { createAdam, type Adam } from './adam.ts'
import { permutation, seededRandom, type Random } from './random.ts'

/** How a network is trained. The batch is one day's section: IC and attention need it whole. */
export interface Schedule {
  readonly seeds: readonly number[]
  readonly epochs: number
  /** Epochs without a better validation RankIC after which a seed stops. */
  readonly patience: number
  /** Epochs of each seed that are kept, the best by validation RankIC; their z-scored outputs are averaged. */
  readonly kept: number
  readonly learningRate: number
  /** Steps over which the rate rises in a line. */
  readonly warmUp: number
  readonly clipNorm: number
  /** Weight of the entropy of SA's weights. */
  readonly entropyBonus: number
  /** Decay of SA's tensors, which see one sample a day. */
  readonly saDecay: number
}

export const defaultSchedule: Schedule = {
  seeds: [0],
  epochs: 10,
  patience: 4,
  kept: 2,
  learningRate: 1e-3,
  warmUp: 40,
  clipNorm: 1,
  entropyBonus: 0.01,
  saDecay: 1e-3,
}

export interface Epoch {
  readonly seed: number
  /** From 1. */
  readonly epoch: number
  /** Mean over the training days. */
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
  readonly train: readonly DaySample[]
  readonly validate: readonly DaySample[]
}

const checkDays = (spec: NetworkSpec, days: TrainingDays, schedule: Schedule): void => {
  checkSpec(spec)
  const { train, validate } = days
  if (train.length === 0 || validate.length === 0 || schedule.seeds.length === 0) {
    throw new ClosebellError(
      'CB_NO_HISTORY',
      `${train.length} training days, ${validate.length} validation days, ${schedule.seeds.length} seeds`,
    )
  }
  for (const sample of [...train, ...validate]) {
    checkSample(spec, sample)
    if (sample.label.length !== sample.n) {
      throw new ClosebellError('CB_ENGINE_INPUT', `${sample.date}: ${sample.label.length} labels of ${sample.n} names`)
    }
  }
}

const dayRankIc = (scores: Float64Array, label: Float32Array, rankCorrelation: RankCorrelation): number => {
  const labelled = [...label.keys()].filter((i) => !Number.isNaN(label[i]))
  return rankCorrelation(
    Float64Array.from(labelled, (i) => scores[i]),
    Float64Array.from(labelled, (i) => label[i]),
  )
}

/** Mean RankIC over days; a day whose correlation does not exist is left out. */
export const meanRankIc = (
  engine: Engine,
  spec: NetworkSpec,
  parameters: Float32Array,
  days: readonly DaySample[],
  rankCorrelation: RankCorrelation,
): number => {
  const known = days
    .map((day) => dayRankIc(scoreSection(engine, spec, parameters, day).scores, day.label, rankCorrelation))
    .filter((rankIc) => !Number.isNaN(rankIc))
  return known.reduce((sum, rankIc) => sum + rankIc, 0) / known.length
}

/** One pass over the training days in random order; gives the mean loss. */
const trainEpoch = (
  engine: Engine,
  spec: NetworkSpec,
  parameters: Float32Array,
  days: readonly DaySample[],
  adam: Adam,
  entropyBonus: number,
  random: Random,
): number => {
  let total = 0
  for (const d of permutation(days.length, random)) {
    const { loss, gradient } = lossAndGradient(engine, spec, parameters, days[d], entropyBonus)
    const norm = adam.step(parameters, gradient)
    if (!Number.isFinite(norm)) {
      throw new ClosebellError(
        'CB_ENGINE_INPUT',
        `${days[d].date}: a gradient of length ${norm} after a loss of ${loss}`,
      )
    }
    total += loss
  }
  return total / days.length
}

/** NaN counts as worse than any number; of equals the earlier epoch is the better. */
const better = (a: Member, b: Member): number =>
  (Number.isNaN(b.rankIc) ? -Infinity : b.rankIc) - (Number.isNaN(a.rankIc) ? -Infinity : a.rankIc) || a.epoch - b.epoch

const trainSeed = async (
  engine: Engine,
  spec: NetworkSpec,
  days: TrainingDays,
  schedule: Schedule,
  seed: number,
  rankCorrelation: RankCorrelation,
  onEpoch: (epoch: Epoch) => void | Promise<void>,
): Promise<Member[]> => {
  const random = seededRandom(seed)
  const parameters = initialParameters(spec, random)
  const { learningRate, warmUp, clipNorm, saDecay } = schedule
  const adam = createAdam(parameterSlots(spec), { learningRate, warmUp, clipNorm, decay: saDecay, decayed: 'sa.' })
  let best: Member[] = []
  for (let epoch = 1; epoch <= schedule.epochs; epoch++) {
    const loss = trainEpoch(engine, spec, parameters, days.train, adam, schedule.entropyBonus, random)
    const rankIc = meanRankIc(engine, spec, parameters, days.validate, rankCorrelation)
    best = [...best, { seed, epoch, rankIc, parameters: parameters.slice() }].sort(better).slice(0, schedule.kept)
    await onEpoch({ seed, epoch, loss, rankIc })
    if (epoch - best[0].epoch >= schedule.patience) break
  }
  return best
}

/**
 * Trains every seed and gives the kept epochs, `schedule.kept` a seed. The same seeds on the same engine give the
 * same bits. `onEpoch` is awaited after each epoch, so that a caller can show progress or yield to other work.
 */
export const train = async (
  engine: Engine,
  spec: NetworkSpec,
  days: TrainingDays,
  schedule: Schedule,
  rankCorrelation: RankCorrelation,
  onEpoch: (epoch: Epoch) => void | Promise<void>,
): Promise<Member[]> => {
  checkDays(spec, days, schedule)
  const members: Member[] = []
  for (const seed of schedule.seeds) {
    members.push(...(await trainSeed(engine, spec, days, schedule, seed, rankCorrelation, onEpoch)))
  }
  return members
}
