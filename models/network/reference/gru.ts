import type { GruTensors, Saved, Tensor } from '../../engine.ts'
import { addColumnSums, addTimes, addTransposedTimes, timesTransposed } from './matrix.ts'
import { dense, zeros, type Dense } from './tensor.ts'

/**
 * Reset-after GRU (PyTorch, cuDNN; Cho et al. 2014 with the reset gate behind the product):
 *   r = σ(W_r x + b_r + U_r h + c_r)      z = σ(W_z x + b_z + U_z h + c_z)
 *   n = tanh(W_n x + b_n + r ⊙ (U_n h + c_n))      h' = z ⊙ h + (1 − z) ⊙ n
 * A masked day keeps h. In one line: h' = h + m (1 − z) ⊙ (n − h).
 */

const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v))

/** Every step's gates and states, [T * n, H] each, in the order of x. */
export interface GruSaved extends Saved {
  readonly layer: 'gru'
  readonly x: Dense
  readonly mask: Dense
  readonly weights: GruTensors
  readonly reset: Float64Array
  readonly update: Float64Array
  readonly candidate: Float64Array
  /** U_n h + c_n */
  readonly product: Float64Array
  /** The state before the step. */
  readonly before: Float64Array
}

/** The gates of one step from its two projections [n, 3H]; writes the step's saved rows and the new state. */
const stepForward = (
  saved: GruSaved,
  row: number,
  n: number,
  size: number,
  input: Float64Array,
  hidden: Float64Array,
  h: Float64Array,
): void => {
  const { reset, update, candidate, product, before } = saved
  const mask = saved.mask.data
  for (let i = 0; i < n; i++) {
    const keep = mask[row + i]
    const gx = (row + i) * 3 * size
    const gh = i * 3 * size
    for (let j = 0; j < size; j++) {
      const at = (row + i) * size + j
      const r = sigmoid(input[gx + j] + hidden[gh + j])
      const z = sigmoid(input[gx + size + j] + hidden[gh + size + j])
      const u = hidden[gh + 2 * size + j]
      const c = Math.tanh(input[gx + 2 * size + j] + r * u)
      const old = h[i * size + j]
      reset[at] = r
      update[at] = z
      candidate[at] = c
      product[at] = u
      before[at] = old
      h[i * size + j] = old + keep * (1 - z) * (c - old)
    }
  }
}

export const gruForward = (
  x: Tensor,
  mask: Tensor,
  weights: GruTensors,
  before?: Tensor,
): { h: Dense; saved: GruSaved } => {
  const [steps, n, features] = x.shape
  const size = weights.hiddenWeight.shape[1]
  const cells = (): Float64Array => new Float64Array(steps * n * size)
  const saved: GruSaved = {
    layer: 'gru',
    x: dense(x),
    mask: dense(mask),
    weights,
    reset: cells(),
    update: cells(),
    candidate: cells(),
    product: cells(),
    before: cells(),
  }
  const input = new Float64Array(steps * n * 3 * size)
  const hidden = new Float64Array(n * 3 * size)
  const inputBias = dense(weights.inputBias).data
  const hiddenBias = dense(weights.hiddenBias).data
  timesTransposed(saved.x.data, dense(weights.inputWeight).data, inputBias, input, steps * n, features, 3 * size)
  const h = zeros([n, size])
  if (before !== undefined) h.data.set(dense(before).data)
  for (let t = 0; t < steps; t++) {
    timesTransposed(h.data, dense(weights.hiddenWeight).data, hiddenBias, hidden, n, size, 3 * size)
    stepForward(saved, t * n, n, size, input, hidden, h.data)
  }
  return { h, saved }
}

/** Gradients of one step's projections; turns dh from that of the state after into that of the state before. */
const stepBackward = (
  saved: GruSaved,
  row: number,
  n: number,
  size: number,
  dh: Float64Array,
  dInput: Float64Array,
  dHidden: Float64Array,
): void => {
  const { reset, update, candidate, product, before } = saved
  const mask = saved.mask.data
  for (let i = 0; i < n; i++) {
    const keep = mask[row + i]
    const gx = (row + i) * 3 * size
    for (let j = 0; j < size; j++) {
      const at = (row + i) * size + j
      const r = reset[at]
      const z = update[at]
      const c = candidate[at]
      const d = dh[i * size + j]
      const dCandidate = d * keep * (1 - z) * (1 - c * c)
      const dUpdate = d * keep * (before[at] - c) * z * (1 - z)
      const dReset = dCandidate * product[at] * r * (1 - r)
      dInput[gx + j] = dReset
      dInput[gx + size + j] = dUpdate
      dInput[gx + 2 * size + j] = dCandidate
      dHidden[gx + j] = dReset
      dHidden[gx + size + j] = dUpdate
      dHidden[gx + 2 * size + j] = dCandidate * r
      dh[i * size + j] = d * (1 - keep * (1 - z))
    }
  }
}

export const gruBackward = (saved: GruSaved, dhLast: Dense): GruTensors => {
  const [steps, n, features] = saved.x.shape
  const size = dhLast.shape[1]
  const gates = 3 * size
  const dInput = new Float64Array(steps * n * gates)
  const dHidden = new Float64Array(steps * n * gates)
  const dh = dhLast.data.slice()
  const hiddenWeight = dense(saved.weights.hiddenWeight).data
  for (let t = steps - 1; t >= 0; t--) {
    stepBackward(saved, t * n, n, size, dh, dInput, dHidden)
    addTimes(dHidden.subarray(t * n * gates, (t + 1) * n * gates), hiddenWeight, dh, n, gates, size)
  }
  const inputWeight = zeros([gates, features])
  const dHiddenWeight = zeros([gates, size])
  const inputBias = zeros([gates])
  const hiddenBias = zeros([gates])
  addTransposedTimes(dInput, saved.x.data, inputWeight.data, steps * n, gates, features)
  addTransposedTimes(dHidden, saved.before, dHiddenWeight.data, steps * n, gates, size)
  addColumnSums(dInput, inputBias.data, steps * n, gates)
  addColumnSums(dHidden, hiddenBias.data, steps * n, gates)
  return { inputWeight, hiddenWeight: dHiddenWeight, inputBias, hiddenBias }
}
