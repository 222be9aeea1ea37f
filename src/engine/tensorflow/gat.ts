import type { Edges, GatTensors, Saved, Tensor } from '../../../models/engine.ts'
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

interface Attended extends Readonly<Record<string, Handle>> {
  readonly gathered: Handle
  readonly raw: Handle
  readonly attention: Handle
  readonly activated: Handle
}

/** What some names, with their scores `left` [m, heads] and their rows of the lists, attend to among all. */
const attend = (
  ops: Operations,
  projected: Handle,
  left: Handle,
  right: Handle,
  { index, absent }: { index: Handle; absent: Handle },
  slope: number,
): Attended => {
  const [count, slots] = index.shape
  const heads = left.shape[1]
  const raw = ops.binary('AddV2', ops.reshape(left, [count, 1, heads]), ops.gather(right, index))
  const scores = ops.binary('AddV2', ops.leakyRelu(raw, slope), absent)
  const powers = ops.unary('Exp', ops.binary('Sub', scores, ops.reduce('Max', scores, 1, true)))
  const attention = ops.binary('RealDiv', powers, ops.reduce('Sum', powers, 1, true))
  const gathered = ops.gather(projected, index)
  const weighted = ops.binary('Mul', ops.reshape(attention, [count, slots, heads, 1]), gathered)
  return { gathered, raw, attention, activated: ops.unary('Elu', ops.reduce('Sum', weighted, 1)) }
}

/** Names that attend together where nothing is kept: what they gather from their neighbours then takes 6 MB. */
const namesAtOnce = 1024

const chunksOf = (n: number): { first: number; count: number }[] =>
  Array.from({ length: Math.ceil(n / namesAtOnce) }, (_, chunk) => {
    const first = chunk * namesAtOnce
    return { first, count: Math.min(namesAtOnce, n - first) }
  })

/** ELU(Σ α h̄) of all names, some at a time, of which nothing else is kept. */
const attendInChunks = (
  ops: Operations,
  projected: Handle,
  left: Handle,
  right: Handle,
  edges: NeighbourHandles,
  slope: number,
): Handle => {
  const slots = edges.index.shape[1]
  const chunks = chunksOf(edges.n).map(({ first, count }) => {
    const { activated } = ops.keep(() => {
      const own = ops.slice(left, [first, 0], [count, left.shape[1]])
      const rows = {
        index: ops.sliceIndices(edges.index, [first, 0], [count, slots]),
        absent: ops.slice(edges.absent, [first, 0, 0], [count, slots, 1]),
      }
      return { activated: attend(ops, projected, own, right, rows, slope).activated }
    })
    return activated
  })
  return ops.concat(chunks, 0)
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
  const score = (projected: Handle, vector: Tensor): Handle =>
    ops.reduce('Sum', ops.binary('Mul', projected, handle(vector)), 2)
  const project = (): Handle => ops.reshape(ops.matMul(h, handle(weights.weight), 'second'), [n, heads, size])
  const output = (activated: Handle): Handle => ops.binary('AddV2', ops.reshape(activated, [n, width]), h)
  if (!keep) {
    const { z } = ops.keep(() => {
      const projected = project()
      const [left, right] = [score(projected, weights.left), score(projected, weights.right)]
      return { z: output(attendInChunks(ops, projected, left, right, edges, slope)) }
    })
    return { z, saved: null }
  }
  const { z, ...parts } = ops.keep(() => {
    const projected = project()
    const [left, right] = [score(projected, weights.left), score(projected, weights.right)]
    const attended = attend(ops, projected, left, right, edges, slope)
    return { z: output(attended.activated), projected, ...attended }
  })
  return { z, saved: { layer: 'gat', h, edges, weights, slope, ...parts } }
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
