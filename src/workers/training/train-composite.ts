import { sets, type SetName } from '../../../schemas/topics.ts'
import { stateDay, type StateDay } from '../../../models/composite/state-loss.ts'
import { trainStateWeights } from '../../../models/composite/state-weights.ts'
import { neutralise } from '../../../models/composite/neutralise.ts'
import type { Engine } from '../../../models/engine.ts'
import type { DaySample } from '../../../models/sample.ts'
import type { Artifact } from '../../../models/training/artifact.ts'
import { seededRandom } from '../../../models/training/random.ts'
import { score } from '../../../models/training/score.ts'
import type { Store } from '../../ports/store.ts'
import type { CompositeModel, ModelsFolder } from '../models-folder.ts'
import { labelledSeries } from './samples.ts'
import { storedCaps, type Caps } from './stored-inputs.ts'

export interface CompositeTraining {
  readonly store: Store
  readonly engine: Engine
  readonly profile: string
  readonly models: ModelsFolder
  readonly seed: number
}

/**
 * Trains the composite's state-adaptive weights over the promoted sets on their common validation days, which no set
 * was fitted to. Null below two sets, or when they were trained for different horizons or spans.
 */
export async function trainComposite(options: CompositeTraining): Promise<CompositeModel | null> {
  const promoted = await promotedOf(options.models)
  const [first] = promoted
  if (first === undefined || promoted.length < 2) return null
  const { horizon, train, validate } = first.manifest
  const alike = promoted.every(
    ({ manifest }) =>
      manifest.horizon === horizon && manifest.validate.from === validate.from && manifest.validate.to === validate.to,
  )
  if (!alike) return null
  const { store, profile, engine } = options
  const scored: { artifact: Artifact; samples: Map<string, DaySample> }[] = []
  for (const artifact of promoted) {
    const { set, spec, labelPrice } = artifact.manifest
    const days = await labelledSeries({ store, profile, set, spec, horizon, labelPrice, train, validate })
    const samples = Array.from({ length: days.validate.count }, (_, day) => days.validate.sample(day))
    scored.push({ artifact, samples: new Map(samples.map((sample) => [sample.date, sample])) })
  }
  const caps = await storedCaps(store, validate.from, validate.to)
  const dates = [...(scored[0]?.samples.keys() ?? [])].filter((date) =>
    scored.every(({ samples }) => samples.has(date)),
  )
  const days = dates.flatMap((date): readonly StateDay[] => {
    const factors = scored.map(({ artifact, samples }) =>
      neutralFactor(engine, artifact, samples.get(date) as DaySample, caps.get(date)),
    )
    const sample = scored[0]?.samples.get(date) as DaySample
    const day = stateDay(sample.styles, factors, sample.label)
    return day === null ? [] : [day]
  })
  const model = trainStateWeights({
    sets: promoted.map(({ manifest }) => manifest.set),
    days,
    random: seededRandom(options.seed),
  })
  if (model === null) return null
  const composite = {
    artifacts: Object.fromEntries(promoted.map(({ manifest }) => [manifest.set, manifest.hash])),
    horizon,
    model,
  }
  await options.models.saveComposite(composite)
  return composite
}

async function promotedOf(models: ModelsFolder): Promise<Artifact[]> {
  const found: Artifact[] = []
  for (const set of sets as readonly SetName[]) {
    const artifact = await models.promoted(set)
    if (artifact !== null) found.push(artifact)
  }
  return found
}

function neutralFactor(engine: Engine, artifact: Artifact, sample: DaySample, caps: Caps | undefined): Float64Array {
  const { scores } = score(engine, artifact, sample)
  const lnFloatCap = Float64Array.from(sample.instruments, (symbol) =>
    Math.log(caps?.get(symbol)?.floatCap ?? Number.NaN),
  )
  const industries = sample.instruments.map((symbol) => String(caps?.get(symbol)?.industry ?? ''))
  return neutralise(scores, lnFloatCap, industries)
}
