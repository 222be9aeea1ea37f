import { styleDays, styleNames } from '../sample.ts'

/** Inputs of the network: 20 days of ten style returns. */
export const stateInputs = styleDays * styleNames.length

/** Penalty on ½|W|² of both matrices, and bonus on the entropy of the weights; domain.md §6. */
const weightDecay = 1e-3
const entropyBonus = 0.01

/**
 * softmax(W₂ relu(W₁ s + b₁) + b₂), its parameters in one array: W₁ [hidden][200], b₁ [hidden], W₂ [sets][hidden],
 * b₂ [sets].
 */
export interface StateShape {
  readonly hidden: number
  readonly sets: number
}

export const parameterCount = ({ hidden, sets }: StateShape): number => hidden * (stateInputs + 1) + sets * (hidden + 1)

/** One day of training, the factors reduced to what −IC needs: IC = w·c / (√(w′Cw) s). */
export interface StateDay {
  /** [200] */
  readonly styles: Float32Array
  /** [sets] covariance of each factor with the label. */
  readonly labelCovariance: Float64Array
  /** [sets][sets] */
  readonly covariance: Float64Array
  readonly labelDeviation: number
}

/**
 * Moments of one day over the names that have every factor and a label.
 * @param factors [sets][n] neutral z-scores
 * @returns null when fewer than three names do, or the label is constant
 */
export function stateDay(styles: Float32Array, factors: readonly Float64Array[], label: Float32Array): StateDay | null {
  const sets = factors.length
  const names: number[] = []
  label.forEach((y, i) => {
    if (!Number.isNaN(y) && factors.every((factor) => !Number.isNaN(factor[i]))) names.push(i)
  })
  if (names.length < 3) return null
  const columns = [...factors, label].map((column) => {
    const mean = names.reduce((sum, i) => sum + column[i], 0) / names.length
    return Float64Array.from(names, (i) => column[i] - mean)
  })
  const product = (a: Float64Array, b: Float64Array): number =>
    a.reduce((sum, x, i) => sum + x * b[i], 0) / names.length
  const y = columns[sets]
  const covariance = new Float64Array(sets * sets)
  for (let k = 0; k < sets; k++) {
    for (let l = 0; l < sets; l++) covariance[k * sets + l] = product(columns[k], columns[l])
  }
  const labelDeviation = Math.sqrt(product(y, y))
  const labelCovariance = Float64Array.from({ length: sets }, (_, k) => product(columns[k], y))
  return labelDeviation > 0 ? { styles, labelCovariance, covariance, labelDeviation } : null
}

interface Activations {
  readonly hidden: Float64Array
  readonly weights: Float64Array
}

/** Forward pass: the hidden layer and the weights of the sets. */
export function stateForward(parameters: Float64Array, shape: StateShape, styles: Float32Array): Activations {
  const { bias1, matrix2, bias2 } = offsets(shape)
  const hidden = new Float64Array(shape.hidden)
  for (let h = 0; h < shape.hidden; h++) {
    let sum = parameters[bias1 + h]
    for (let s = 0; s < stateInputs; s++) sum += parameters[h * stateInputs + s] * styles[s]
    hidden[h] = Math.max(0, sum)
  }
  const logits = new Float64Array(shape.sets)
  for (let k = 0; k < shape.sets; k++) {
    logits[k] = parameters[bias2 + k]
    for (let h = 0; h < shape.hidden; h++) logits[k] += parameters[matrix2 + k * shape.hidden + h] * hidden[h]
  }
  const largest = Math.max(...logits)
  const powers = logits.map((logit) => Math.exp(logit - largest))
  const total = powers.reduce((sum, power) => sum + power, 0)
  return { hidden, weights: powers.map((power) => power / total) }
}

/**
 * Loss over days: mean of −IC − 0.01 · entropy, plus 0.001 · ½|W|², and its gradient.
 * @returns gradient in the order of the parameters
 */
export function stateLoss(
  parameters: Float64Array,
  shape: StateShape,
  days: readonly StateDay[],
): { readonly loss: number; readonly gradient: Float64Array } {
  const { bias1, matrix2, bias2 } = offsets(shape)
  const gradient = new Float64Array(parameters.length)
  let loss = 0
  for (const day of days) {
    const { hidden, weights } = stateForward(parameters, shape, day.styles)
    const step = dayLoss(day, weights)
    loss += step.loss / days.length
    const logitGradient = softmaxBackward(step.gradient, weights)
    const hiddenGradient = new Float64Array(shape.hidden)
    for (let k = 0; k < shape.sets; k++) {
      const g = logitGradient[k] / days.length
      gradient[bias2 + k] += g
      for (let h = 0; h < shape.hidden; h++) {
        gradient[matrix2 + k * shape.hidden + h] += g * hidden[h]
        hiddenGradient[h] += g * parameters[matrix2 + k * shape.hidden + h]
      }
    }
    for (let h = 0; h < shape.hidden; h++) {
      if (hidden[h] === 0) continue
      gradient[bias1 + h] += hiddenGradient[h]
      for (let s = 0; s < stateInputs; s++) gradient[h * stateInputs + s] += hiddenGradient[h] * day.styles[s]
    }
  }
  for (let p = 0; p < parameters.length; p++) {
    if ((p >= bias1 && p < matrix2) || p >= bias2) continue
    loss += (weightDecay / 2) * parameters[p] ** 2
    gradient[p] += weightDecay * parameters[p]
  }
  return { loss, gradient }
}

/** −IC − 0.01 · H(w) of one day and its gradient by the weights: ∂IC/∂w = c/(σs) − (w·c) C w/(σ³s). */
function dayLoss(day: StateDay, weights: Float64Array): { loss: number; gradient: Float64Array } {
  const sets = weights.length
  const mixed = weights.map((_, k) =>
    weights.reduce((sum, weight, l) => sum + weight * day.covariance[k * sets + l], 0),
  )
  const variance = weights.reduce((sum, weight, k) => sum + weight * mixed[k], 0)
  const deviation = Math.sqrt(variance)
  const ic =
    weights.reduce((sum, weight, k) => sum + weight * day.labelCovariance[k], 0) / (deviation * day.labelDeviation)
  const entropy = weights.reduce((sum, weight) => sum - weight * Math.log(weight), 0)
  const gradient = weights.map(
    (weight, k) =>
      -day.labelCovariance[k] / (deviation * day.labelDeviation) +
      (ic * mixed[k]) / variance +
      entropyBonus * (Math.log(weight) + 1),
  )
  return { loss: -ic - entropyBonus * entropy, gradient }
}

function softmaxBackward(gradient: Float64Array, weights: Float64Array): Float64Array {
  const inner = gradient.reduce((sum, g, k) => sum + g * weights[k], 0)
  return gradient.map((g, k) => weights[k] * (g - inner))
}

function offsets(shape: StateShape): { bias1: number; matrix2: number; bias2: number } {
  const bias1 = shape.hidden * stateInputs
  const matrix2 = bias1 + shape.hidden
  return { bias1, matrix2, bias2: matrix2 + shape.sets * shape.hidden }
}
