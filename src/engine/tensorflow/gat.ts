import type { Edges, GatTensors, Saved } from '../../../models/engine.ts'
import { handle, type Handle, type Operations } from './operations.ts'

/**
 * Graph attention over neighbour lists [n, K] (slot 0 the name itself) in stock operations. The widest tensor is
 * [n, K, H]; the score is factorised, so that no [n, n] one exists.
 */

export class NeighbourHandles implements Edges {
  readonly n: number
  /** [n, K], 0 where a slot is empty. */
  readonly index: Handle
  /** [n, K, 1]: 0, or a number so low that its exponential is exactly 0, where a slot is empty. */
  readonly absent: Handle

  constructor(ops: Operations, neighbours: Int32Array, n: number, k: number) {
    const slots = k + 1
    const index = new Int32Array(n * slots)
    const absent = new Float32Array(n * slots)
    for (let i = 0; i < n; i++) {
      index[i * slots] = i
      for (let j = 0; j < k; j++) {
        const neighbour = neighbours[i * k + j]
        index[i * slots + 1 + j] = Math.max(0, neighbour)
        absent[i * slots + 1 + j] = neighbour < 0 ? -1e30 : 0
      }
    }
    this.n = n
    this.index = ops.uploadIndices(index, [n, slots])
    this.absent = ops.upload(absent, [n, slots, 1])
  }
}

export interface GatSaved extends Saved {
  readonly layer: 'gat'
  readonly h: Handle
  readonly edges: NeighbourHandles
  readonly weights: GatTensors
  readonly slope: number
  /** W h, [n, heads, size] */
  readonly projected: Handle
  /** W h of the neighbours, [n, K, heads, size] */
  readonly gathered: Handle
  /** s_i + t_j, [n, K, heads] */
  readonly raw: Handle
  /** α, [n, K, heads] */
  readonly attention: Handle
  /** ELU(Σ α h̄), [n, heads, size] */
  readonly activated: Handle
}

export const gatForward = (
  ops: Operations,
  h: Handle,
  edges: NeighbourHandles,
  weights: GatTensors,
  slope: number,
  keep: boolean,
): { z: Handle; saved: GatSaved | null } => {
  const [n, width] = h.shape
  const [heads, size] = weights.left.shape
  const slots = edges.index.shape[1]
  const { z, ...parts } = ops.keep(() => {
    const projected = ops.reshape(ops.matMul(h, handle(weights.weight), 'second'), [n, heads, size])
    const left = ops.reduce('Sum', ops.binary('Mul', projected, handle(weights.left)), 2)
    const right = ops.reduce('Sum', ops.binary('Mul', projected, handle(weights.right)), 2)
    const raw = ops.binary('AddV2', ops.reshape(left, [n, 1, heads]), ops.gather(right, edges.index))
    const scores = ops.binary('AddV2', ops.leakyRelu(raw, slope), edges.absent)
    const powers = ops.unary('Exp', ops.binary('Sub', scores, ops.reduce('Max', scores, 1, true)))
    const attention = ops.binary('RealDiv', powers, ops.reduce('Sum', powers, 1, true))
    const gathered = ops.gather(projected, edges.index)
    const weighted = ops.binary('Mul', ops.reshape(attention, [n, slots, heads, 1]), gathered)
    const activated = ops.unary('Elu', ops.reduce('Sum', weighted, 1))
    const sum = ops.binary('AddV2', ops.reshape(activated, [n, width]), h)
    return { z: sum, projected, gathered, raw, attention, activated }
  })
  if (keep) return { z, saved: { layer: 'gat', h, edges, weights, slope, ...parts } }
  ops.free(Object.values(parts))
  return { z, saved: null }
}

interface ScoreGradients {
  /** Of t_j, by edge, [n, K, heads] */
  readonly dRight: Handle
  /** Of s_i, [n, heads] */
  readonly dLeft: Handle
  /** Of Σ α h̄, [n, 1, heads, size] */
  readonly dSum: Handle
}

/**
 * A softmax feels no shift: Σ_j dScore_ij = 0, so that s_i has a gradient only where LeakyReLU bends among the edges
 * of i. Taking the bend of the self loop away first leaves exactly 0 where there is none, instead of rounding.
 */
const scoreGradients = (ops: Operations, saved: GatSaved, dz: Handle): ScoreGradients => {
  const [n, heads, size] = saved.projected.shape
  const slots = saved.edges.index.shape[1]
  const dActivated = ops.binary('EluGrad', ops.reshape(dz, [n, heads, size]), saved.activated)
  const dSum = ops.reshape(dActivated, [n, 1, heads, size])
  const dAttention = ops.reduce('Sum', ops.binary('Mul', dSum, saved.gathered), 3)
  const mean = ops.reduce('Sum', ops.binary('Mul', saved.attention, dAttention), 1, true)
  const dScore = ops.binary('Mul', saved.attention, ops.binary('Sub', dAttention, mean))
  const dRight = ops.leakyReluGrad(dScore, saved.raw, saved.slope)
  const [self] = ops.split(saved.raw, [1, slots - 1], 1)
  const ones = ops.upload(new Float32Array(n * heads).fill(1), [n, 1, heads])
  const straight = ops.binary('Mul', dScore, ops.leakyReluGrad(ones, self, saved.slope))
  return { dRight, dLeft: ops.reduce('Sum', ops.binary('Sub', dRight, straight), 1), dSum }
}

export const gatBackward = (ops: Operations, saved: GatSaved, dz: Handle): { dh: Handle; weights: GatTensors } => {
  const [n, heads, size] = saved.projected.shape
  const slots = saved.edges.index.shape[1]
  const left = handle(saved.weights.left)
  const right = handle(saved.weights.right)
  const { dh, ...weights } = ops.keep(() => {
    const scores = scoreGradients(ops, saved, dz)
    const dLeft = ops.reshape(scores.dLeft, [n, heads, 1])
    const dRight = ops.reshape(ops.scatter(scores.dRight, saved.edges.index, n), [n, heads, 1])
    const dGathered = ops.binary('Mul', ops.reshape(saved.attention, [n, slots, heads, 1]), scores.dSum)
    const dProjected = ops.addAll([
      ops.scatter(dGathered, saved.edges.index, n),
      ops.binary('Mul', dLeft, left),
      ops.binary('Mul', dRight, right),
    ])
    const flat = ops.reshape(dProjected, [n, heads * size])
    return {
      dh: ops.binary('AddV2', dz, ops.matMul(flat, handle(saved.weights.weight))),
      weight: ops.matMul(flat, saved.h, 'first'),
      left: ops.reduce('Sum', ops.binary('Mul', dLeft, saved.projected), 0),
      right: ops.reduce('Sum', ops.binary('Mul', dRight, saved.projected), 0),
    }
  })
  return { dh, weights }
}
