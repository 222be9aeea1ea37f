import { readFileSync } from 'node:fs'
import { parameterSlots, networkSpec, type Family, type NetworkSpec } from '../../../models/network/spec.ts'
import type { DaySample, GraphName } from '../../../models/sample.ts'

/** The vectors that make_vectors.py wrote with PyTorch in float64. */

interface StoredCase {
  family: Family
  n: number
  k: number
  entropyBonus: number
  x: number[]
  mask: number[]
  styles: number[]
  fundamentals: number[]
  graphs: Record<GraphName, number[] | null>
  label: (number | null)[]
  parameters: Record<string, number[]>
  scores: number[]
  graphWeights: number[]
  loss: number
  gradient: Record<string, number[]>
}

type StoredSpec = Pick<
  NetworkSpec,
  'features' | 'lookback' | 'hidden' | 'heads' | 'saHidden' | 'finHidden' | 'headHidden' | 'slope'
>

export interface VectorCase {
  readonly title: string
  readonly spec: NetworkSpec
  readonly sample: DaySample
  readonly parameters: Float64Array
  readonly entropyBonus: number
  readonly expected: Pick<StoredCase, 'scores' | 'graphWeights' | 'loss' | 'gradient'>
}

const sampleOf = (stored: StoredCase, spec: StoredSpec): DaySample => {
  const graph = (name: GraphName): Int32Array | null => {
    const neighbours = stored.graphs[name]
    return neighbours === null ? null : Int32Array.from(neighbours)
  }
  return {
    date: '2023-02-01',
    instruments: Array.from({ length: stored.n }, (_, i) => `S${i}`),
    n: stored.n,
    lookback: spec.lookback,
    features: spec.features,
    x: Float32Array.from(stored.x),
    mask: Float32Array.from(stored.mask),
    fundamentals: Float32Array.from(stored.fundamentals),
    graphs: { industry: graph('industry'), financial: graph('financial'), flow: graph('flow') },
    k: stored.k,
    styles: Float32Array.from(stored.styles),
    label: Float32Array.from(stored.label, (v) => v ?? NaN),
  }
}

export const vectorCases = (): VectorCase[] => {
  const text = readFileSync(new URL('./vectors.json', import.meta.url), 'utf8')
  const { spec: sizes, cases } = JSON.parse(text) as { spec: StoredSpec; cases: StoredCase[] }
  return cases.map((stored) => {
    const spec = networkSpec({ ...sizes, family: stored.family })
    const absent = Object.entries(stored.graphs).filter(([, neighbours]) => neighbours === null)
    return {
      title: [stored.family, ...absent.map(([name]) => `without the ${name} graph`)].join(' '),
      spec,
      sample: sampleOf(stored, sizes),
      parameters: Float64Array.from(parameterSlots(spec).flatMap((slot) => stored.parameters[slot.name])),
      entropyBonus: stored.entropyBonus,
      expected: stored,
    }
  })
}
