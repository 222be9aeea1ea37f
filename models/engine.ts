/**
 * The Engine port: the layers that the network is written over, forward and backward, on opaque tensors.
 * Every engine passes the same golden suite: forward within 1e-5 of the largest output, each gradient within 1e-5
 * of its own largest element.
 */

export type FloatArray = Float32Array | Float64Array

/** Values that live in an engine. Only the engine that made it can read it. */
export interface Tensor {
  readonly shape: readonly number[]
}

/** Neighbour lists with the self loop added, as the engine keeps them. */
export interface Edges {
  readonly n: number
}

/** What a forward pass keeps for its backward pass. */
export interface Saved {
  readonly layer: 'gru' | 'gat'
}

/** Reset-after GRU in PyTorch's layout: gates r, z, n one after another. */
export interface GruTensors {
  /** [3H, F] */
  readonly inputWeight: Tensor
  /** [3H, H] */
  readonly hiddenWeight: Tensor
  /** [3H] */
  readonly inputBias: Tensor
  /** [3H] */
  readonly hiddenBias: Tensor
}

/** One graph's attention: H = heads * size. */
export interface GatTensors {
  /** [H, H], output by input as in PyTorch's linear layers. */
  readonly weight: Tensor
  /** [heads, size], multiplies the name itself. */
  readonly left: Tensor
  /** [heads, size], multiplies the neighbour. */
  readonly right: Tensor
}

export interface Engine {
  /** reference, wasm or tensorflow. */
  readonly name: string
  readonly device: 'cpu' | 'gpu'
  /** What the arithmetic depends on: results are bit-identical under the same one. */
  readonly kernelBuild: string
  /** Tensors that were made and not yet freed. */
  readonly live: number

  upload(values: FloatArray, shape: readonly number[]): Tensor
  /** `neighbours[i * k + j]` is an index below n, or -1 for none. */
  uploadEdges(neighbours: Int32Array, n: number, k: number): Edges
  download(tensor: Tensor): FloatArray
  /** Frees all that `work` made, also when it throws; what it returns must be plain values. */
  scope<R>(work: () => R): R

  /** x [m, in] · weightᵀ [out, in] + bias [out] -> [m, out]. */
  linear(x: Tensor, weight: Tensor, bias: Tensor): Tensor
  linearBackward(x: Tensor, weight: Tensor, dy: Tensor): { dx: Tensor; dWeight: Tensor; dBias: Tensor }

  /** NaN stays NaN. */
  relu(x: Tensor): Tensor
  reluBackward(y: Tensor, dy: Tensor): Tensor

  /**
   * Runs x [T, n, F] through the GRU from the state `before` [n, H], zero unless given, and gives the last state
   * [n, H]; where mask [T, n] is 0 the state is kept. A name's bits do not depend on which names are beside it, nor on
   * whether its days are run at once or one part after another. `saved` is null unless `keep`, for which the state
   * before is zero. x is data: it gets no gradient.
   */
  gru(x: Tensor, mask: Tensor, weights: GruTensors, keep: boolean, before?: Tensor): { h: Tensor; saved: Saved | null }
  gruBackward(saved: Saved, dh: Tensor): GruTensors

  /** h [n, H] -> ELU(Σ_j α_ij W h_j) + h_i over the neighbours of i and i itself, additive attention per head. */
  gat(h: Tensor, edges: Edges, weights: GatTensors, slope: number, keep: boolean): { z: Tensor; saved: Saved | null }
  gatBackward(saved: Saved, dz: Tensor): { dh: Tensor; weights: GatTensors }

  /** Σ_p factors[p] · parts[p], all of one shape. */
  mix(parts: readonly Tensor[], factors: readonly number[]): Tensor
  mixBackward(
    parts: readonly Tensor[],
    factors: readonly number[],
    dy: Tensor,
  ): { dParts: Tensor[]; dFactors: number[] }

  /** Columns of [m, a], [m, b], ... side by side. */
  concat(parts: readonly Tensor[]): Tensor
  concatBackward(parts: readonly Tensor[], dy: Tensor): Tensor[]
}
