import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createReferenceEngine } from '../../models/network/reference/engine.ts'
import { scoreSection } from '../../models/network/network.ts'
import { networkSpec, type NetworkSpec } from '../../models/network/spec.ts'
import { checkArtifact, createArtifact, decodeArtifact, encodeArtifact } from '../../models/training/artifact.ts'
import { initialParameters } from '../../models/training/initial.ts'
import { seededRandom } from '../../models/training/random.ts'
import { score } from '../../models/training/score.ts'
import { defaultSchedule } from '../../models/training/train.ts'
import { untrainedContent } from '../artifacts/untrained.ts'
import { plantedSections } from './market.ts'

const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex')
const engine = createReferenceEngine('test')
const spec: NetworkSpec = networkSpec({ family: 'gru+gat', features: 2, lookback: 3, hidden: 4, heads: 2 })
const content = untrainedContent({
  ...{ set: 'PV', spec, columns: ['pv_open', 'pv_close'], masked: ['graph flow'] },
  scaling: ['z-score over the section, clipped at 3'],
  schedule: { ...defaultSchedule, seeds: [3] },
})
const members = [1, 2].map((epoch) => ({
  seed: 3,
  epoch,
  rankIc: epoch === 1 ? 0.125 : NaN,
  parameters: initialParameters(spec, seededRandom(epoch)),
}))
const artifact = createArtifact(content, members, sha256)
const encoded = encodeArtifact(artifact)

const changed = (change: (manifest: Record<string, unknown>) => void): string => {
  const manifest = JSON.parse(encoded.manifest) as Record<string, unknown>
  change(manifest)
  return JSON.stringify(manifest)
}

describe('artifacts', () => {
  it('come back as they were, also from a manifest that was formatted anew with its keys in another order', () => {
    expect(decodeArtifact(encoded, sha256)).toEqual(artifact)
    const reversed = Object.fromEntries(Object.entries(JSON.parse(encoded.manifest) as object).reverse())
    expect(decodeArtifact({ ...encoded, manifest: JSON.stringify(reversed) }, sha256)).toEqual(artifact)
  })

  it.each([
    ['no JSON', encoded.manifest.slice(1), encoded.weights, /is no JSON/],
    ['another format', changed((m) => (m['format'] = 'x')), encoded.weights, /field format/],
    ['a field that is missing', changed((m) => delete m['catalogue']), encoded.weights, /field catalogue/],
    ['a field that is unknown', changed((m) => (m['extra'] = 1)), encoded.weights, /extra/],
    ['a changed horizon', changed((m) => (m['horizon'] = 10)), encoded.weights, /hash is/],
    ['weights cut short', encoded.manifest, encoded.weights.subarray(4), /weights\.length is/],
    ['half a weight', encoded.manifest, encoded.weights.subarray(2), /no f32 values/],
    ['a changed bit', encoded.manifest, encoded.weights.map((b, i) => (i === 9 ? b ^ 1 : b)), /weightsHash is/],
  ])('are refused with %s', (_, manifest, weights, message) => {
    expect(() => decodeArtifact({ manifest, weights }, sha256)).toThrow(message)
    expect(() => decodeArtifact({ manifest, weights }, sha256)).toThrow('CB_ARTIFACT')
  })

  it('are refused for another set, other columns or another catalogue than the day has, naming the field', () => {
    checkArtifact(artifact, { set: 'PV', columns: content.columns, catalogue: 'abc' })
    expect(() => checkArtifact(artifact, { set: 'C' })).toThrow(/set is "PV", expected "C"/)
    expect(() => checkArtifact(artifact, { columns: ['pv_close', 'pv_open'] })).toThrow(/columns is/)
    expect(() => checkArtifact(artifact, { catalogue: 'abd' })).toThrow(/catalogue is/)
  })

  it('are not made of columns that do not fit the network, nor of weights that are no numbers', () => {
    expect(() => createArtifact({ ...content, columns: ['pv_open'] }, members, sha256)).toThrow(/columns\.length is 1/)
    const broken = [{ ...members[0], parameters: members[0].parameters.map(() => NaN) }]
    expect(() => createArtifact(content, broken, sha256)).toThrow(/weights\[0\] is NaN/)
  })

  it('score with the mean of the members’ z-scored outputs', () => {
    const [day] = plantedSections(3, 1, { n: 20, lookback: 3, features: 2, k: 4 }, { own: 1, neighbours: 1, noise: 1 })
    const standardised = members.map(({ parameters }) => {
      const { scores } = scoreSection(engine, spec, parameters, day)
      const mean = scores.reduce((sum, v) => sum + v, 0) / 20
      const deviation = Math.sqrt(scores.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 20)
      return scores.map((v) => (v - mean) / deviation)
    })
    const { scores, graphWeights } = score(engine, artifact, { ...day, label: new Float32Array(0) })
    scores.forEach((v, i) => expect(v).toBeCloseTo((standardised[0][i] + standardised[1][i]) / 2, 12))
    expect(graphWeights).toEqual([1, 0, 0])
  })

  it('refuse a window of another length', () => {
    const [day] = plantedSections(3, 1, { n: 20, lookback: 4, features: 2, k: 4 }, { own: 1, neighbours: 1, noise: 1 })
    expect(() => score(engine, artifact, day)).toThrow(/window of 4 days for a network of 3/)
  })
})
