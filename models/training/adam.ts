import type { ParameterSlot } from '../network/spec.ts'

/** Adam (Kingma and Ba 2015) with decoupled decay (Loshchilov and Hutter 2019) on the tensors named for it. */
export interface AdamSettings {
  readonly learningRate: number
  /** Steps over which the rate rises in a line from 0. */
  readonly warmUp: number
  /** The gradient is scaled down to this Euclidean length where it is longer. */
  readonly clipNorm: number
  /** Decay per unit of rate on tensors whose names start with `decayed`. */
  readonly decay: number
  readonly decayed: string
}

const firstRate = 0.9
const secondRate = 0.999
const epsilon = 1e-8

export interface Adam {
  /** Moves the parameters against the gradient; gives the gradient's length before clipping. */
  step(parameters: Float32Array, gradient: Float64Array): number
}

const decays = (slots: readonly ParameterSlot[], count: number, settings: AdamSettings): Float64Array => {
  const decay = new Float64Array(count)
  for (const { name, offset, size } of slots) {
    if (name.startsWith(settings.decayed)) decay.fill(settings.decay, offset, offset + size)
  }
  return decay
}

/** The moments are f64, the parameters f32: what is validated is then exactly what an artifact stores. */
export const createAdam = (slots: readonly ParameterSlot[], settings: AdamSettings): Adam => {
  const count = slots.reduce((sum, slot) => sum + slot.size, 0)
  const first = new Float64Array(count)
  const second = new Float64Array(count)
  const decay = decays(slots, count, settings)
  let steps = 0
  return {
    step: (parameters, gradient) => {
      steps += 1
      let square = 0
      for (let p = 0; p < count; p++) square += gradient[p] * gradient[p]
      const norm = Math.sqrt(square)
      const scale = norm > settings.clipNorm ? settings.clipNorm / norm : 1
      const rate = settings.learningRate * Math.min(1, steps / settings.warmUp)
      const firstBias = 1 - firstRate ** steps
      const secondBias = 1 - secondRate ** steps
      for (let p = 0; p < count; p++) {
        const g = gradient[p] * scale
        first[p] = firstRate * first[p] + (1 - firstRate) * g
        second[p] = secondRate * second[p] + (1 - secondRate) * g * g
        const move = first[p] / firstBias / (Math.sqrt(second[p] / secondBias) + epsilon)
        parameters[p] -= rate * (move + decay[p] * parameters[p])
      }
      return norm
    },
  }
}
