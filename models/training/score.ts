import type { Engine } from '../engine.ts'
import { checkSample } from '../network/check.ts'
import { scoreSection, type Scores } from '../network/network.ts'
import { parameterCount } from '../network/spec.ts'
import type { DaySample } from '../sample.ts'
import type { Artifact } from './artifact.ts'

/** z-scores over the section, population deviation; a section of equal values gives 0. */
const addStandardised = (values: Float64Array, share: number, into: Float64Array): void => {
  const n = values.length
  let sum = 0
  for (let i = 0; i < n; i++) sum += values[i]
  const mean = sum / n
  let square = 0
  for (let i = 0; i < n; i++) square += (values[i] - mean) ** 2
  const deviation = Math.sqrt(square / n)
  if (deviation === 0) return
  for (let i = 0; i < n; i++) into[i] += (share * (values[i] - mean)) / deviation
}

/**
 * Scores of a section: the mean of the members' z-scored outputs, and the mean of their graph weights. Outputs
 * are averaged, not weights: epochs of one seed may lie far apart, and seeds always do.
 */
export const score = (engine: Engine, artifact: Artifact, sample: DaySample): Scores => {
  const { spec, members } = artifact.manifest
  checkSample(spec, sample)
  const each = parameterCount(spec)
  const scores = new Float64Array(sample.n)
  const graphWeights = [0, 0, 0]
  for (let m = 0; m < members.length; m++) {
    const parameters = artifact.weights.subarray(m * each, (m + 1) * each)
    const one = scoreSection(engine, spec, parameters, sample)
    addStandardised(one.scores, 1 / members.length, scores)
    one.graphWeights.forEach((weight, g) => (graphWeights[g] += weight / members.length))
  }
  return { scores, graphWeights }
}
