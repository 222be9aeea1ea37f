import type { FloatArray } from '../engine.ts'
import { ClosebellError } from '../../schemas/errors.ts'

export interface CorrelationLoss {
  /** Pearson correlation of scores and labels over the names that have a label. */
  readonly ic: number
  /** d(−ic)/d(score), 0 for names without a label. */
  readonly gradient: Float64Array
}

/**
 * −IC over one day's section; with s, y centred over the labelled names,
 *   ic = Σ s y / √(Σ s² Σ y²)      d ic / d s_i = y_i / √(Σ s² Σ y²) − ic · s_i / Σ s²
 * Equal scores have no correlation: ic is then NaN and the gradient 0. They are compared one by one, since what is
 * left of them once they are centred is rounding, which would be scaled up to a gradient.
 */
export const negativeCorrelation = (scores: FloatArray, label: FloatArray): CorrelationLoss => {
  let count = 0
  let scoreSum = 0
  let labelSum = 0
  const first = label.findIndex((v) => !Number.isNaN(v))
  let isScoreFlat = true
  let isLabelFlat = true
  for (let i = 0; i < label.length; i++) {
    if (Number.isNaN(label[i])) continue
    count += 1
    scoreSum += scores[i]
    labelSum += label[i]
    isScoreFlat &&= scores[i] === scores[first]
    isLabelFlat &&= label[i] === label[first]
  }
  let ss = 0
  let yy = 0
  let sy = 0
  for (let i = 0; i < label.length; i++) {
    if (Number.isNaN(label[i])) continue
    const s = scores[i] - scoreSum / count
    const y = label[i] - labelSum / count
    ss += s * s
    yy += y * y
    sy += s * y
  }
  if (isLabelFlat || !(yy > 0))
    throw new ClosebellError('CB_ENGINE_INPUT', `${count} labels without spread among ${label.length} names`)
  const scale = Math.sqrt(ss * yy)
  const ic = sy / scale
  const gradient = new Float64Array(label.length)
  if (isScoreFlat || ss === 0) return { ic: NaN, gradient }
  for (let i = 0; i < label.length; i++) {
    if (Number.isNaN(label[i])) continue
    gradient[i] = (ic * (scores[i] - scoreSum / count)) / ss - (label[i] - labelSum / count) / scale
  }
  return { ic, gradient }
}
