import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ClosebellError } from '../../schemas/errors.ts'
import type { Engine } from '../../models/engine.ts'
import { createTensorflowEngine } from '../../src/engine/tensorflow/engine.ts'
import { drawnAgreement, engineSuite, numericalGradients } from './engine-suite.ts'

/** The engine, or null where its library is not set up; in CI it has to be there. */
const open = async (precision: 'f32' | 'f64'): Promise<Engine | null> => {
  try {
    return await createTensorflowEngine(undefined, precision)
  } catch (error) {
    const absent = error instanceof ClosebellError && error.code === 'CB_ENGINE_ABSENT'
    if (!absent || process.env['CI'] !== undefined) throw error
    return null
  }
}

const single = await open('f32')
const double = await open('f64')

describe('the tensorflow engine', () => {
  if (single === null || double === null) {
    it.skip('not set up here, its tests were skipped: npm run setup:tensorflow', () => undefined)
    console.info('The tests of the tensorflow engine were skipped: run npm run setup:tensorflow.')
    return
  }
  engineSuite(() => single)

  describe('in f64', () => {
    drawnAgreement(() => double)
    numericalGradients(() => double, 5)
  })

  it('says where it runs and on which build', () => {
    expect(single.device).toMatch(/^(cpu|gpu)$/)
    expect(single.kernelBuild).toMatch(/^tensorflow 2\.\d+\.\d+, layers 4, addon [0-9a-f]{12}, ./)
  })

  it('refuses a tensor that would outlive every scope', () => {
    expect(() => single.upload(Float32Array.of(1), [1])).toThrow(/CB_ENGINE_INPUT: .*outside of any scope/)
    expect(single.live).toBe(0)
  })
})

describe('an absent library', () => {
  it('is CB_ENGINE_ABSENT with its remedy, and nothing takes its place', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'closebell-'))
    await expect(createTensorflowEngine(folder)).rejects.toThrow(/^CB_ENGINE_ABSENT: .*Run npm run setup:tensorflow\.$/)
  })
})
