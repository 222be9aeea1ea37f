import type { Edges, GatTensors, Saved, Tensor } from '../../engine.ts'
import { addTimes, addTransposedTimes, timesTransposed } from './matrix.ts'
import { dense, lists, zeros, type Dense, type NeighbourLists } from './tensor.ts'

/**
 * Graph attention (Veličković et al. 2018) with the additive score factorised, so that no pair ever meets in a wide
 * tensor: with h̄ = W h, s_i = a_L·h̄_i and t_j = a_R·h̄_j per head,
 *   e_ij = LeakyReLU(s_i + t_j) for j ∈ N(i) ∪ {i}      α = softmax_j(e)      z_i = ELU(Σ_j α_ij h̄_j) + h_i
 */

export interface GatSaved extends Saved {
  readonly layer: 'gat'
  readonly h: Dense
  readonly edges: NeighbourLists
  readonly weights: GatTensors
  readonly slope: number
  /** W h, [n, H] */
  readonly projected: Dense
  /** α, [n, slots, heads]; 0 where a slot is empty. */
  readonly attention: Float64Array
  /** Derivative of LeakyReLU at s_i + t_j, 1 or the slope. */
  readonly steep: Float64Array
  /** ELU(Σ α h̄), [n, H] */
  readonly activated: Float64Array
}

/** a·h̄ per name and head: [n, heads]. */
const headScores = (projected: Dense, vector: Dense): Float64Array => {
  const [n, width] = projected.shape
  const [heads, size] = vector.shape
  const scores = new Float64Array(n * heads)
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < width; c++) {
      scores[i * heads + ((c / size) | 0)] += vector.data[c] * projected.data[i * width + c]
    }
  }
  return scores
}

/** Fills α and the slopes of one name and head. */
const attend = (saved: GatSaved, i: number, head: number, heads: number, s: Float64Array, t: Float64Array): void => {
  const { edges, attention, steep, slope } = saved
  const first = i * edges.slots
  let largest = -Infinity
  for (let j = 0; j < edges.slots; j++) {
    const neighbour = edges.index[first + j]
    if (neighbour < 0) continue
    const at = (first + j) * heads + head
    const v = s[i * heads + head] + t[neighbour * heads + head]
    steep[at] = v > 0 ? 1 : slope
    attention[at] = v * steep[at]
    if (attention[at] > largest) largest = attention[at]
  }
  let total = 0
  for (let j = 0; j < edges.slots; j++) {
    if (edges.index[first + j] < 0) continue
    const at = (first + j) * heads + head
    attention[at] = Math.exp(attention[at] - largest)
    total += attention[at]
  }
  for (let j = 0; j < edges.slots; j++) attention[(first + j) * heads + head] /= total
}

/** ELU of the attended sums of all names. */
const gather = (saved: GatSaved, heads: number): void => {
  const { edges, attention, activated } = saved
  const [n, width] = saved.projected.shape
  const size = width / heads
  const from = saved.projected.data
  for (let i = 0; i < n; i++) {
    const to = i * width
    for (let j = 0; j < edges.slots; j++) {
      const neighbour = edges.index[i * edges.slots + j]
      if (neighbour < 0) continue
      for (let head = 0; head < heads; head++) {
        const weight = attention[(i * edges.slots + j) * heads + head]
        for (let c = head * size; c < (head + 1) * size; c++) activated[to + c] += weight * from[neighbour * width + c]
      }
    }
    for (let c = to; c < to + width; c++) if (activated[c] < 0) activated[c] = Math.expm1(activated[c])
  }
}

export const gatForward = (
  hTensor: Tensor,
  edgesGiven: Edges,
  weights: GatTensors,
  slope: number,
): { z: Dense; saved: GatSaved } => {
  const h = dense(hTensor)
  const edges = lists(edgesGiven)
  const [n, width] = h.shape
  const heads = weights.left.shape[0]
  const projected = zeros([n, width])
  timesTransposed(h.data, dense(weights.weight).data, new Float64Array(width), projected.data, n, width, width)
  const saved: GatSaved = {
    layer: 'gat',
    h,
    edges,
    weights,
    slope,
    projected,
    attention: new Float64Array(n * edges.slots * heads),
    steep: new Float64Array(n * edges.slots * heads),
    activated: new Float64Array(n * width),
  }
  const s = headScores(projected, dense(weights.left))
  const t = headScores(projected, dense(weights.right))
  for (let i = 0; i < n; i++) for (let head = 0; head < heads; head++) attend(saved, i, head, heads, s, t)
  gather(saved, heads)
  const z = zeros([n, width])
  for (let c = 0; c < z.data.length; c++) z.data[c] = saved.activated[c] + h.data[c]
  return { z, saved }
}

/** Gradient of the score of each edge, [n, slots, heads]; adds Σ_i α_ij dΣ_i to dProjected on the way. */
const scoreGradients = (saved: GatSaved, heads: number, dSum: Float64Array, dProjected: Float64Array): Float64Array => {
  const { edges, attention, steep } = saved
  const [n, width] = saved.projected.shape
  const size = width / heads
  const from = saved.projected.data
  const dScore = new Float64Array(attention.length)
  for (let i = 0; i < n; i++) {
    for (let head = 0; head < heads; head++) {
      let mean = 0
      for (let j = 0; j < edges.slots; j++) {
        const neighbour = edges.index[i * edges.slots + j]
        if (neighbour < 0) continue
        const at = (i * edges.slots + j) * heads + head
        const weight = attention[at]
        let dot = 0
        for (let c = head * size; c < (head + 1) * size; c++) {
          const d = dSum[i * width + c]
          dot += d * from[neighbour * width + c]
          dProjected[neighbour * width + c] += weight * d
        }
        dScore[at] = dot
        mean += weight * dot
      }
      for (let j = 0; j < edges.slots; j++) {
        const at = (i * edges.slots + j) * heads + head
        dScore[at] = attention[at] * (dScore[at] - mean) * steep[at]
      }
    }
  }
  return dScore
}

/** Takes per-name score gradients [n, heads] back to the vector a (returned) and to h̄ (added). */
const headScoresBackward = (
  projected: Dense,
  vector: Dense,
  dScores: Float64Array,
  dProjected: Float64Array,
): Dense => {
  const [n, width] = projected.shape
  const [heads, size] = vector.shape
  const dVector = zeros(vector.shape)
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < width; c++) {
      const d = dScores[i * heads + ((c / size) | 0)]
      dVector.data[c] += d * projected.data[i * width + c]
      dProjected[i * width + c] += d * vector.data[c]
    }
  }
  return dVector
}

export const gatBackward = (saved: GatSaved, dz: Dense): { dh: Dense; weights: GatTensors } => {
  const { edges, activated, projected } = saved
  const [n, width] = projected.shape
  const heads = saved.weights.left.shape[0]
  const dSum = new Float64Array(n * width)
  for (let c = 0; c < dSum.length; c++) dSum[c] = dz.data[c] * (activated[c] < 0 ? activated[c] + 1 : 1)
  const dProjected = new Float64Array(n * width)
  const dScore = scoreGradients(saved, heads, dSum, dProjected)
  const ds = new Float64Array(n * heads)
  const dt = new Float64Array(n * heads)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < edges.slots; j++) {
      const neighbour = edges.index[i * edges.slots + j]
      if (neighbour < 0) continue
      for (let head = 0; head < heads; head++) {
        const d = dScore[(i * edges.slots + j) * heads + head]
        ds[i * heads + head] += d
        dt[neighbour * heads + head] += d
      }
    }
  }
  const left = headScoresBackward(projected, dense(saved.weights.left), ds, dProjected)
  const right = headScoresBackward(projected, dense(saved.weights.right), dt, dProjected)
  const weight = zeros([width, width])
  addTransposedTimes(dProjected, saved.h.data, weight.data, n, width, width)
  const dh = zeros([n, width])
  dh.data.set(dz.data)
  addTimes(dProjected, dense(saved.weights.weight).data, dh.data, n, width, width)
  return { dh, weights: { weight, left, right } }
}
