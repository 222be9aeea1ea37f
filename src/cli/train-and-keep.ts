import { defaultSchedule, type Schedule } from '../../models/training/schedule.ts'
import type { Clock } from '../ports/clock.ts'
import type { ModelsFolder } from '../workers/models-folder.ts'
import type { RunRecord } from '../workers/training/run-record.ts'
import { trainComposite } from '../workers/training/train-composite.ts'
import { trainSet, type TrainOptions, type Trained } from '../workers/training/train-set.ts'

/** A schedule in which the seeds are `seeds` numbers from `seed` on; what it leaves out is as in `defaultSchedule`. */
export interface KeepSchedule extends Partial<Omit<Schedule, 'seeds'>> {
  readonly seeds: number
  readonly seed: number
}

export interface KeepOptions extends Omit<TrainOptions, 'schedule' | 'states'>, KeepSchedule {
  readonly models: ModelsFolder
  readonly promote: boolean
  /** With both a record of the run is kept beside the artifact. */
  readonly command?: string
  readonly clock?: Clock
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
  /** Inputs of the network that the data lacks. */
  readonly masked: readonly string[]
  /** Sets whose composite weights were trained anew over their promoted artifacts. */
  readonly composite: readonly string[]
}

/**
 * Trains a set, going on with a run that was interrupted, and saves its artifact and its record. When it is promoted,
 * the composite's weights over all promoted sets are trained anew.
 */
export async function trainAndKeep(options: KeepOptions): Promise<Kept> {
  const { models, seed } = options
  const started = options.clock?.now() ?? NaN
  const trained = await trainSet({ ...options, schedule: scheduleOf(options), states: models })
  const { artifact, days } = trained
  const hash = await models.save(artifact)
  const { command, clock } = options
  if (command !== undefined && clock !== undefined) {
    await models.saveRun(options.set, hash, recordOf(trained, command, started, clock.now()))
  }
  await models.removeTrainingState(trained.run)
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
    masked: days.source.masked,
    composite: composite?.model.sets ?? [],
  }
}

function recordOf(trained: Trained, command: string, started: number, ended: number): RunRecord {
  const { artifact, days, epochs, resumedAfter, run, data } = trained
  const { dates, instruments } = days.source.market.pv
  const [from = '', to = ''] = [dates[0], dates.at(-1)]
  return {
    format: 'closebell-run-1',
    command,
    run,
    data,
    names: instruments.length,
    days: { from, to, count: dates.length },
    started,
    ended,
    resumedAfter,
    epochs,
    masked: days.source.masked,
    artifact: artifact.manifest.hash,
  }
}

const scheduleNames = Object.keys(defaultSchedule) as (keyof Schedule)[]

function scheduleOf(options: KeepSchedule): Schedule {
  const given = Object.fromEntries(scheduleNames.flatMap((name) => (name in options ? [[name, options[name]]] : [])))
  const seeds = Array.from({ length: options.seeds }, (_, i) => options.seed + i)
  return { ...defaultSchedule, ...given, seeds }
}
