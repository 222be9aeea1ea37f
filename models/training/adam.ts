import type { ParameterSlot } from '../network/spec.ts'

/** Adam (Kingma and Ba 2015) with decoupled decay (Loshchilov and Hutter 2019), more of it on named tensors. */
export interface AdamSettings {
  readonly learningRate: number
  /** Steps over which the rate rises in a line from 0. */
  readonly warmUp: number
  /** The gradient is scaled down to this Euclidean length where it is longer. */
  readonly clipNorm: number
  /** Decay per unit of rate, first prefix of a tensor's name that fits; '' fits all. */
  readonly decay: readonly (readonly [prefix: string, decay: number])[]
}

const firstRate = 0.9
const secondRate = 0.999
const epsilon = 1e-8

/** What Adam remembers between two steps. */
export interface AdamState {
  readonly steps: number
  readonly first: Float64Array
  readonly second: Float64Array
}

export interface Adam {
  /** Moves the parameters against the gradient; gives the gradient's length before clipping. */
  step(parameters: Float32Array, gradient: Float64Array): number
  /** A copy. */
  state(): AdamState
}

const decays = (slots: readonly ParameterSlot[], count: number, settings: AdamSettings): Float64Array => {
  const decay = new Float64Array(count)
  for (const { name, offset, size } of slots) {
    const own = settings.decay.find(([prefix]) => name.startsWith(prefix))
    if (own !== undefined) decay.fill(own[1], offset, offset + size)
  }
  return decay
}

/**
 * The moments are f64, the parameters f32: what is validated is then exactly what an artifact stores.
 * @param from state of an earlier run that is gone on with
 */
export const createAdam = (slots: readonly ParameterSlot[], settings: AdamSettings, from?: AdamState): Adam => {
  const count = slots.reduce((sum, slot) => sum + slot.size, 0)
  const first = from?.first.slice() ?? new Float64Array(count)
  const second = from?.second.slice() ?? new Float64Array(count)
  const decay = decays(slots, count, settings)
  let steps = from?.steps ?? 0
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
    state: () => ({ steps, first: first.slice(), second: second.slice() }),
  }
}
