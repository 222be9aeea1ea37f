import { defaultSchedule, type Schedule } from '../../models/training/schedule.ts'
import type { ModelsFolder } from '../workers/models-folder.ts'
import { trainComposite } from '../workers/training/train-composite.ts'
import { trainSet, type TrainOptions } from '../workers/training/train-set.ts'

/** A schedule in which the seeds are `seeds` numbers from `seed` on; what it leaves out is as in `defaultSchedule`. */
export interface KeepSchedule extends Partial<Omit<Schedule, 'seeds'>> {
  readonly seeds: number
  readonly seed: number
}

export interface KeepOptions extends Omit<TrainOptions, 'schedule'>, KeepSchedule {
  readonly models: ModelsFolder
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
  const { models, seed } = options
  const { artifact, days } = await trainSet({ ...options, schedule: scheduleOf(options) })
  const hash = await models.save(artifact)
  if (options.promote) await models.promote(options.set, hash)
  const composite = options.promote ? await trainComposite({ ...options, seed }) : null
  return {
    set: options.set,
    artifact: hash,
    trainDays: days.train.count,
    validateDays: days.validate.count,
    embargoed: days.embargoed,
    rankIc: artifact.manifest.members.reduce(
      (best, { rankIc }) => Math.max(best, rankIc ?? Number.NEGATIVE_INFINITY),
      Number.NEGATIVE_INFINITY,
    ),
    promoted: options.promote,
    composite: composite?.model.sets ?? [],
  }
}

const scheduleNames = Object.keys(defaultSchedule) as (keyof Schedule)[]

function scheduleOf(options: KeepSchedule): Schedule {
  const given = Object.fromEntries(scheduleNames.flatMap((name) => (name in options ? [[name, options[name]]] : [])))
  const seeds = Array.from({ length: options.seeds }, (_, i) => options.seed + i)
  return { ...defaultSchedule, ...given, seeds }
}
