import type { Engine, FloatArray } from '../engine.ts'
import type { ScaledWindow } from '../inputs/window.ts'
import { checkSample } from '../network/check.ts'
import { scoreSection, stateBehind, type Scores } from '../network/network.ts'
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

const parametersOf = ({ manifest, weights }: Artifact, member: number): FloatArray => {
  const each = parameterCount(manifest.spec)
  return weights.subarray(member * each, (member + 1) * each)
}

/** State of a member's GRU [n, H] behind the days of a window of n names. */
export const memberState = (
  engine: Engine,
  artifact: Artifact,
  member: number,
  window: ScaledWindow,
  n: number,
): FloatArray => stateBehind(engine, artifact.manifest.spec, parametersOf(artifact, member), window, n)

/**
 * Scores of a section: the mean of the members' z-scored outputs, and the mean of their graph weights. Outputs
 * are averaged, not weights: epochs of one seed may lie far apart, and seeds always do. Gives way behind each member.
 * @param before members' states behind the window but its last day, of which alone the sample is then
 */
export function* scoreInSteps(
  engine: Engine,
  artifact: Artifact,
  sample: DaySample,
  before?: readonly FloatArray[],
): Generator<void, Scores> {
  const { spec, members } = artifact.manifest
  checkSample(spec, sample, before === undefined ? spec.lookback : 1)
  const scores = new Float64Array(sample.n)
  const graphWeights = [0, 0, 0]
  for (let m = 0; m < members.length; m++) {
    const one = scoreSection(engine, spec, parametersOf(artifact, m), sample, before?.[m])
    addStandardised(one.scores, 1 / members.length, scores)
    one.graphWeights.forEach((weight, g) => (graphWeights[g] += weight / members.length))
    yield
  }
  return { scores, graphWeights }
}

/** The scores of {@link scoreInSteps} in one go. */
export const score = (engine: Engine, artifact: Artifact, sample: DaySample): Scores =>
  resultOf(scoreInSteps(engine, artifact, sample))

/** What work in steps gives, without a pause between them. */
export function resultOf<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
