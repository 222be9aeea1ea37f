import { ClosebellError } from '../../../schemas/errors.ts'
import type { Edges, Saved, Tensor } from '../../engine.ts'
import type { GatSaved } from './gat.ts'
import type { GruSaved } from './gru.ts'

/** A tensor of the reference engine: row-major f64. */
export class Dense implements Tensor {
  readonly shape: readonly number[]
  readonly data: Float64Array

  constructor(shape: readonly number[], data: Float64Array) {
    const size = shape.reduce((product, extent) => product * extent, 1)
    if (size !== data.length) {
      throw new ClosebellError('CB_ENGINE_INPUT', `${data.length} values for the shape [${shape.join(', ')}]`)
    }
    this.shape = shape
    this.data = data
  }
}

export const zeros = (shape: readonly number[]): Dense =>
  new Dense(shape, new Float64Array(shape.reduce((product, extent) => product * extent, 1)))

/** Neighbour lists [n, k + 1]: slot 0 is the name itself, -1 = none. */
export class NeighbourLists implements Edges {
  readonly n: number
  readonly slots: number
  readonly index: Int32Array

  constructor(neighbours: Int32Array, n: number, k: number) {
    this.n = n
    this.slots = k + 1
    this.index = new Int32Array(n * this.slots)
    for (let i = 0; i < n; i++) {
      this.index[i * this.slots] = i
      for (let j = 0; j < k; j++) this.index[i * this.slots + 1 + j] = neighbours[i * k + j]
    }
  }
}

const foreign = (what: string): ClosebellError =>
  new ClosebellError('CB_ENGINE_INPUT', `the reference engine was given ${what} that it did not make`)

export const dense = (tensor: Tensor): Dense => {
  if (tensor instanceof Dense) return tensor
  throw foreign('a tensor')
}

export const lists = (edges: Edges): NeighbourLists => {
  if (edges instanceof NeighbourLists) return edges
  throw foreign('neighbour lists')
}

export const gruSaved = (saved: Saved): GruSaved => {
  if (saved.layer === 'gru') return saved as GruSaved
  throw foreign('a saved state')
}

export const gatSaved = (saved: Saved): GatSaved => {
  if (saved.layer === 'gat') return saved as GatSaved
  throw foreign('a saved state')
}
