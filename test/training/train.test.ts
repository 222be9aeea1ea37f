import { beforeAll, describe, expect, it } from 'vitest'
import { scoreSection } from '../../models/network/network.ts'
import { createReferenceEngine } from '../../models/network/reference/engine.ts'
import { networkSpec, parameterCount } from '../../models/network/spec.ts'
import { initialParameters } from '../../models/training/initial.ts'
import { seededRandom } from '../../models/training/random.ts'
import { defaultSchedule, train, type Epoch, type Member } from '../../models/training/train.ts'
import { plantedSections, spearman } from './market.ts'

const engine = createReferenceEngine('test')
const sizes = { n: 60, lookback: 3, features: 3, k: 5 }
const spec = networkSpec({ family: 'gru+gat', features: 3, lookback: 3, hidden: 8, heads: 2 })
const schedule = { ...defaultSchedule, learningRate: 5e-3, warmUp: 10, epochs: 8 }
const days = plantedSections(11, 60, sizes, { own: 0, neighbours: 1.5, noise: 1 })
const spans = { train: days.slice(0, 24), validate: days.slice(24, 34) }
const outOfSample = days.slice(34)

const rankIcs = (member: Member, of = spec): number[] =>
  outOfSample.map((day) =>
    spearman(scoreSection(engine, of, member.parameters, day).scores, Float64Array.from(day.label)),
  )
const mean = (values: number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length

describe('training', () => {
  const epochs: Epoch[] = []
  let members: Member[] = []
  beforeAll(async () => {
    members = await train(engine, spec, spans, schedule, spearman, (epoch) => void epochs.push(epoch))
  })

  it('finds what neighbours tell, which self loops cannot', async () => {
    const alone = { ...spec, selfLoopsOnly: true }
    const [without] = await train(engine, alone, spans, schedule, spearman, () => undefined)
    const gain = rankIcs(members[0]).map((rankIc, d) => rankIc - rankIcs(without, alone)[d])
    const deviation = Math.sqrt(mean(gain.map((g) => (g - mean(gain)) ** 2)) / (gain.length - 1))
    expect(mean(rankIcs(members[0]))).toBeGreaterThan(0.3)
    expect(mean(gain) / deviation).toBeGreaterThan(3)
  })

  it('reports each epoch, with a loss that falls, and keeps the two best by RankIC', () => {
    expect(epochs.map((epoch) => epoch.epoch)).toEqual(epochs.map((_, e) => e + 1))
    expect(epochs.at(-1)!.loss).toBeLessThan(epochs[0].loss - 0.1)
    const best = epochs.map((epoch) => epoch.rankIc).sort((a, b) => b - a)
    expect(members.map((member) => member.rankIc)).toEqual(best.slice(0, 2))
  })

  it('gives the same bits for the same seed, others for another, and kept epochs do not move afterwards', async () => {
    const both = { ...schedule, seeds: [0, 1], epochs: 3 }
    const run = (): Promise<Member[]> => train(engine, spec, spans, both, spearman, () => undefined)
    const [first, second] = [await run(), await run()]
    expect(second).toEqual(first)
    expect(first.map((member) => member.seed)).toEqual([0, 0, 1, 1])
    expect(first[2].parameters).not.toEqual(first[0].parameters)
    expect(first[0].parameters).not.toEqual(first[1].parameters)
  })

  it('stops after `patience` epochs without a better RankIC, and counts NaN as no better', async () => {
    const seen: number[] = []
    const never = { ...schedule, patience: 2 }
    await train(
      engine,
      spec,
      spans,
      never,
      () => NaN,
      (epoch) => void seen.push(epoch.epoch),
    )
    expect(seen).toEqual([1, 2, 3])
  })

  it('leaves names without a label out of loss and RankIC', async () => {
    const counts: number[] = []
    const holes = spans.validate.map((day) => ({ ...day, label: day.label.map((v, i) => (i < 7 ? NaN : v)) }))
    const once = { ...schedule, epochs: 1 }
    const count = (scores: Float64Array, labels: Float64Array): number => counts.push(scores.length, labels.length)
    await train(engine, spec, { ...spans, validate: holes }, once, count, () => undefined)
    expect(new Set(counts)).toEqual(new Set([53]))
  })

  it.each([
    ['no training days', { ...spans, train: [] }, /CB_NO_HISTORY: 0 training days, 10 validation days/],
    ['a wrong width', { ...spans, train: [{ ...days[0], features: 4 }] }, /4 features for a network of 3/],
    ['a short tensor', { ...spans, train: [{ ...days[0], x: new Float32Array(3) }] }, /3 values of x, expected 540/],
    ['a NaN input', { ...spans, train: [{ ...days[0], mask: days[0].mask.map(() => NaN) }] }, /mask\[0\] is NaN/],
    [
      'a neighbour outside of the section',
      { ...spans, train: [{ ...days[0], graphs: { ...days[0].graphs, flow: new Int32Array(300).fill(60) } }] },
      /flow neighbour 60 in a section of 60/,
    ],
  ])('refuses %s', async (_, given, message) => {
    await expect(train(engine, spec, given, schedule, spearman, () => undefined)).rejects.toThrow(message)
  })
})

describe('first weights', () => {
  it('let all graphs that exist weigh the same, 1/3 each, or 1/2 where the financial graph is absent', () => {
    const sa = networkSpec({ family: 'gru+gat_sa+fin', features: 3, lookback: 3, hidden: 8 })
    const parameters = initialParameters(sa, seededRandom(5))
    expect(parameters.length).toBe(parameterCount(sa))
    const { industry } = days[0].graphs
    const weights = (financial: Int32Array | null): number[] =>
      scoreSection(engine, sa, parameters, { ...days[0], graphs: { industry, financial, flow: industry } }).graphWeights
    expect(weights(industry)).toEqual([1 / 3, 1 / 3, 1 / 3])
    expect(weights(null)).toEqual([0.5, 0, 0.5])
  })
})
