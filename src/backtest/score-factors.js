import { neutralise } from '../../models/composite/neutralise.js'
import { placesOf } from '../../models/inputs/panel.js'
import { score } from '../../models/training/score.js'
import { SampleSource } from '../workers/training/sample-source.js'
const graphLabels = ['industry', 'financial', 'flow']
/** Scores a span anew by the code of training and of the model workers; each day reads what lies before it alone. */
export async function scoreFactor(options) {
  const { store, engine, market, artifact, frame } = options
  const { set, spec } = artifact.manifest
  const source = await SampleSource.over(store, market, set, spec)
  const usable = new Set(source.dates)
  const factor = emptyFactor(set, frame)
  const exclusions = new Map()
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
export function emptyFactor(set, { dates, instruments }) {
  const cells = dates.length * instruments.length
  return {
    set,
    raw: new Float64Array(cells).fill(NaN),
    neutral: new Float64Array(cells).fill(NaN),
    universe: new Float64Array(dates.length).fill(NaN),
  }
}
/** Writes one day's values of some names into a frame. */
export function placeSection(into, frame, day, instruments, values) {
  const places = placesOf(instruments, frame.instruments)
  places.forEach((place, i) => {
    if (place >= 0) into[day * frame.instruments.length + place] = values[i]
  })
}
/** Reasons carry numbers ("traded on 12 of 40 days"); without them they can be counted. */
function countReason(counts, reason) {
  const kind = reason.split(':')[0]
  counts.set(kind, (counts.get(kind) ?? 0) + 1)
}
const hasWeight = ({ daily }) => daily.some((weight) => weight > 0)
//# sourceMappingURL=score-factors.js.map
