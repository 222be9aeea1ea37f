import { defaultSchedule } from '../../models/training/train.ts'
import type { ModelsFolder } from '../workers/models-folder.ts'
import { trainComposite } from '../workers/training/train-composite.ts'
import { trainSet, type TrainOptions } from '../workers/training/train-set.ts'

export interface KeepOptions extends Omit<TrainOptions, 'schedule'> {
  readonly models: ModelsFolder
  readonly epochs: number
  readonly seeds: number
  readonly seed: number
  readonly learningRate: number
  readonly promote: boolean
}

export interface Kept {
  readonly set: string
  readonly artifact: string
  readonly trainDays: number
  readonly validateDays: number
  readonly embargoed: number
  /** Best validation RankIC. */
  readonly rankIc: number
  readonly promoted: boolean
  /** Sets whose composite weights were trained anew over their promoted artifacts. */
  readonly composite: readonly string[]
}

/** Trains a set, saves its artifact and, when promoted, trains the composite's weights over all promoted sets anew. */
export async function trainAndKeep(options: KeepOptions): Promise<Kept> {
  const { models, epochs, seeds, seed, learningRate } = options
  const schedule = {
    ...defaultSchedule,
    seeds: Array.from({ length: seeds }, (_, i) => seed + i),
    epochs,
    patience: 6,
    warmUp: 20,
    learningRate,
  }
  const { artifact, days } = await trainSet({ ...options, schedule })
  const hash = await models.save(artifact)
  if (options.promote) await models.promote(options.set, hash)
  const composite = options.promote ? await trainComposite({ ...options, seed }) : null
  return {
    set: options.set,
    artifact: hash,
    trainDays: days.train.length,
    validateDays: days.validate.length,
    embargoed: days.embargoed,
    rankIc: artifact.manifest.members.reduce(
      (best, { rankIc }) => Math.max(best, rankIc ?? Number.NEGATIVE_INFINITY),
      Number.NEGATIVE_INFINITY,
    ),
    promoted: options.promote,
    composite: composite?.model.sets ?? [],
  }
}
