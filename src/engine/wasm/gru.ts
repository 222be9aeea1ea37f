import type { GruTensors, Saved, Tensor } from '../../../models/engine.ts'
import type { Block, Machine } from './machine.ts'
import { block, padded, parts } from './sizes.ts'

export interface GruSaved extends Saved {
  readonly layer: 'gru'
  readonly x: Block
  readonly mask: Block
  readonly hiddenWeight: Block
  /** Address of n, r, z, U_n h + c_n of each day, [T, n, 4 width]. */
  readonly gates: number
  /** Address of the states before each day and after the last, [T + 1, n, width]. */
  readonly states: number
}

export const gruForward = (
  machine: Machine,
  xGiven: Tensor,
  maskGiven: Tensor,
  weights: GruTensors,
  keep: boolean,
  beforeGiven?: Tensor,
): { h: Block; saved: GruSaved | null } => {
  const x = machine.own(xGiven)
  const [steps, n, features] = x.shape
  const size = weights.hiddenWeight.shape[1]
  const mask = machine.own(maskGiven, steps, n)
  const inputWeight = machine.own(weights.inputWeight, 3 * size, features)
  const hiddenWeight = machine.own(weights.hiddenWeight, 3 * size, size)
  const inputBias = machine.own(weights.inputBias, 3 * size)
  const hiddenBias = machine.own(weights.hiddenBias, 3 * size)
  const before = beforeGiven === undefined ? 0 : machine.own(beforeGiven, n, size).address
  const width = padded(machine, size)
  const h = machine.tensor([n, size])
  const gates = keep ? machine.allocate(steps * n * 4 * width) : 0
  const states = keep ? machine.allocate((steps + 1) * n * width) : 0
  machine.scope(() => {
    const packed = machine.allocate(4 * width * (features + size))
    const bias = machine.allocate(4 * width)
    const scratch = keep ? 0 : machine.allocate(machine.threads * block * 5 * width)
    machine.kernels.gru_forward(
      ...[n, steps, features, size, x.address, mask.address],
      ...[inputWeight.address, hiddenWeight.address, inputBias.address, hiddenBias.address],
      ...[packed, bias, gates, states, scratch, before, h.address],
    )
  })
  return { h, saved: keep ? { layer: 'gru', x, mask, hiddenWeight, gates, states } : null }
}

export const gruBackward = (machine: Machine, saved: GruSaved, dhGiven: Tensor): GruTensors => {
  const { x, mask, hiddenWeight, gates, states } = saved
  const [steps, n, features] = x.shape
  const size = hiddenWeight.shape[1]
  const dh = machine.own(dhGiven, n, size)
  const width = padded(machine, size)
  const gradients = {
    inputWeight: machine.tensor([3 * size, features]),
    hiddenWeight: machine.tensor([3 * size, size]),
    inputBias: machine.tensor([3 * size]),
    hiddenBias: machine.tensor([3 * size]),
  }
  machine.scope(() => {
    const packed = machine.allocate(3 * width * width)
    const scratch = machine.allocate(machine.threads * block * 5 * width)
    const sums = machine.allocate(parts * (3 * width * (padded(machine, features) + width) + 4 * width))
    machine.kernels.gru_backward(
      ...[n, steps, features, size, x.address, mask.address, hiddenWeight.address, gates, states, dh.address],
      ...[packed, scratch, sums, gradients.inputWeight.address, gradients.hiddenWeight.address],
      ...[gradients.inputBias.address, gradients.hiddenBias.address],
    )
  })
  return gradients
}
