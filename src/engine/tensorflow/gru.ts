import type { GruTensors, Saved, Tensor } from '../../../models/engine.ts'
import { handle, type Handle, type Operations } from './operations.ts'

/**
 * The reset-after GRU in stock operations, names along the last axis: states [H, n], gates [3H, n], so that gates
 * are split along the first one. All input projections are one product before the loop.
 *   h' = h + u ⊙ (c − h) with u = m (1 − z): a masked day has u = 0.
 */

interface Step {
  /** r and z, [2H, n] */
  readonly gates: Handle
  readonly reset: Handle
  readonly candidate: Handle
  /** U_n h + c_n */
  readonly product: Handle
  /** c − h */
  readonly difference: Handle
  readonly share: Handle
  readonly before: Handle
}

export interface GruSaved extends Saved {
  readonly layer: 'gru'
  readonly x: Handle
  /** m of each step, [n] */
  readonly masks: readonly Handle[]
  readonly weights: GruTensors
  readonly steps: readonly Step[]
}

/** Input projections with their bias, cut into [2H, n] and [H, n] of each step. */
const projectInput = (ops: Operations, x: Handle, weights: GruTensors): Handle[] => {
  const [steps, n] = x.shape
  const gates = weights.inputBias.shape[0]
  const size = gates / 3
  const projected = ops.matMulEach(handle(weights.inputWeight), x)
  const biased = ops.binary('AddV2', projected, ops.reshape(handle(weights.inputBias), [gates, 1]))
  ops.free([projected])
  const flat = ops.reshape(biased, [steps * gates, n])
  const sizes = Array.from({ length: 2 * steps }, (_, piece) => (piece % 2 === 0 ? 2 * size : size))
  const pieces = ops.split(flat, sizes, 0)
  ops.free([biased, flat])
  return pieces
}

export const gruForward = (
  ops: Operations,
  xTensor: Tensor,
  maskTensor: Tensor,
  weights: GruTensors,
  keep: boolean,
): { h: Handle; saved: GruSaved | null } => {
  const x = handle(xTensor)
  const [count, n] = x.shape
  const size = weights.hiddenWeight.shape[1]
  const masks = ops.unpack(handle(maskTensor))
  const pieces = projectInput(ops, x, weights)
  const hiddenBias = ops.reshape(handle(weights.hiddenBias), [3 * size, 1])
  const one = ops.upload(Float32Array.of(1), [])
  const steps: Step[] = []
  let h = ops.upload(new Float32Array(size * n), [size, n])
  for (let t = 0; t < count; t++) {
    const before = h
    const { next, ...step } = ops.keep(() => {
      const hidden = ops.binary('AddV2', ops.matMul(handle(weights.hiddenWeight), before), hiddenBias)
      const [hiddenGates, product] = ops.split(hidden, [2 * size, size], 0)
      const gates = ops.unary('Sigmoid', ops.binary('AddV2', pieces[2 * t], hiddenGates))
      const [reset, update] = ops.split(gates, [size, size], 0)
      const candidate = ops.unary('Tanh', ops.binary('AddV2', pieces[2 * t + 1], ops.binary('Mul', reset, product)))
      const share = ops.binary('Mul', ops.binary('Sub', one, update), masks[t])
      const difference = ops.binary('Sub', candidate, before)
      const moved = ops.binary('AddV2', before, ops.binary('Mul', share, difference))
      return { next: moved, gates, reset, candidate, product, difference, share }
    })
    h = next
    ops.free([pieces[2 * t], pieces[2 * t + 1]])
    if (keep) steps.push({ ...step, before })
    else ops.free([...Object.values(step), before])
  }
  return { h: ops.transpose(h), saved: keep ? { layer: 'gru', x, masks, weights, steps } : null }
}

/** One step back: the gradients of its two projections [3H, n] and of the state before. */
const stepBackward = (
  ops: Operations,
  step: Step,
  mask: Handle,
  dh: Handle,
  hiddenWeight: Handle,
): { dInput: Handle; dHidden: Handle; dBefore: Handle } => {
  const dMoved = ops.binary('Mul', dh, step.share)
  const dCandidate = ops.binary('TanhGrad', step.candidate, dMoved)
  const dUpdate = ops.unary('Neg', ops.binary('Mul', ops.binary('Mul', dh, step.difference), mask))
  const dReset = ops.binary('Mul', dCandidate, step.product)
  const dGates = ops.binary('SigmoidGrad', step.gates, ops.concat([dReset, dUpdate], 0))
  const dHidden = ops.concat([dGates, ops.binary('Mul', dCandidate, step.reset)], 0)
  return {
    dInput: ops.concat([dGates, dCandidate], 0),
    dHidden,
    dBefore: ops.binary('AddV2', ops.binary('Sub', dh, dMoved), ops.matMul(hiddenWeight, dHidden, 'first')),
  }
}

export const gruBackward = (ops: Operations, saved: GruSaved, dhLast: Handle): GruTensors => {
  const hiddenWeight = handle(saved.weights.hiddenWeight)
  const inputs = ops.unpack(saved.x)
  const sums: Record<keyof GruTensors, Handle[]> = {
    inputWeight: [],
    hiddenWeight: [],
    inputBias: [],
    hiddenBias: [],
  }
  let dh = ops.transpose(dhLast)
  for (let t = saved.steps.length - 1; t >= 0; t--) {
    const { dBefore, ...step } = ops.keep(() => {
      const { dInput, dHidden, dBefore: before } = stepBackward(ops, saved.steps[t], saved.masks[t], dh, hiddenWeight)
      return {
        dBefore: before,
        inputWeight: ops.matMul(dInput, inputs[t]),
        hiddenWeight: ops.matMul(dHidden, saved.steps[t].before, 'second'),
        inputBias: ops.reduce('Sum', dInput, 1),
        hiddenBias: ops.reduce('Sum', dHidden, 1),
      }
    })
    ops.free([dh])
    dh = dBefore
    sums.inputWeight.push(step.inputWeight)
    sums.hiddenWeight.push(step.hiddenWeight)
    sums.inputBias.push(step.inputBias)
    sums.hiddenBias.push(step.hiddenBias)
  }
  return {
    inputWeight: ops.addAll(sums.inputWeight),
    hiddenWeight: ops.addAll(sums.hiddenWeight),
    inputBias: ops.addAll(sums.inputBias),
    hiddenBias: ops.addAll(sums.hiddenBias),
  }
}
