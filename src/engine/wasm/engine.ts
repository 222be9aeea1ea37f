import { availableParallelism } from 'node:os'
import type { Engine, Saved, Tensor } from '../../../models/engine.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import { gatBackward, gatForward, NeighbourBlock, type GatSaved } from './gat.ts'
import { gruBackward, gruForward, type GruSaved } from './gru.ts'
import { Machine, sizeOf, type Block } from './machine.ts'
import { loadKernels, type Precision } from './module.ts'
import { block, padded, parts } from './sizes.ts'

const foreign = (what: string): ClosebellError =>
  new ClosebellError('CB_ENGINE_INPUT', `the wasm engine was given ${what} that it did not make`)

const gruSaved = (machine: Machine, saved: Saved): GruSaved => {
  const given = saved as GruSaved
  if (saved.layer === 'gru' && given.x.machine === machine) return given
  throw foreign('a saved state')
}

const gatSaved = (machine: Machine, saved: Saved): GatSaved => {
  const given = saved as GatSaved
  if (saved.layer === 'gat' && given.h.machine === machine) return given
  throw foreign('a saved state')
}

const linear = (machine: Machine, xGiven: Tensor, weightGiven: Tensor, biasGiven: Tensor): Block => {
  const x = machine.own(xGiven)
  const [rows, inputs] = x.shape
  const [outputs] = weightGiven.shape
  const weight = machine.own(weightGiven, outputs, inputs)
  const bias = machine.own(biasGiven, outputs)
  const width = padded(machine, outputs)
  const y = machine.tensor([rows, outputs])
  machine.scope(() => {
    const packed = machine.allocate(inputs * width)
    const paddedBias = machine.allocate(width)
    const scratch = machine.allocate(machine.threads * block * width)
    machine.kernels.linear(
      ...[rows, inputs, outputs, x.address, weight.address, bias.address],
      ...[packed, paddedBias, scratch, y.address],
    )
  })
  return y
}

const linearBackward = (machine: Machine, xGiven: Tensor, weightGiven: Tensor, dyGiven: Tensor) => {
  const x = machine.own(xGiven)
  const [rows, inputs] = x.shape
  const [outputs] = weightGiven.shape
  const weight = machine.own(weightGiven, outputs, inputs)
  const dy = machine.own(dyGiven, rows, outputs)
  const width = padded(machine, inputs)
  const gradients = {
    dx: machine.tensor([rows, inputs]),
    dWeight: machine.tensor([outputs, inputs]),
    dBias: machine.tensor([outputs]),
  }
  machine.scope(() => {
    const packed = machine.allocate(outputs * width)
    const scratch = machine.allocate(machine.threads * block * width)
    const partial = machine.allocate(parts * padded(machine, outputs) * (width + 1))
    machine.kernels.linear_backward(
      ...[rows, inputs, outputs, x.address, weight.address, dy.address, packed, scratch, partial],
      ...[gradients.dx.address, gradients.dWeight.address, gradients.dBias.address],
    )
  })
  return gradients
}

const relu = (machine: Machine, xGiven: Tensor): Block => {
  const x = machine.own(xGiven)
  const y = machine.tensor(x.shape)
  machine.kernels.relu(sizeOf(x.shape), x.address, y.address)
  return y
}

const reluBackward = (machine: Machine, yGiven: Tensor, dyGiven: Tensor): Block => {
  const y = machine.own(yGiven)
  const dy = machine.own(dyGiven, ...y.shape)
  const dx = machine.tensor(y.shape)
  machine.kernels.relu_backward(sizeOf(y.shape), y.address, dy.address, dx.address)
  return dx
}

const scaled = (machine: Machine, xGiven: Tensor, factor: number): Block => {
  const x = machine.own(xGiven)
  const y = machine.tensor(x.shape)
  machine.kernels.scale(sizeOf(x.shape), x.address, factor, y.address)
  return y
}

const mix = (machine: Machine, parts: readonly Tensor[], factors: readonly number[]): Block => {
  const y = scaled(machine, parts[0], factors[0])
  for (let p = 1; p < parts.length; p++) {
    machine.kernels.add_scaled(sizeOf(y.shape), machine.own(parts[p], ...y.shape).address, factors[p], y.address)
  }
  return y
}

const dot = (machine: Machine, aGiven: Tensor, bGiven: Tensor): number => {
  const a = machine.own(aGiven)
  return machine.kernels.dot(sizeOf(a.shape), a.address, machine.own(bGiven, ...a.shape).address)
}

const concat = (machine: Machine, given: readonly Tensor[]): Block => {
  const [rows] = given[0].shape
  const width = given.reduce((sum, part) => sum + part.shape[1], 0)
  const y = machine.tensor([rows, width])
  let at = 0
  for (const part of given) {
    const [, columns] = part.shape
    machine.kernels.put_columns(rows, columns, machine.own(part, rows, columns).address, y.address, width, at)
    at += columns
  }
  return y
}

const concatBackward = (machine: Machine, given: readonly Tensor[], dyGiven: Tensor): Block[] => {
  const [rows] = given[0].shape
  const width = given.reduce((sum, part) => sum + part.shape[1], 0)
  const dy = machine.own(dyGiven, rows, width)
  let at = 0
  return given.map(({ shape: [, columns] }) => {
    const d = machine.tensor([rows, columns])
    machine.kernels.take_columns(rows, columns, d.address, dy.address, width, at)
    at += columns
    return d
  })
}

const layers = (machine: Machine): Omit<Engine, 'name' | 'device' | 'kernelBuild' | 'live'> => ({
  upload: (values, shape) => {
    if (values.length !== sizeOf(shape)) {
      throw new ClosebellError('CB_ENGINE_INPUT', `${values.length} values for the shape [${shape.join(', ')}]`)
    }
    const tensor = machine.tensor(shape)
    machine.reals(tensor.address, values.length).set(values)
    return tensor
  },
  uploadEdges: (neighbours, n, k) => new NeighbourBlock(machine, neighbours, n, k),
  download: (tensor) => machine.reals(machine.own(tensor).address, sizeOf(tensor.shape)).slice(),
  scope: (work) => machine.scope(work),
  linear: (x, weight, bias) => linear(machine, x, weight, bias),
  linearBackward: (x, weight, dy) => linearBackward(machine, x, weight, dy),
  relu: (x) => relu(machine, x),
  reluBackward: (y, dy) => reluBackward(machine, y, dy),
  gru: (x, mask, weights, keep, before) => gruForward(machine, x, mask, weights, keep, before),
  gruBackward: (saved, dh) => gruBackward(machine, gruSaved(machine, saved), dh),
  gat: (h, edges, weights, slope, keep) => {
    if (!(edges instanceof NeighbourBlock) || edges.machine !== machine) throw foreign('neighbour lists')
    return gatForward(machine, h, edges, weights, slope, keep)
  },
  gatBackward: (saved, dz) => gatBackward(machine, gatSaved(machine, saved), dz),
  mix: (given, factors) => mix(machine, given, factors),
  mixBackward: (given, factors, dy) => ({
    dParts: factors.map((factor) => scaled(machine, dy, factor)),
    dFactors: given.map((part) => dot(machine, part, dy)),
  }),
  concat: (given) => concat(machine, given),
  concatBackward: (given, dy) => concatBackward(machine, given, dy),
})

/**
 * The engine on our own kernels in WebAssembly: the same bits on every machine and for any number of threads. f64 is
 * for checks against central differences; a tensor exists only inside of a `scope`.
 */
export const createWasmEngine = (
  precision: Precision = 'f32',
  threads: number = Math.min(availableParallelism(), parts),
): Engine => {
  const { module, kernelBuild } = loadKernels(precision)
  const machine = new Machine(module, precision, threads)
  return {
    name: 'wasm',
    device: 'cpu',
    kernelBuild,
    get live() {
      return machine.live
    },
    ...layers(machine),
  }
}
