import { describe } from 'vitest'
import { createReferenceEngine } from '../../models/network/reference/engine.ts'
import { engineSuite, numericalGradients } from './engine-suite.ts'

describe('the reference engine', () => {
  const engine = createReferenceEngine('test')
  engineSuite(() => engine)
  numericalGradients(() => engine, Infinity)
})
