import { composeMlC, requiredSets } from '../../models/composite/compose.ts'
import { equalWeights } from '../../models/composite/long-only-weights.ts'
import { neutralise } from '../../models/composite/neutralise.ts'
import { rankIc } from '../../models/evaluation/correlation.ts'
import { styleWindow, type StyleHistory } from '../../models/inputs/style-window.ts'
import { styleNames, type DaySample } from '../../models/sample.ts'
import type { Artifact } from '../../models/training/artifact.ts'
import type { DaySeries } from '../../models/training/day-series.ts'
import { permutation, seededRandom, type Random } from '../../models/training/random.ts'
import { score } from '../../models/training/score.ts'
import { train } from '../../models/training/train.ts'
import type { SetName } from '../../schemas/topics.ts'
import type { ModelsFolder } from '../../src/workers/models-folder.ts'
import { neutralisers } from '../../src/workers/scoring/inputs.ts'
import { LogView } from '../../src/workers/scoring/log-view.ts'
import { labelledSeries } from '../../src/workers/training/samples.ts'
import type { CheckedMarket } from './checked-market.ts'
import type { Judge } from './outcomes.ts'
import { shuffledLabels } from './shuffled-labels.ts'
import { checkedSets, engine, horizon, type Spans } from './trained-line.ts'

/**
 * Models that are only compared with each other: their factors are neutralised and composed with equal weights, so
 * that a difference is one of the networks alone.
 */
export class Comparison {
  readonly #checked: CheckedMarket
  readonly #judge: Judge
  readonly #view: LogView
  readonly #samples: ReadonlyMap<SetName, readonly DaySample[]>

  private constructor(
    checked: CheckedMarket,
    judge: Judge,
    view: LogView,
    samples: ReadonlyMap<SetName, readonly DaySample[]>,
  ) {
    this.#checked = checked
    this.#judge = judge
    this.#view = view
    this.#samples = samples
  }

  /** Reads the out-of-sample days of a market once. */
  static async of(checked: CheckedMarket, judge: Judge, models: ModelsFolder, spans: Spans): Promise<Comparison> {
    const samples = new Map<SetName, readonly DaySample[]>()
    const [from, to] = [spans.test[0] as string, checked.market.dates.at(-1) as string]
    for (const set of checkedSets) {
      const { spec } = (await promotedOf(models, set)).manifest
      const request = { store: checked.store, profile: 'cn', set, spec, horizon }
      const days = await labelledSeries({ ...request, train: spans.validate, validate: { from, to } })
      samples.set(set, built(days.validate))
    }
    const view = new LogView(checked.bus, 'cn')
    // From the first of them on: a view that follows the last would have forgotten the inputs of the first.
    await view.refresh(from)
    return new Comparison(checked, judge, view, samples)
  }

  /** Daily RankIC of the composite of three artifacts; `styles` replaces the style returns that SA reads. */
  rankIcs(artifacts: readonly Artifact[], styles?: StyleHistory): number[] {
    const dates = (this.#samples.get(checkedSets[0] as SetName) as readonly DaySample[]).map(({ date }) => date)
    return dates.map((date, day) => {
      const exposures = this.#view.inputs.get(`exposures|${date}`)
      if (exposures === undefined) throw new Error(`${date} was not opened`)
      const instruments = this.#sample(0, day).instruments
      const names = neutralisers(exposures, instruments)
      const factors = artifacts.map((artifact, set) => {
        const sample = this.#sample(set, day)
        const read = styles === undefined ? sample : { ...sample, styles: styleWindow(styles, date).values }
        return neutralise(score(engine, artifact, read).scores, names.lnFloatCap, names.industries)
      })
      const weights = equalWeights(factors.length)
      const requireAtLeast = requiredSets(factors.length)
      const parts = { factors, saWeights: weights, longOnlyWeights: weights, requireAtLeast, ...names }
      return this.#judge(date, instruments, composeMlC(parts).neutral)
    })
  }

  #sample(set: number, day: number): DaySample {
    const samples = this.#samples.get(checkedSets[set] as SetName) as readonly DaySample[]
    return samples[day] as DaySample
  }

  /** Artifacts as the promoted ones, trained anew on labels that were shuffled within each day. */
  async shuffled(models: ModelsFolder, spans: Spans, seed: number): Promise<Artifact[]> {
    const { store } = this.#checked
    const random = seededRandom(seed)
    const artifacts: Artifact[] = []
    for (const set of checkedSets) {
      const { manifest } = await promotedOf(models, set)
      const { spec, schedule } = manifest
      const again = { ...schedule, hiddenFundamentals: schedule.hiddenFundamentals ?? 0, seeds: [seed] }
      const request = { store, profile: 'cn', set, spec, horizon, train: spans.train, validate: spans.validate }
      const days = await labelledSeries(request)
      const lots = {
        train: built(days.train).map((sample) => shuffledLabels(sample, random)),
        validate: built(days.validate).map((sample) => shuffledLabels(sample, random)),
      }
      const members = await train(engine, spec, lots, again, rankIc, () => undefined)
      const each = (members[0] as (typeof members)[number]).parameters.length
      const weights = new Float32Array(each * members.length)
      members.forEach(({ parameters }, m) => weights.set(parameters, m * each))
      artifacts.push({ manifest: { ...manifest, members }, weights })
    }
    return artifacts
  }
}

export async function promotedOf(models: ModelsFolder, set: SetName): Promise<Artifact> {
  const artifact = await models.promoted(set)
  if (artifact === null) throw new Error(`no model of ${set} is promoted`)
  return artifact
}

export const promotedLine = (models: ModelsFolder): Promise<Artifact[]> =>
  Promise.all(checkedSets.map((set) => promotedOf(models, set)))

/** All days of a span, for a market small enough to be held. */
const built = (series: DaySeries): DaySample[] => Array.from({ length: series.count }, (_, day) => series.sample(day))

/** The same style returns, their days in another order. */
export function reordered(history: StyleHistory, random: Random): StyleHistory {
  const width = styleNames.length
  const returns = new Float64Array(history.returns.length)
  permutation(history.dates.length, random).forEach((from, to) => {
    returns.set(history.returns.subarray(from * width, (from + 1) * width), to * width)
  })
  return { dates: history.dates, returns }
}
