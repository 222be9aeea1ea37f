import { fundamentalCount, type FeaturePanel, type Graph } from '../sample.ts'
import type { Fundamentals } from './fundamentals.ts'
import { NearestNeighbours } from './nearest-neighbours.ts'
import { dateIndex, panelColumn, section } from './panel.ts'
import { winsorise, zScore } from './section.ts'

/** Neighbours of a node in a full market. */
export const defaultNeighbours = 20

/** Members of the nine dimensions over f01..f36, in their order; domain.md §5. */
export const fundamentalDimensions = [
  ['growth', 5],
  ['profitability', 5],
  ['quality', 4],
  ['solvency', 4],
  ['capital_structure', 4],
  ['turnover', 4],
  ['goodwill', 2],
  ['research', 3],
  ['valuation', 5],
] as const

/** Days of flow that two names are compared on, and how many of them both must have. */
const flowDays = 20
const minimumFlowDays = 10

const flowColumns = ['c_nbr_s', 'c_nbr_m', 'c_nbr_l', 'c_nbr_xl'] as const

/**
 * Same industry, nearest in ln cap; equal distances in symbol order. Directed lists, no self-loops: a name without
 * industry or cap has no neighbours and is nobody's neighbour.
 * @param instruments sorted symbols
 * @param industries [n]; '' = unknown
 * @param lnCap [n]; NaN = unknown
 */
export function industryGraph(
  asOf: string,
  instruments: readonly string[],
  industries: readonly string[],
  lnCap: Float64Array,
  k: number = defaultNeighbours,
): Graph {
  const nearest = new NearestNeighbours(instruments.length, k)
  const members = new Map<string, number[]>()
  instruments.forEach((_, i) => {
    if (industries[i] === '' || Number.isNaN(lnCap[i])) return
    const group = members.get(industries[i])
    if (group === undefined) members.set(industries[i], [i])
    else group.push(i)
  })
  for (const group of members.values()) {
    for (const i of group) {
      for (const j of group) if (j !== i) nearest.offer(i, j, -Math.abs(lnCap[i] - lnCap[j]))
    }
  }
  return { name: 'industry', asOf, instruments, k, neighbours: nearest.neighbours }
}

/**
 * Nearest by cosine of the nine dimension scores. A score is the mean z of the members that a name reports, each
 * indicator winsorised at 5 MAD; a dimension of which it reports nothing counts as the section's mean.
 * A name that reports nothing is isolated.
 */
export function financialGraph(fundamentals: Fundamentals, k: number = defaultNeighbours): Graph {
  const n = fundamentals.instruments.length
  const width = fundamentalDimensions.length
  const scores = dimensionScores(fundamentals.values, n)
  const norms = Float64Array.from({ length: n }, (_, i) => Math.sqrt(dot(scores, i, i, width)))
  const nearest = new NearestNeighbours(n, k)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (j !== i && norms[i] > 0 && norms[j] > 0) nearest.offer(i, j, dot(scores, i, j, width) / (norms[i] * norms[j]))
    }
  }
  const { asOf, instruments } = fundamentals
  return { name: 'financial', asOf, instruments, k, neighbours: nearest.neighbours }
}

function dimensionScores(values: Float64Array, n: number): Float64Array {
  const width = fundamentalDimensions.length
  const sums = new Float64Array(n * width)
  const counts = new Float64Array(n * width)
  const column = new Float64Array(n)
  const dimensionOf = fundamentalDimensions.flatMap(([, members], dimension) => Array<number>(members).fill(dimension))
  for (let f = 0; f < fundamentalCount; f++) {
    for (let i = 0; i < n; i++) column[i] = values[i * fundamentalCount + f]
    zScore(winsorise(column))
    for (let i = 0; i < n; i++) {
      if (Number.isNaN(column[i])) continue
      sums[i * width + dimensionOf[f]] += column[i]
      counts[i * width + dimensionOf[f]]++
    }
  }
  return sums.map((sum, at) => (counts[at] === 0 ? 0 : sum / counts[at]))
}

function dot(rows: Float64Array, i: number, j: number, width: number): number {
  let sum = 0
  for (let f = 0; f < width; f++) sum += rows[i * width + f] * rows[j * width + f]
  return sum
}

/**
 * Highest positive Pearson correlation of the net buy ratios of the four order sizes over the last 20 days, on the
 * days that both names have; at least 10 of them.
 * @param panel C; rows after `asOf` are not looked at
 */
export function flowGraph(panel: FeaturePanel, asOf: string, k: number = defaultNeighbours): Graph {
  const n = panel.instruments.length
  const vectors = flowVectors(panel, dateIndex(panel, asOf))
  const nearest = new NearestNeighbours(n, k)
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const rho = flowCorrelation(vectors, i, j)
      if (!(rho > 0)) continue
      nearest.offer(i, j, rho)
      nearest.offer(j, i, rho)
    }
  }
  return { name: 'flow', asOf, instruments: panel.instruments, k, neighbours: nearest.neighbours }
}

/** @returns [n][20 days × 4 sizes]; all four of a day are NaN unless all four are there */
function flowVectors(panel: FeaturePanel, last: number): Float64Array {
  const n = panel.instruments.length
  const sizes = flowColumns.length
  const width = flowDays * sizes
  const columns = flowColumns.map((id) => panelColumn(panel, id))
  const vectors = new Float64Array(n * width).fill(NaN)
  for (let day = Math.max(0, last - flowDays + 1); day <= last; day++) {
    const slot = (day - last + flowDays - 1) * sizes
    const values = columns.map((column) => section(panel, day, column))
    for (let i = 0; i < n; i++) {
      if (values.some((size) => Number.isNaN(size[i]))) continue
      values.forEach((size, at) => (vectors[i * width + slot + at] = size[i]))
    }
  }
  return vectors
}

function flowCorrelation(vectors: Float64Array, i: number, j: number): number {
  const width = flowDays * flowColumns.length
  const a = i * width
  const b = j * width
  let count = 0
  let sumA = 0
  let sumB = 0
  for (let f = 0; f < width; f++) {
    const x = vectors[a + f]
    const y = vectors[b + f]
    if (Number.isNaN(x) || Number.isNaN(y)) continue
    count++
    sumA += x
    sumB += y
  }
  if (count < minimumFlowDays * flowColumns.length) return NaN
  const meanA = sumA / count
  const meanB = sumB / count
  let aa = 0
  let bb = 0
  let ab = 0
  for (let f = 0; f < width; f++) {
    const x = vectors[a + f] - meanA
    const y = vectors[b + f] - meanB
    if (Number.isNaN(x) || Number.isNaN(y)) continue
    aa += x * x
    bb += y * y
    ab += x * y
  }
  return ab / Math.sqrt(aa * bb)
}
