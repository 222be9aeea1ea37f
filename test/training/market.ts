import type { Graph } from '../../models/sample.ts'
import type { DaySample } from '../../models/sample.ts'
import { normal, seededRandom } from '../../models/training/random.ts'

/**
 * Sections with a signal that is known: the label is `own` times the last day's first feature, plus `neighbours`
 * times its mean over the industry's other names, plus noise. Industries are drawn, so that a name's own features
 * say nothing about its neighbours'.
 */
export interface PlantedSignal {
  readonly own: number
  readonly neighbours: number
  readonly noise: number
}

export const plantedSections = (
  seed: number,
  days: number,
  sizes: { n: number; lookback: number; features: number; k: number },
  signal: PlantedSignal,
): DaySample[] => {
  const random = seededRandom(seed)
  const { n, lookback, features, k } = sizes
  const group = k + 1
  const neighbours: Graph['neighbours'] = Int32Array.from({ length: n * k }, (_, at) => {
    const i = Math.floor(at / k)
    const first = Math.floor(i / group) * group
    const other = first + ((i - first + 1 + (at % k)) % group)
    return other < n ? other : -1
  })
  return Array.from({ length: days }, (_, d): DaySample => {
    const x = Float32Array.from({ length: lookback * n * features }, () => normal(random))
    const last = (i: number): number => x[((lookback - 1) * n + i) * features]
    const label = Float32Array.from({ length: n }, (_, i) => {
      const others = [...neighbours.subarray(i * k, (i + 1) * k)].filter((j) => j >= 0)
      const mean = others.reduce((sum, j) => sum + last(j), 0) / Math.max(1, others.length)
      return signal.own * last(i) + signal.neighbours * mean + signal.noise * normal(random)
    })
    return {
      date: `2023-${String(1 + Math.floor(d / 28)).padStart(2, '0')}-${String(1 + (d % 28)).padStart(2, '0')}`,
      instruments: Array.from({ length: n }, (_, i) => `S${String(i).padStart(4, '0')}`),
      n,
      lookback,
      features,
      x,
      mask: new Float32Array(lookback * n).fill(1),
      fundamentals: Float32Array.from({ length: n * 36 }, () => normal(random)),
      graphs: { industry: neighbours, financial: null, flow: null },
      k,
      styles: Float32Array.from({ length: 200 }, () => normal(random)),
      label,
    }
  })
}

/** Spearman's correlation by Pearson over ranks; drawn values have no ties. */
export const spearman = (a: Float64Array, b: Float64Array): number => {
  const ranks = (values: Float64Array): number[] => {
    const order = [...values.keys()].sort((i, j) => values[i] - values[j])
    const rank: number[] = []
    order.forEach((i, r) => (rank[i] = r - (values.length - 1) / 2))
    return rank
  }
  const [x, y] = [ranks(a), ranks(b)]
  const dot = (u: number[], v: number[]): number => u.reduce((sum, value, i) => sum + value * v[i], 0)
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y))
}
