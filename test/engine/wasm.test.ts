import { describe, expect, it } from 'vitest'
import { lossAndGradient } from '../../models/network/network.ts'
import { seededRandom } from '../../models/training/random.ts'
import { createWasmEngine } from '../../src/engine/wasm/engine.ts'
import { ordinaryCase } from '../network/draw.ts'
import { drawnAgreement, engineSuite, numericalGradients } from './engine-suite.ts'

describe('the wasm engine', () => {
  const single = createWasmEngine()
  const double = createWasmEngine('f64')
  engineSuite(() => single)

  describe('in f64', () => {
    drawnAgreement(() => double)
    numericalGradients(() => double, 5)
  })

  it('has the same bits for any number of threads', () => {
    const { spec, sample, parameters } = ordinaryCase(seededRandom(4), 'gru+gat_sa+fin')
    const step = (threads: number) => lossAndGradient(createWasmEngine('f32', threads), spec, parameters, sample, 0.01)
    const alone = step(1)
    for (const threads of [2, 3, 8]) expect(step(threads)).toEqual(alone)
  })

  it('says which kernels it runs', () => {
    expect(single.kernelBuild).toMatch(/^wasm f32 [0-9a-f]{12}$/)
  })

  it('refuses what the kernels would read past the end of', () => {
    single.scope(() => {
      const x = single.upload(new Float32Array(6), [2, 3])
      const bias = single.upload(new Float32Array(2), [2])
      expect(() => single.linear(x, single.upload(new Float32Array(4), [2, 2]), bias)).toThrow(/CB_ENGINE_INPUT/)
      expect(() => single.uploadEdges(Int32Array.of(0, 2), 2, 1)).toThrow(/CB_ENGINE_INPUT: neighbour 2/)
      expect(() => double.scope(() => double.relu(x))).toThrow(/did not make/)
    })
    expect(() => single.upload(Float32Array.of(1), [1])).toThrow(/CB_ENGINE_INPUT: .*outside of any scope/)
    expect(single.live).toBe(0)
  })
})
