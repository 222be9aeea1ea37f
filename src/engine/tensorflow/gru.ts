import type { GruTensors, Saved, Tensor } from '../../../models/engine.ts'
import { handle, type Handle, type Operations } from './operations.ts'

/**
 * The reset-after GRU in stock operations, names along the last axis: states [H, n], gates [3H, n], so that gates
 * are split along the first one. What a pass over memory costs decides how it is written:
 *   - n is padded to a multiple of 16: TensorFlow then splits along the first axis without copying.
 *   - Two columns beside x carry bias and mask into the product of the input: a masked day takes so much from
 *     the update gate that 1 − z is exactly 0, which keeps the state and stops every gradient but that of the state.
 *   - 1 − z = σ(−a), whose rows of the weights are turned round before the loop; h' = h − (1 − z) ⊙ (h − c), so that a
 *     kept state keeps its bits.
 *   - Gradients of all four products of a step lie side by side: one product with x and its column of ones gives the
 *     gradients of the input weights and of every bias.
 */

const lanes = 16
/** So low that its sigmoid is 0 whatever is added to it. */
const closed = -1e4

interface Step {
  /** x, 1, masked: [padded n, F + 2] */
  readonly x: Handle
  readonly reset: Handle
  readonly candidate: Handle
  /** U_n h + c_n */
  readonly product: Handle
  /** h − c */
  readonly difference: Handle
  /** 1 − z */
  readonly share: Handle
  readonly before: Handle
}

export interface GruSaved extends Saved {
  readonly layer: 'gru'
  /** Names, without the padding. */
  readonly n: number
  readonly weights: GruTensors
  readonly steps: readonly Step[]
}

interface Widening {
  /** [n, 1] */
  readonly ones: Handle
  /** [padded n − n, F + 2], null when nothing is padded. */
  readonly rest: Handle | null
}

/** A day's x beside a column of ones and one that is 1 on masked names, names padded by what is left out. */
const widen = (ops: Operations, x: Handle, mask: Handle, { ones, rest }: Widening): Handle => {
  const masked = ops.binary('Sub', ones, ops.reshape(mask, ones.shape))
  const wide = ops.concat([x, ones, masked], 1)
  return rest === null ? wide : ops.concat([wide, rest], 0)
}

/** Weights of the input projections [3H, F + 2]: with all biases of r and z and the input's of n, and with the mask. */
const inputWeights = (ops: Operations, weights: GruTensors, turned: Handle): Handle => {
  const gates = weights.inputBias.shape[0]
  const size = gates / 3
  const [resetUpdate] = ops.split(handle(weights.hiddenBias), [2 * size, size], 0)
  const own = ops.concat([resetUpdate, ops.upload(new Float32Array(size), [size])], 0)
  const bias = ops.reshape(ops.binary('AddV2', handle(weights.inputBias), own), [gates, 1])
  const gate = ops.upload(new Float32Array(gates).fill(closed, size, 2 * size), [gates, 1])
  const all = ops.binary('Mul', ops.concat([handle(weights.inputWeight), bias], 1), turned)
  return ops.concat([all, gate], 1)
}

interface StepWeights {
  readonly input: Handle
  readonly hidden: Handle
  /** c_n, [H, 1] */
  readonly bias: Handle
}

const stepForward = (
  ops: Operations,
  x: Handle,
  before: Handle,
  weights: StepWeights,
): Readonly<Record<keyof Step | 'next', Handle>> => {
  const size = before.shape[0]
  const sizes = [2 * size, size]
  const [inputGates, inputCandidate] = ops.split(ops.matMul(weights.input, x, 'second'), sizes, 0)
  const [hiddenGates, hiddenCandidate] = ops.split(ops.matMul(weights.hidden, before), sizes, 0)
  const gates = ops.unary('Sigmoid', ops.binary('AddV2', inputGates, hiddenGates))
  const [reset, share] = ops.split(gates, [size, size], 0)
  const product = ops.binary('AddV2', hiddenCandidate, weights.bias)
  const candidate = ops.unary('Tanh', ops.binary('AddV2', inputCandidate, ops.binary('Mul', reset, product)))
  const difference = ops.binary('Sub', before, candidate)
  const next = ops.binary('Sub', before, ops.binary('Mul', share, difference))
  return { x, next, reset, candidate, product, difference, share, before }
}

/** [H, padded n] of a given [n, H], or zero. */
const firstState = (ops: Operations, before: Tensor | undefined, [size, n, padded]: readonly number[]): Handle => {
  const zeros = (names: number): Handle => ops.upload(new Float32Array(size * names), [size, names])
  if (before === undefined) return zeros(padded)
  const state = ops.transpose(handle(before))
  return padded === n ? state : ops.concat([state, zeros(padded - n)], 1)
}

/** All names at once: an operation is then worth a second thread. What is not kept is freed step by step. */
export const gruForward = (
  ops: Operations,
  x: Tensor,
  mask: Tensor,
  weights: GruTensors,
  keep: boolean,
  before?: Tensor,
): { h: Handle; saved: GruSaved | null } => {
  const [, n, features] = x.shape
  const size = weights.hiddenWeight.shape[1]
  const padded = Math.ceil(n / lanes) * lanes
  const turned = ops.upload(new Float32Array(3 * size).fill(1).fill(-1, size, 2 * size), [3 * size, 1])
  const [, candidateBias] = ops.split(handle(weights.hiddenBias), [2 * size, size], 0)
  const stepWeights = {
    input: inputWeights(ops, weights, turned),
    hidden: ops.binary('Mul', handle(weights.hiddenWeight), turned),
    bias: ops.reshape(candidateBias, [size, 1]),
  }
  const width = features + 2
  const widening = {
    ones: ops.upload(new Float32Array(n).fill(1), [n, 1]),
    rest: padded === n ? null : ops.upload(new Float32Array((padded - n) * width), [padded - n, width]),
  }
  const masks = ops.unpack(handle(mask))
  const steps: Step[] = []
  let h = firstState(ops, before, [size, n, padded])
  for (const [t, day] of ops.unpack(handle(x)).entries()) {
    const last = h
    const { next, ...step } = ops.keep(() => stepForward(ops, widen(ops, day, masks[t], widening), last, stepWeights))
    h = next
    if (keep) steps.push(step)
    else ops.free(Object.values(step))
  }
  const [named] = padded === n ? [h] : ops.split(h, [n, padded - n], 1)
  return { h: ops.transpose(named), saved: keep ? { layer: 'gru', n, weights, steps } : null }
}

/** One step back: gradients of the products of r, z, U_n h and W_n x [4H, n], and of the state before. */
const stepBackward = (
  ops: Operations,
  step: Step,
  dh: Handle,
  hiddenWeight: Handle,
): { products: Handle; dBefore: Handle } => {
  const size = dh.shape[0]
  const dMoved = ops.binary('Mul', dh, step.share)
  const dCandidate = ops.binary('TanhGrad', step.candidate, dMoved)
  const dUpdate = ops.binary('SigmoidGrad', step.share, ops.binary('Mul', dh, step.difference))
  const dReset = ops.binary('SigmoidGrad', step.reset, ops.binary('Mul', dCandidate, step.product))
  const products = ops.concat([dReset, dUpdate, ops.binary('Mul', dCandidate, step.reset), dCandidate], 0)
  const [dHidden] = ops.split(products, [3 * size, size], 0)
  const carried = ops.binary('Sub', dh, dMoved)
  return { products, dBefore: ops.binary('AddV2', carried, ops.matMul(hiddenWeight, dHidden, 'first')) }
}

export const gruBackward = (ops: Operations, saved: GruSaved, dhLast: Handle): GruTensors => {
  const hiddenWeight = handle(saved.weights.hiddenWeight)
  const [padded, width] = saved.steps[0].x.shape
  const size = hiddenWeight.shape[1]
  const byInput: Handle[] = []
  const byState: Handle[] = []
  const rest = ops.upload(new Float32Array(size * (padded - saved.n)), [size, padded - saved.n])
  let dh = padded === saved.n ? ops.transpose(dhLast) : ops.concat([ops.transpose(dhLast), rest], 1)
  for (let t = saved.steps.length - 1; t >= 0; t--) {
    const { x, before } = saved.steps[t]
    const step = ops.keep(() => {
      const { products, dBefore } = stepBackward(ops, saved.steps[t], dh, hiddenWeight)
      const [dHidden] = ops.split(products, [3 * size, size], 0)
      return {
        dBefore,
        byInput: ops.matMul(products, x),
        byState: ops.matMul(dHidden, before, 'second'),
      }
    })
    ops.free([dh])
    dh = step.dBefore
    byInput.push(step.byInput)
    byState.push(step.byState)
  }
  return { hiddenWeight: ops.addAll(byState), ...inputGradients(ops, ops.addAll(byInput), size, width - 2) }
}

/** From the product [4H, F + 2] of all steps: rows of r, z, U_n h, W_n x; columns of x, of the biases, of the mask. */
const inputGradients = (
  ops: Operations,
  sum: Handle,
  size: number,
  features: number,
): Omit<GruTensors, 'hiddenWeight'> => {
  const [byX, byOnes] = ops.split(sum, [features, 1, 1], 1)
  const [gates, , candidate] = ops.split(byX, [2 * size, size, size], 0)
  const [gateBias, hiddenBias, inputBias] = ops.split(byOnes, [2 * size, size, size], 0)
  const flat = (first: Handle, last: Handle): Handle => ops.reshape(ops.concat([first, last], 0), [3 * size])
  return {
    inputWeight: ops.concat([gates, candidate], 0),
    inputBias: flat(gateBias, inputBias),
    hiddenBias: flat(gateBias, hiddenBias),
  }
}
