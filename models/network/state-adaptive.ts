import type { Engine, Tensor } from '../engine.ts'

/**
 * SA: one weight per graph and day, the same for all names, from 20 days of ten style returns:
 *   w = softmax(W₁ relu(W₀ s + b₀) + b₁), where a graph that does not exist has the logit −∞.
 */

export interface SaTensors {
  readonly weight0: Tensor
  readonly bias0: Tensor
  readonly weight1: Tensor
  readonly bias1: Tensor
}

export interface SaPass {
  /** Sum to 1 over the graphs that exist; 0 for the others. */
  readonly graphWeights: number[]
  readonly styles: Tensor
  readonly hidden: Tensor
}

/** Softmax over the entries that exist; all absent gives all 0. */
export const maskedSoftmax = (logits: ArrayLike<number>, exists: readonly boolean[]): number[] => {
  const largest = exists.reduce((max, present, g) => (present ? Math.max(max, logits[g]) : max), -Infinity)
  const powers = exists.map((present, g) => (present ? Math.exp(logits[g] - largest) : 0))
  const total = powers.reduce((sum, power) => sum + power, 0)
  return total === 0 ? powers : powers.map((power) => power / total)
}

/** −Σ w ln w: the bonus on it keeps SA from settling on one graph before it has seen enough days. */
export const entropy = (weights: readonly number[]): number =>
  -weights.reduce((sum, w) => (w > 0 ? sum + w * Math.log(w) : sum), 0)

/** d/d logit of a loss with the gradient `dWeights`, less `bonus` times the entropy. */
export const softmaxGradient = (weights: readonly number[], dWeights: readonly number[], bonus: number): number[] => {
  const d = weights.map((w, g) => (w > 0 ? dWeights[g] + bonus * (Math.log(w) + 1) : 0))
  const mean = weights.reduce((sum, w, g) => sum + w * d[g], 0)
  return weights.map((w, g) => w * (d[g] - mean))
}

/** `styles` is [1, 200]. */
export const saForward = (engine: Engine, tensors: SaTensors, styles: Tensor, exists: readonly boolean[]): SaPass => {
  const hidden = engine.relu(engine.linear(styles, tensors.weight0, tensors.bias0))
  const logits = engine.download(engine.linear(hidden, tensors.weight1, tensors.bias1))
  return { graphWeights: maskedSoftmax(logits, exists), styles, hidden }
}

export const saBackward = (
  engine: Engine,
  tensors: SaTensors,
  pass: SaPass,
  dWeights: readonly number[],
  bonus: number,
): SaTensors => {
  const dLogits = softmaxGradient(pass.graphWeights, dWeights, bonus)
  const outer = engine.linearBackward(
    pass.hidden,
    tensors.weight1,
    engine.upload(Float64Array.from(dLogits), [1, dLogits.length]),
  )
  const inner = engine.linearBackward(pass.styles, tensors.weight0, engine.reluBackward(pass.hidden, outer.dx))
  return { weight0: inner.dWeight, bias0: inner.dBias, weight1: outer.dWeight, bias1: outer.dBias }
}
