import { ClosebellError } from '../../../schemas/errors.ts'
import type { SetName } from '../../../schemas/topics.ts'
import { rankIc } from '../../../models/evaluation/correlation.ts'
import type { Engine } from '../../../models/engine.ts'
import { networkSpec, type Family } from '../../../models/network/spec.ts'
import { createArtifact, type Artifact, type LabelPrice } from '../../../models/training/artifact.ts'
import { train, type Epoch, type Schedule } from '../../../models/training/train.ts'
import type { Store } from '../../ports/store.ts'
import { sha256 } from '../../wire/index.ts'
import { fingerprints } from '../fingerprints.ts'
import { modelColumns } from '../scoring/sample-builder.ts'
import { labelledSeries, type LabelledSeries, type Span } from './samples.ts'

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
  readonly onEpoch: (epoch: Epoch) => void | Promise<void>
}

export interface Trained {
  readonly artifact: Artifact
  readonly days: LabelledSeries
}

/** Trains one set on stored rows. @throws ClosebellError CB_NO_HISTORY when a span has no usable day */
export async function trainSet(options: TrainOptions): Promise<Trained> {
  const { set, family, lookback, hidden, horizon, profile, store, engine, schedule, selfLoopsOnly } = options
  if (options.validate.from <= options.train.to) {
    throw new ClosebellError(
      'CB_USAGE',
      `validation begins ${options.validate.from}, training ends ${options.train.to}`,
    )
  }
  const columns = modelColumns(set)
  if (columns.length === 0) throw new ClosebellError('CB_USAGE', `set ${set} has no inputs yet`)
  const spec = networkSpec({ family, features: columns.length, lookback, hidden, selfLoopsOnly })
  const spans = { train: options.train, validate: options.validate }
  const labelPrice = options.labelPrice ?? 'vwap'
  const days = await labelledSeries({ store, profile, set, spec, horizon, labelPrice, ...spans })
  const members = await train(engine, spec, days, schedule, rankIc, options.onEpoch)
  const artifact = createArtifact(
    {
      set,
      spec,
      columns,
      catalogue: fingerprints[set],
      sizing: days.sizing,
      horizon,
      label: labelText(labelPrice, horizon),
      labelPrice,
      train: { ...options.train, days: days.train.count },
      validate: { ...options.validate, days: days.validate.count },
      embargo: days.embargoed,
      scaling: scalingOf(set),
      masked: [...days.source.masked],
      schedule: { ...schedule, seeds: [...schedule.seeds] },
      engine: { name: engine.name, device: engine.device, kernelBuild: engine.kernelBuild },
    },
    members,
    sha256,
  )
  return { artifact, days }
}

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
