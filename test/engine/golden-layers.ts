import { expect, it } from 'vitest'
import type { Engine } from '../../models/engine.ts'

/** Layers against numbers worked out by hand elsewhere (NumPy), to the printed digits. */

interface GruCell {
  /** W [3H, F], U [3H, H] by rows, biases [3H]; gates r, z, n. */
  readonly inputWeight: number[][]
  readonly hiddenWeight: number[][]
  readonly inputBias: number[]
  readonly hiddenBias: number[]
}

/**
 * One step from the state `h`. The port starts from zero, so a step before it makes h: one more input, 1 there and 0
 * later, shuts both gates and sets the candidate to atanh(h).
 */
export const gruStep = (engine: Engine, cell: GruCell, x: number[], h: number[]): number[] => {
  const size = h.length
  const shut = -60
  const columns = cell.inputWeight.map((row, gate) => [
    ...row,
    gate < 2 * size ? shut : Math.atanh(h[gate - 2 * size]) - cell.inputBias[gate],
  ])
  const first = [...x.map(() => 0), 1]
  return engine.scope(() => {
    const weights = {
      inputWeight: engine.upload(Float64Array.from(columns.flat()), [3 * size, x.length + 1]),
      hiddenWeight: engine.upload(Float64Array.from(cell.hiddenWeight.flat()), [3 * size, size]),
      inputBias: engine.upload(Float64Array.from(cell.inputBias), [3 * size]),
      hiddenBias: engine.upload(Float64Array.from(cell.hiddenBias), [3 * size]),
    }
    const steps = engine.upload(Float64Array.from([...first, ...x, 0]), [2, 1, x.length + 1])
    const mask = engine.upload(Float64Array.from([1, 1]), [2, 1])
    return [...engine.download(engine.gru(steps, mask, weights, false).h)]
  })
}

const scalar: GruCell = {
  inputWeight: [[-0.4], [0.5], [0.3]],
  hiddenWeight: [[0.2], [0.1], [0.6]],
  inputBias: [0.1, 0, -0.2],
  hiddenBias: [0, 0, 0.05],
}

const planar: GruCell = {
  inputWeight: [
    [-0.4, 0.2],
    [0.1, 0.6],
    [0.5, 0.1],
    [-0.2, 0.3],
    [0.3, -0.2],
    [0.5, 0.4],
  ],
  hiddenWeight: [
    [0.2, -0.3],
    [0.4, 0.1],
    [0.1, 0.2],
    [0.3, -0.1],
    [0.6, 0.2],
    [-0.5, 0.7],
  ],
  inputBias: [0.1, -0.1, 0, 0.1, -0.2, 0.05],
  hiddenBias: [0, 0, 0, 0, 0.05, -0.03],
}

/** h̄, α and z of three names on the path 0 - 1 - 2, before ELU and residual. */
const gatSums = (engine: Engine): number[] =>
  engine.scope(() => {
    const h = [1, 0, 0, 1, 1, 1]
    const edges = engine.uploadEdges(Int32Array.from([1, -1, 0, 2, 1, -1]), 3, 2)
    const weights = {
      // The golden value has h̄ = h W; the port takes W by output, hence transposed.
      weight: engine.upload(Float64Array.from([0.5, 0.25, -0.5, 0.75]), [2, 2]),
      left: engine.upload(Float64Array.from([0.1, 0.2]), [1, 2]),
      right: engine.upload(Float64Array.from([-0.3, 0.4]), [1, 2]),
    }
    const { z } = engine.gat(engine.upload(Float64Array.from(h), [3, 2]), edges, weights, 0.2, false)
    // All sums are positive, where ELU is the identity.
    return [...engine.download(z)].map((v, c) => v - h[c])
  })

const expectAll = (actual: number[], expected: number[]): void => {
  expect(actual.length).toBe(expected.length)
  expected.forEach((v, c) => expect(actual[c]).toBeCloseTo(v, 5))
}

export const goldenLayers = (engine: () => Engine): void => {
  it('GRU: the scalar step is reset-after, .409269 and not .401515 (golden value 6)', () => {
    expectAll(gruStep(engine(), scalar, [1], [0.5]), [0.409269])
  })

  it('GRU: the two-dimensional step is (.430456, −.049841), without c_n (.422651, −.042694) (golden value 6b)', () => {
    expectAll(gruStep(engine(), planar, [1, -0.5], [0.5, -0.25]), [0.430456, -0.049841])
    const without = { ...planar, hiddenBias: [0, 0, 0, 0, 0, 0] }
    expectAll(gruStep(engine(), without, [1, -0.5], [0.5, -0.25]), [0.422651, -0.042694])
  })

  it('GRU: a masked day keeps the state, bit for bit', () => {
    const run = (values: number[], mask: number[]): number[] =>
      engine().scope(() => {
        const weights = {
          inputWeight: engine().upload(Float64Array.from(planar.inputWeight.flat()), [6, 2]),
          hiddenWeight: engine().upload(Float64Array.from(planar.hiddenWeight.flat()), [6, 2]),
          inputBias: engine().upload(Float64Array.from(planar.inputBias), [6]),
          hiddenBias: engine().upload(Float64Array.from(planar.hiddenBias), [6]),
        }
        const x = engine().upload(Float64Array.from(values), [mask.length, 1, 2])
        return [
          ...engine().download(
            engine().gru(x, engine().upload(Float64Array.from(mask), [mask.length, 1]), weights, false).h,
          ),
        ]
      })
    expect(run([1, 2, 9, 9, 3, 4], [1, 0, 1])).toEqual(run([1, 2, 3, 4], [1, 1]))
  })

  it('GAT: attended sums on a path of three names (golden value 7)', () => {
    expectAll(gatSums(engine()), [0.359148, 0.204258, 0.46861, 0.256187, 0.456691, 0.543309])
  })
}
