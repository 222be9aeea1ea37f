import type { SetName } from '../../schemas/topics.ts'
import { neutralise } from '../../models/composite/neutralise.ts'
import type { Engine } from '../../models/engine.ts'
import { placesOf } from '../../models/inputs/panel.ts'
import type { Artifact } from '../../models/training/artifact.ts'
import { score } from '../../models/training/score.ts'
import type { Store } from '../ports/store.ts'
import { SampleSource } from '../workers/training/sample-source.ts'
import type { StoredMarket } from '../workers/training/stored-market.ts'

/** Where factors are kept: the days and names of the prices. */
export interface FactorFrame {
  readonly dates: readonly string[]
  readonly instruments: readonly string[]
  readonly first: number
  readonly last: number
}

/** One factor over a span; [dates][instruments] of its frame, NaN = not scored. */
export interface ScoredFactor {
  readonly set: string
  readonly raw: Float64Array
  /** z-score of the residual on ln float cap and industries. */
  readonly neutral: Float64Array
  /** [dates] names that could have been scored. */
  readonly universe: Float64Array
  /** Name-days that were left out, by reason. */
  readonly exclusions: ReadonlyMap<string, number>
  /** Weights by day: of the graphs of a set, of the sets of ML_C. */
  readonly weights: readonly WeightSeries[]
  /** Inputs of the network that the market lacks, in words. */
  readonly masked: readonly string[]
}

export interface WeightSeries {
  readonly name: string
  /** [dates]; NaN where there is none. */
  readonly daily: Float64Array
}

export interface ScoreOptions {
  readonly store: Store
  readonly engine: Engine
  readonly market: StoredMarket
  readonly artifact: Artifact
  readonly frame: FactorFrame
  readonly onDay: (date: string) => void | Promise<void>
}

const graphLabels = ['industry', 'financial', 'flow'] as const

/** Scores a span anew by the code of training and of the model workers; each day reads what lies before it alone. */
export async function scoreFactor(options: ScoreOptions): Promise<ScoredFactor> {
  const { store, engine, market, artifact, frame } = options
  const { set, spec } = artifact.manifest
  const source = await SampleSource.over(store, market, set as SetName, spec)
  const usable = new Set(source.dates)
  const factor = emptyFactor(set, frame)
  const exclusions = new Map<string, number>()
  const weights = graphLabels.map((name) => ({ name, daily: new Float64Array(frame.dates.length).fill(NaN) }))
  for (let day = frame.first; day <= frame.last; day++) {
    const date = frame.dates[day]
    if (!usable.has(date)) {
      exclusions.set('window not whole', (exclusions.get('window not whole') ?? 0) + 1)
      continue
    }
    const section = source.section(date)
    for (const { reason } of section.exclusions) countReason(exclusions, reason)
    factor.universe[day] = section.instruments.length + section.exclusions.length
    const sample = source.sample(date)
    const scored = score(engine, artifact, sample)
    scored.graphWeights.forEach((weight, graph) => (weights[graph].daily[day] = weight))
    const { lnFloatCap, industries } = market.capsAndIndustries(date, sample.instruments)
    placeSection(factor.raw, frame, day, sample.instruments, scored.scores)
    placeSection(factor.neutral, frame, day, sample.instruments, neutralise(scored.scores, lnFloatCap, industries))
    await options.onDay(date)
  }
  return { ...factor, exclusions, weights: weights.filter(hasWeight), masked: source.masked }
}

export function emptyFactor(set: string, { dates, instruments }: FactorFrame) {
  const cells = dates.length * instruments.length
  return {
    set,
    raw: new Float64Array(cells).fill(NaN),
    neutral: new Float64Array(cells).fill(NaN),
    universe: new Float64Array(dates.length).fill(NaN),
  }
}

/** Writes one day's values of some names into a frame. */
export function placeSection(
  into: Float64Array,
  frame: FactorFrame,
  day: number,
  instruments: readonly string[],
  values: ArrayLike<number>,
): void {
  const places = placesOf(instruments, frame.instruments)
  places.forEach((place, i) => {
    if (place >= 0) into[day * frame.instruments.length + place] = values[i]
  })
}

/** Reasons carry numbers ("traded on 12 of 40 days"); without them they can be counted. */
function countReason(counts: Map<string, number>, reason: string): void {
  const kind = reason.split(':')[0]
  counts.set(kind, (counts.get(kind) ?? 0) + 1)
}

const hasWeight = ({ daily }: WeightSeries): boolean => daily.some((weight) => weight > 0)
