import type { Edges, GatTensors, Saved, Tensor } from '../../../models/engine.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { Block, Machine } from './machine.ts'
import { block, padded, parts } from './sizes.ts'

/** Neighbour lists [n, slots] in the memory of a machine: slot 0 is the name itself, -1 = none. */
export class NeighbourBlock implements Edges {
  readonly machine: Machine
  readonly n: number
  readonly slots: number
  readonly address: number
  /** The lists turned round: edges into name j are edges[starts[j]..starts[j + 1]), ascending. */
  readonly starts: number
  readonly edges: number

  constructor(machine: Machine, neighbours: Int32Array, n: number, k: number) {
    if (neighbours.length !== n * k) {
      throw new ClosebellError('CB_ENGINE_INPUT', `${neighbours.length} neighbours for ${n} names of ${k} slots`)
    }
    const slots = k + 1
    const index = machine.integers(n * slots)
    const starts = machine.integers(n + 1)
    const edges = machine.integers(n * slots)
    for (let i = 0; i < n; i++) {
      index.values[i * slots] = i
      for (let j = 0; j < k; j++) index.values[i * slots + 1 + j] = checked(neighbours[i * k + j], n)
    }
    this.machine = machine
    this.n = n
    this.slots = slots
    this.address = index.address
    this.starts = starts.address
    this.edges = edges.address
    turnRound(index.values, starts.values, edges.values)
  }
}

const checked = (neighbour: number, n: number): number => {
  if (neighbour >= -1 && neighbour < n) return neighbour
  throw new ClosebellError('CB_ENGINE_INPUT', `neighbour ${neighbour} in a section of ${n}`)
}

/** A counting sort of the edges by the name that they point to. */
const turnRound = (index: Int32Array, starts: Int32Array, edges: Int32Array): void => {
  const n = starts.length - 1
  starts.fill(0)
  for (const neighbour of index) if (neighbour >= 0) starts[neighbour + 1] += 1
  for (let j = 0; j < n; j++) starts[j + 1] += starts[j]
  const next = starts.slice()
  index.forEach((neighbour, edge) => {
    if (neighbour >= 0) edges[next[neighbour]++] = edge
  })
}

export interface GatSaved extends Saved {
  readonly layer: 'gat'
  readonly h: Block
  readonly edges: NeighbourBlock
  readonly weight: Block
  readonly left: Block
  readonly right: Block
  readonly slope: number
  /** Addresses of W h, of the scores of a name on either side, of α and of ELU(Σ α W h). */
  readonly kept: readonly number[]
}

export const gatForward = (
  machine: Machine,
  hGiven: Tensor,
  edges: NeighbourBlock,
  weights: GatTensors,
  slope: number,
  keep: boolean,
): { z: Block; saved: GatSaved | null } => {
  const { n, slots } = edges
  const [heads, size] = weights.left.shape
  const h = machine.own(hGiven, n, heads * size)
  const weight = machine.own(weights.weight, heads * size, heads * size)
  const left = machine.own(weights.left, heads, size)
  const right = machine.own(weights.right, heads, size)
  const width = padded(machine, heads * size)
  const z = machine.tensor([n, heads * size])
  const forward = (): GatSaved => {
    const counts = [n * width, n * heads, n * heads, n * slots * heads, n * width]
    const kept = counts.map((count) => machine.allocate(count))
    machine.scope(() => {
      const packed = machine.allocate(heads * size * width)
      machine.kernels.gat_forward(
        ...[n, slots, heads, size, slope, h.address, edges.address, weight.address, left.address, right.address],
        ...[packed, ...kept, z.address],
      )
    })
    return { layer: 'gat', h, edges, weight, left, right, slope, kept }
  }
  if (keep) return { z, saved: forward() }
  machine.scope(forward)
  return { z, saved: null }
}

export const gatBackward = (machine: Machine, saved: GatSaved, dzGiven: Tensor): { dh: Block; weights: GatTensors } => {
  const { h, edges, weight, left, right, slope, kept } = saved
  const { n, slots } = edges
  const [heads, size] = left.shape
  const dz = machine.own(dzGiven, n, heads * size)
  const width = padded(machine, heads * size)
  const dh = machine.tensor(h.shape)
  const gradients = {
    weight: machine.tensor(weight.shape),
    left: machine.tensor(left.shape),
    right: machine.tensor(right.shape),
  }
  machine.scope(() => {
    const packed = machine.allocate(heads * size * width)
    const sums = machine.allocate(n * width)
    const scores = machine.allocate(n * slots * heads)
    const leftScores = machine.allocate(n * heads)
    const scratch = machine.allocate(machine.threads * 2 * block * width)
    const partial = machine.allocate(parts * width * (width + 2))
    machine.kernels.gat_backward(
      ...[n, slots, heads, size, slope, h.address, edges.address, edges.starts, edges.edges],
      ...[weight.address, left.address, right.address, ...kept, dz.address],
      ...[packed, sums, scores, leftScores, scratch, partial],
      ...[dh.address, gradients.weight.address, gradients.left.address, gradients.right.address],
    )
  })
  return { dh, weights: gradients }
}
