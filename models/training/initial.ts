import { normal, type Random } from './random.ts'
import { parameterCount, parameterSlots, type NetworkSpec, type ParameterSlot } from '../network/spec.ts'

/**
 * First weights: the recurrent part uniform within ±1/√H as in PyTorch, other matrices normal with variance
 * 2 / (inputs + outputs) (Glorot and Bengio 2010), biases 0. SA's last layer starts at 0, so that all graphs that
 * exist weigh the same until something is learned.
 */
export const initialParameters = (spec: NetworkSpec, random: Random): Float32Array => {
  const parameters = new Float32Array(parameterCount(spec))
  const draw = (slot: ParameterSlot): number => {
    if (slot.name.startsWith('gru.')) return (2 * random() - 1) / Math.sqrt(spec.hidden)
    if (slot.name === 'sa.1.weight' || slot.shape.length === 1) return 0
    return normal(random) * Math.sqrt(2 / (slot.shape[0] + slot.shape[1]))
  }
  for (const slot of parameterSlots(spec)) {
    for (let p = 0; p < slot.size; p++) parameters[slot.offset + p] = draw(slot)
  }
  return parameters
}
