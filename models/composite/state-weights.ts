import { ClosebellError } from '../../schemas/errors.ts'
import type { StyleWindow } from '../inputs/style-window.ts'
import { equalWeights, type SetWeights } from './long-only-weights.ts'
import { parameterCount, stateForward, stateInputs, stateLoss, type StateDay, type StateShape } from './state-loss.ts'

/** Trained weights of the sets by the state of the market; plain JSON. */
export interface StateWeightModel {
  /** Sets in the order of the weights. */
  readonly sets: readonly string[]
  readonly hidden: number
  /** In the order of `StateShape`. */
  readonly parameters: readonly number[]
  /** Days it was trained on. */
  readonly days: number
}

export interface StateTraining {
  readonly sets: readonly string[]
  readonly days: readonly StateDay[]
  /** Uniform in [0, 1), seeded by the caller. */
  readonly random: () => number
  readonly hidden?: number
  readonly epochs?: number
  readonly learningRate?: number
}

/**
 * Trains softmax(MLP(20 days of style returns)) on −IC of Σ w_k f_k by Adam over all days at once. The output layer
 * starts at 0, that is at equal weights. The days must be known before the first day that the weights are used on.
 * @returns null without days: there is nothing to learn from, the weights stay equal
 */
export function trainStateWeights(training: StateTraining): StateWeightModel | null {
  const { sets, days, random, hidden = 32, epochs = 100, learningRate = 1e-3 } = training
  if (days.length === 0) return null
  const shape: StateShape = { hidden, sets: sets.length }
  const parameters = new Float64Array(parameterCount(shape))
  // Glorot's uniform bound for W₁.
  const bound = Math.sqrt(6 / (stateInputs + hidden))
  for (let p = 0; p < hidden * stateInputs; p++) parameters[p] = (2 * random() - 1) * bound
  const first = new Float64Array(parameters.length)
  const second = new Float64Array(parameters.length)
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const { gradient } = stateLoss(parameters, shape, days)
    for (let p = 0; p < parameters.length; p++) {
      first[p] = 0.9 * first[p] + 0.1 * gradient[p]
      second[p] = 0.999 * second[p] + 0.001 * gradient[p] ** 2
      const step = first[p] / (1 - 0.9 ** epoch) / (Math.sqrt(second[p] / (1 - 0.999 ** epoch)) + 1e-8)
      parameters[p] -= learningRate * step
    }
  }
  return { sets, hidden, parameters: Array.from(parameters), days: days.length }
}

/**
 * Weights of the sets on a day. Without a model or with less than 20 days of style returns they are equal, flagged
 * `equal-sa`.
 * @throws CB_ARTIFACT when the model is for other sets
 */
export function stateWeights(model: StateWeightModel | null, sets: readonly string[], styles: StyleWindow): SetWeights {
  if (model === null || !styles.complete) return { weights: equalWeights(sets.length), flags: ['equal-sa'] }
  const shape: StateShape = { hidden: model.hidden, sets: model.sets.length }
  if (model.sets.join() !== sets.join() || model.parameters.length !== parameterCount(shape)) {
    const held = `weights of ${model.sets.join(', ')} with ${model.parameters.length} parameters`
    const fact = `${held} asked for ${sets.join(', ')}`
    throw new ClosebellError('CB_ARTIFACT', fact)
  }
  return { weights: stateForward(Float64Array.from(model.parameters), shape, styles.values).weights, flags: [] }
}
