import { networkSpec, parameterCount, type Family, type NetworkSpec } from '../../models/network/spec.ts'
import { normal, type Random } from '../../models/training/random.ts'
import type { DaySample } from '../../models/sample.ts'

/** Random networks and sections for property tests: small, ragged, with holes wherever holes may be. */

const between = (random: Random, low: number, high: number): number => low + Math.floor(random() * (high - low + 1))

const drawSpec = (random: Random, family: Family): NetworkSpec => {
  const heads = between(random, 1, 3)
  return networkSpec({
    family,
    features: between(random, 1, 5),
    lookback: between(random, 1, 4),
    hidden: heads * between(random, 1, 4),
    heads,
    saHidden: between(random, 1, 4),
    finHidden: between(random, 1, 5),
    headHidden: between(random, 2, 6),
    // TensorFlow takes the slope as f32: one that f32 holds exactly lets f64 runs be compared to their last digits.
    slope: 0.25,
  })
}

const normals = (random: Random, count: number, scale = 1): Float32Array =>
  Float32Array.from({ length: count }, () => normal(random) * scale)

export const drawSample = (random: Random, spec: NetworkSpec, n: number, k: number): DaySample => {
  const graph = (): Int32Array | null =>
    random() > 0.25 ? Int32Array.from({ length: n * k }, () => (random() < 0.3 ? -1 : between(random, 0, n - 1))) : null
  const label = normals(random, n)
  label[between(random, 0, n - 1)] = NaN
  return {
    date: '2023-02-01',
    instruments: Array.from({ length: n }, (_, i) => `S${i}`),
    n,
    lookback: spec.lookback,
    features: spec.features,
    x: normals(random, spec.lookback * n * spec.features),
    mask: Float32Array.from({ length: spec.lookback * n }, () => (random() < 0.2 ? 0 : 1)),
    fundamentals: normals(random, n * 36),
    graphs: { industry: graph(), financial: graph(), flow: graph() },
    k,
    styles: normals(random, 200),
    label,
  }
}

export const drawParameters = (random: Random, spec: NetworkSpec): Float64Array =>
  Float64Array.from(normals(random, parameterCount(spec), 0.3))

interface DrawnCase {
  spec: NetworkSpec
  sample: DaySample
  parameters: Float64Array
}

/** As small as it gets, down to one hidden unit and no neighbour slot. */
export const drawCase = (random: Random, family: Family): DrawnCase => {
  const spec = drawSpec(random, family)
  const sample = drawSample(random, spec, between(random, 5, 12), between(random, 0, 4))
  return { spec, sample, parameters: drawParameters(random, spec) }
}

/** A section of the size that a small market has. */
export const ordinaryCase = (random: Random, family: Family): DrawnCase => {
  const spec = networkSpec({ family, features: 6, lookback: 10, hidden: 16 })
  return { spec, sample: drawSample(random, spec, 96, 6), parameters: drawParameters(random, spec) }
}
