import { ClosebellError } from '../../../schemas/errors.ts'
import type { Engine, Saved, Tensor } from '../../../models/engine.ts'
import { loadTensorflow, projectRoot } from './binding.ts'
import { gatBackward, gatForward, NeighbourHandles, type GatSaved } from './gat.ts'
import { gruBackward, gruForward, type GruSaved } from './gru.ts'
import { handle, Operations, type Handle } from './operations.ts'

const foreign = (what: string): ClosebellError =>
  new ClosebellError('CB_ENGINE_INPUT', `the tensorflow engine was given ${what} that it did not make`)

const gruSaved = (saved: Saved): GruSaved => {
  if (saved.layer === 'gru') return saved as GruSaved
  throw foreign('a saved state')
}

const gatSaved = (saved: Saved): GatSaved => {
  if (saved.layer === 'gat') return saved as GatSaved
  throw foreign('a saved state')
}

const handles = (tensors: readonly Tensor[]): Handle[] => tensors.map(handle)

const scaled = (ops: Operations, x: Tensor, factor: number): Handle =>
  ops.binary('Mul', handle(x), ops.upload(Float64Array.of(factor), []))

/** Σ over all elements, as a number. */
const dot = (ops: Operations, a: Tensor, b: Tensor): number =>
  ops.scope(() => {
    const product = ops.binary('Mul', handle(a), handle(b))
    const size = a.shape.reduce((count, extent) => count * extent, 1)
    return ops.download(ops.reduce('Sum', ops.reshape(product, [size]), 0))[0]
  })

const layers = (ops: Operations): Omit<Engine, 'name' | 'device' | 'kernelBuild' | 'live'> => ({
  upload: (values, shape) => ops.upload(values, shape),
  uploadEdges: (neighbours, n, k) => new NeighbourHandles(ops, neighbours, n, k),
  download: (tensor) => ops.download(handle(tensor)),
  scope: (work) => ops.scope(work),
  linear: (x, weight, bias) => ops.binary('AddV2', ops.matMul(handle(x), handle(weight), 'second'), handle(bias)),
  linearBackward: (x, weight, dy) => ({
    dx: ops.matMul(handle(dy), handle(weight)),
    dWeight: ops.matMul(handle(dy), handle(x), 'first'),
    dBias: ops.reduce('Sum', handle(dy), 0),
  }),
  relu: (x) => ops.unary('Relu', handle(x)),
  reluBackward: (y, dy) => ops.binary('ReluGrad', handle(dy), handle(y)),
  gru: (x, mask, weights, keep, before) => gruForward(ops, x, mask, weights, keep, before),
  gruBackward: (saved, dh) => gruBackward(ops, gruSaved(saved), handle(dh)),
  gat: (h, edges, weights, slope, keep) => {
    if (!(edges instanceof NeighbourHandles)) throw foreign('neighbour lists')
    return gatForward(ops, handle(h), edges, weights, slope, keep)
  },
  gatBackward: (saved, dz) => gatBackward(ops, gatSaved(saved), handle(dz)),
  mix: (parts, factors) => ops.addAll(parts.map((part, p) => scaled(ops, part, factors[p]))),
  mixBackward: (parts, factors, dy) => ({
    dParts: factors.map((factor) => scaled(ops, dy, factor)),
    dFactors: parts.map((part) => dot(ops, part, dy)),
  }),
  concat: (parts) => ops.concat(handles(parts), 1),
  concatBackward: (parts, dy) =>
    ops.split(
      handle(dy),
      parts.map((part) => part.shape[1]),
      1,
    ),
})

/**
 * The engine on stock TensorFlow operations, on the CPU, or on a GPU where the library finds one. f64 is for checks
 * against central differences; a tensor exists only inside of a `scope`. Absent library: CB_ENGINE_ABSENT.
 */
export const createTensorflowEngine = async (
  root: string = projectRoot(),
  precision: 'f32' | 'f64' = 'f32',
): Promise<Engine> => {
  const { binding, device, kernelBuild } = loadTensorflow(root)
  const ops = new Operations(binding, precision)
  return {
    name: 'tensorflow',
    device,
    kernelBuild,
    get live() {
      return ops.live
    },
    ...layers(ops),
  }
}
