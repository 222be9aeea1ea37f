import type { Engine, FloatArray, Tensor } from '../../engine.ts'
import { gatBackward, gatForward } from './gat.ts'
import { gruBackward, gruForward } from './gru.ts'
import { addColumnSums, addTimes, addTransposedTimes, timesTransposed } from './matrix.ts'
import { Dense, NeighbourLists, dense, gatSaved, gruSaved, lists, zeros } from './tensor.ts'

/**
 * The reference engine: the equations in plain typed arrays, f64 throughout (V8 computes in f64 anyway, so narrower
 * storage would only add rounding). It is the oracle of the other engines and needs nothing but the language.
 */

const linear = (x: Dense, weight: Dense, bias: Dense): Dense => {
  const [rows, inputs] = x.shape
  const y = zeros([rows, weight.shape[0]])
  timesTransposed(x.data, weight.data, bias.data, y.data, rows, inputs, weight.shape[0])
  return y
}

const linearBackward = (x: Dense, weight: Dense, dy: Dense): { dx: Dense; dWeight: Dense; dBias: Dense } => {
  const [rows, inputs] = x.shape
  const [outputs] = weight.shape
  const gradients = { dx: zeros(x.shape), dWeight: zeros(weight.shape), dBias: zeros([outputs]) }
  addTimes(dy.data, weight.data, gradients.dx.data, rows, outputs, inputs)
  addTransposedTimes(dy.data, x.data, gradients.dWeight.data, rows, outputs, inputs)
  addColumnSums(dy.data, gradients.dBias.data, rows, outputs)
  return gradients
}

const mix = (parts: readonly Tensor[], factors: readonly number[]): Dense => {
  const y = zeros(parts[0].shape)
  parts.forEach((part, p) => {
    const { data } = dense(part)
    for (let c = 0; c < data.length; c++) y.data[c] += factors[p] * data[c]
  })
  return y
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0
  for (let c = 0; c < a.length; c++) sum += a[c] * b[c]
  return sum
}

const concat = (parts: readonly Tensor[]): Dense => {
  const [rows] = parts[0].shape
  const y = zeros([rows, parts.reduce((width, part) => width + part.shape[1], 0)])
  let at = 0
  for (const part of parts) {
    const width = part.shape[1]
    const { data } = dense(part)
    for (let i = 0; i < rows; i++) y.data.set(data.subarray(i * width, (i + 1) * width), i * y.shape[1] + at)
    at += width
  }
  return y
}

const concatBackward = (parts: readonly Tensor[], dy: Dense): Dense[] => {
  const [rows, total] = dy.shape
  let at = 0
  return parts.map((part) => {
    const width = part.shape[1]
    const d = zeros(part.shape)
    for (let i = 0; i < rows; i++) d.data.set(dy.data.subarray(i * total + at, i * total + at + width), i * width)
    at += width
    return d
  })
}

/** `runtime` names what Math.exp and Math.tanh depend on, e.g. the version of V8. */
export const createReferenceEngine = (runtime: string): Engine => ({
  name: 'reference',
  device: 'cpu',
  kernelBuild: `reference-1 ${runtime}`,
  live: 0,
  upload: (values: FloatArray, shape) => new Dense(shape, Float64Array.from(values)),
  uploadEdges: (neighbours, n, k) => new NeighbourLists(neighbours, n, k),
  download: (tensor) => dense(tensor).data,
  scope: (work) => work(),
  linear: (x, weight, bias) => linear(dense(x), dense(weight), dense(bias)),
  linearBackward: (x, weight, dy) => linearBackward(dense(x), dense(weight), dense(dy)),
  relu: (x) =>
    new Dense(
      x.shape,
      dense(x).data.map((v) => (v < 0 ? 0 : v)),
    ),
  reluBackward: (y, dy) => {
    const output = dense(y).data
    return new Dense(
      dy.shape,
      dense(dy).data.map((d, c) => (output[c] > 0 ? d : 0)),
    )
  },
  gru: (x, mask, weights, keep, before) => {
    const { h, saved } = gruForward(x, mask, weights, before)
    return { h, saved: keep ? saved : null }
  },
  gruBackward: (saved, dh) => gruBackward(gruSaved(saved), dense(dh)),
  gat: (h, edges, weights, slope, keep) => {
    const { z, saved } = gatForward(h, lists(edges), weights, slope)
    return { z, saved: keep ? saved : null }
  },
  gatBackward: (saved, dz) => gatBackward(gatSaved(saved), dense(dz)),
  mix,
  mixBackward: (parts, factors, dy) => ({
    dParts: factors.map(
      (factor) =>
        new Dense(
          dy.shape,
          dense(dy).data.map((d) => factor * d),
        ),
    ),
    dFactors: parts.map((part) => dot(dense(part).data, dense(dy).data)),
  }),
  concat,
  concatBackward: (parts, dy) => concatBackward(parts, dense(dy)),
})
