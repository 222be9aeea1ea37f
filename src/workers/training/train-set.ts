import { ClosebellError } from '../../../schemas/errors.ts'
import type { SetName } from '../../../schemas/topics.ts'
import { rankIc } from '../../../models/evaluation/correlation.ts'
import type { Engine } from '../../../models/engine.ts'
import { networkSpec, type Family } from '../../../models/network/spec.ts'
import { createArtifact, type Artifact, type ArtifactContent } from '../../../models/training/artifact.ts'
import type { LabelPrice } from '../../../models/training/artifact.ts'
import { decodeState, encodeState } from '../../../models/training/state.ts'
import { train, type Epoch, type Schedule, type TrainingState } from '../../../models/training/train.ts'
import type { Store } from '../../ports/store.ts'
import { sha256 } from '../../wire/index.ts'
import { fingerprints } from '../fingerprints.ts'
import { modelColumns } from '../scoring/sample-builder.ts'
import { dataHash, runName } from './run-record.ts'
import { labelledSeries, type LabelledSeries, type Span } from './samples.ts'

/** Where the state of a training that has not ended is kept; a folder of models has it. */
export interface TrainingStates {
  trainingState(run: string): Promise<Uint8Array | null>
  saveTrainingState(run: string, state: Uint8Array): Promise<void>
  removeTrainingState(run: string): Promise<void>
}

export interface TrainOptions {
  readonly store: Store
  readonly engine: Engine
  readonly profile: string
  readonly set: SetName
  readonly family: Family
  readonly lookback: number
  readonly hidden: number
  readonly horizon: number
  /** Price that the label buys and sells at; VWAP where none is said. */
  readonly labelPrice?: LabelPrice
  readonly train: Span
  readonly validate: Span
  readonly schedule: Schedule
  readonly selfLoopsOnly: boolean
  /** With it a training that was interrupted goes on where it stood. */
  readonly states?: TrainingStates
  readonly onStart?: (start: TrainingStart) => void
  readonly onEpoch: (epoch: Epoch) => void | Promise<void>
}

export interface TrainingStart {
  readonly trainDays: number
  readonly validateDays: number
  readonly masked: readonly string[]
  /** Epochs that an interrupted run has done. */
  readonly resumed: readonly Epoch[]
}

export interface Trained {
  readonly artifact: Artifact
  readonly days: LabelledSeries
  /** Of all seeds, those before an interruption included. */
  readonly epochs: readonly Epoch[]
  readonly resumedAfter: number
  readonly run: string
  readonly data: string
}

/** Trains one set on stored rows. @throws ClosebellError CB_NO_HISTORY when a span has no usable day */
export async function trainSet(options: TrainOptions): Promise<Trained> {
  const { set, family, lookback, hidden, horizon, profile, store, engine, schedule, selfLoopsOnly, states } = options
  if (options.validate.from <= options.train.to) {
    throw new ClosebellError(
      'CB_USAGE',
      `validation begins ${options.validate.from}, training ends ${options.train.to}`,
    )
  }
  const features = modelColumns(set).length
  if (features === 0) throw new ClosebellError('CB_USAGE', `set ${set} has no inputs yet`)
  const spec = networkSpec({ family, features, lookback, hidden, selfLoopsOnly })
  const spans = { train: options.train, validate: options.validate }
  const labelPrice = options.labelPrice ?? 'vwap'
  const days = await labelledSeries({ store, profile, set, spec, horizon, labelPrice, ...spans })
  const content = contentOf(options, spec, days)
  const data = dataHash(days.source.panels)
  const run = runName(content, engine.kernelBuild, data)
  const from = await savedState(run, spec, states)
  const epochs = [...(from?.epochs ?? [])]
  const { masked } = days.source
  options.onStart?.({ trainDays: days.train.count, validateDays: days.validate.count, masked, resumed: [...epochs] })
  const onEpoch = async (epoch: Epoch, state: TrainingState): Promise<void> => {
    epochs.push(epoch)
    await states?.saveTrainingState(run, encodeState(run, state))
    await options.onEpoch(epoch)
  }
  const members = await train(engine, spec, days, schedule, rankIc, onEpoch, from)
  const { name, device, kernelBuild } = engine
  const artifact = createArtifact({ ...content, engine: { name, device, kernelBuild } }, members, sha256)
  return { artifact, days, epochs, resumedAfter: from?.epochs.length ?? 0, run, data }
}

async function savedState(
  run: string,
  spec: ArtifactContent['spec'],
  states: TrainingStates | undefined,
): Promise<TrainingState | null> {
  const bytes = await states?.trainingState(run)
  return bytes === undefined || bytes === null ? null : decodeState(run, spec, bytes)
}

const contentOf = (
  { set, horizon, schedule, ...options }: TrainOptions,
  spec: ArtifactContent['spec'],
  days: LabelledSeries,
): Omit<ArtifactContent, 'engine'> => ({
  set,
  spec,
  columns: modelColumns(set),
  catalogue: fingerprints[set],
  sizing: days.sizing,
  horizon,
  label: labelText(options.labelPrice ?? 'vwap', horizon),
  labelPrice: options.labelPrice ?? 'vwap',
  train: { ...options.train, days: days.train.count },
  validate: { ...options.validate, days: days.validate.count },
  embargo: days.embargoed,
  scaling: scalingOf(set),
  masked: [...days.source.masked],
  schedule: { ...schedule, seeds: [...schedule.seeds] },
})

const labelText = (price: LabelPrice, horizon: number): string => {
  const name = price === 'vwap' ? 'VWAP' : 'close'
  return `rank-gauss of ${name}(d+1+${horizon})/${name}(d+1)-1`
}

const scalingOf = (set: SetName): string[] =>
  set === 'PV'
    ? [
        'ln(price of t / close of t-1)',
        'ln(1+v) less its window mean',
        'z-score per (step, column) over the section',
        'clip 3',
      ]
    : ['winsorise median +- 5 * 1.4826 MAD', 'z-score per (step, column) over the section', 'clip 5']
