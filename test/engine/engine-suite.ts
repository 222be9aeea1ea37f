import { expect, it } from 'vitest'
import type { Engine } from '../../models/engine.ts'
import { lossAndGradient, scoreSection } from '../../models/network/network.ts'
import { createReferenceEngine } from '../../models/network/reference/engine.ts'
import { families, networkSpec, parameterSlots, type Family } from '../../models/network/spec.ts'
import { permutation, seededRandom, type Random } from '../../models/training/random.ts'
import { vectorCases } from '../golden/network/vectors.ts'
import { drawCase, drawParameters, drawSample, ordinaryCase } from '../network/draw.ts'
import { seed } from '../seed.ts'
import { expectGradients, relativeError } from './agreement.ts'
import { goldenLayers } from './golden-layers.ts'
import { gruParts } from './gru-parts.ts'

/** What every engine has to pass: 1e-5 of the largest output, and of each gradient tensor's own largest element. */
const tolerance = 1e-5

const againstVectors = (engine: () => Engine): void => {
  it.each(vectorCases())('agrees with PyTorch in float64: $title', ({ spec, sample, parameters, ...stored }) => {
    const { expected, entropyBonus } = stored
    const scored = scoreSection(engine(), spec, parameters, sample)
    expect(relativeError(scored.scores, expected.scores)).toBeLessThanOrEqual(tolerance)
    const trained = lossAndGradient(engine(), spec, parameters, sample, entropyBonus)
    expect(relativeError(trained.scores, expected.scores)).toBeLessThanOrEqual(tolerance)
    expect(Math.abs(trained.loss - expected.loss)).toBeLessThanOrEqual(tolerance)
    if (spec.family !== 'gru') {
      expect(relativeError(trained.graphWeights, expected.graphWeights)).toBeLessThanOrEqual(tolerance)
    }
    const gradient = Float64Array.from(parameterSlots(spec).flatMap(({ name }) => expected.gradient[name]))
    expectGradients(spec, trained.gradient, gradient, tolerance)
  })
}

const againstReference = (engine: () => Engine): void => {
  it.each(families)('agrees with the reference on sections of 96 names: %s', (family) => {
    for (const fixed of [1, 2, 3]) {
      const { spec, sample, parameters } = ordinaryCase(seededRandom(fixed), family)
      const wanted = lossAndGradient(createReferenceEngine('test'), spec, parameters, sample, 0.01)
      const got = lossAndGradient(engine(), spec, parameters, sample, 0.01)
      expect(relativeError(got.scores, wanted.scores)).toBeLessThanOrEqual(tolerance)
      expectGradients(spec, got.gradient, wanted.gradient, tolerance)
    }
  })
}

/** A case with a gradient: where hidden units are off, scores may be equal or their correlation stand still. */
const scoredCase = (random: Random, family: Family): ReturnType<typeof drawCase> => {
  for (;;) {
    const drawn = drawCase(random, family)
    const loss = lossAndGradient(createReferenceEngine('test'), drawn.spec, drawn.parameters, drawn.sample, 0)
    if (Number.isFinite(loss.ic) && loss.gradient.some((d) => Math.abs(d) > 1e-9)) return drawn
  }
}

/**
 * The same equations on any shape. `engine` must compute in f64: where a drawn gradient all but cancels, what is
 * left of it in f32 is rounding.
 */
export const drawnAgreement = (engine: () => Engine): void => {
  it.each(families)('agrees with the reference on drawn shapes: %s', (family) => {
    const random = seededRandom(seed)
    for (let round = 0; round < 5; round++) {
      const { spec, sample, parameters } = scoredCase(random, family)
      const wanted = lossAndGradient(createReferenceEngine('test'), spec, parameters, sample, 0.01)
      const got = lossAndGradient(engine(), spec, parameters, sample, 0.01)
      expect(relativeError(got.scores, wanted.scores)).toBeLessThanOrEqual(1e-10)
      expectGradients(spec, got.gradient, wanted.gradient, 1e-7)
    }
  })
}

/**
 * Central differences in up to `each` drawn elements of every tensor; `engine` must compute in f64, or its rounding
 * drowns the differences.
 */
export const numericalGradients = (engine: () => Engine, each: number): void => {
  it.each(families)('has the gradient that central differences find, in every tensor: %s', (family) => {
    const random = seededRandom(seed)
    const { spec, sample, parameters } = scoredCase(random, family)
    const { gradient } = lossAndGradient(engine(), spec, parameters, sample, 0.01)
    const moved = (p: number, by: number): number => {
      const other = parameters.slice()
      other[p] += by
      return lossAndGradient(engine(), spec, other, sample, 0.01).loss
    }
    const difference = (p: number, step: number): number => (moved(p, step) - moved(p, -step)) / (2 * step)
    const error = (p: number, found: number): number => Math.abs(found - gradient[p])
    // A unit that switches within the step (ReLU, LeakyReLU) spoils a difference; a smaller step leaves it out.
    const finest = (p: number): number => {
      let found = difference(p, 1e-5)
      for (const step of [1e-6, 1e-7]) {
        if (error(p, found) <= 1e-8) break
        const finer = difference(p, step)
        if (error(p, finer) < error(p, found)) found = finer
      }
      return found
    }
    const numerical = gradient.slice()
    for (const { offset, size } of parameterSlots(spec)) {
      for (const element of permutation(size, random).subarray(0, each)) {
        numerical[offset + element] = finest(offset + element)
      }
    }
    expectGradients(spec, gradient, numerical, 1e-5, 1e-3)
  })
}

/** Scoring may take a section in pieces, training takes it whole. */
const wholeMarket = (engine: () => Engine): void => {
  it('scores 2,100 names as the pass that keeps everything for its gradients does', () => {
    const random = seededRandom(5)
    const spec = networkSpec({ family: 'gru+gat_sa+fin', features: 3, lookback: 2, hidden: 8 })
    const sample = drawSample(random, spec, 2100, 3)
    const parameters = drawParameters(random, spec)
    const kept = lossAndGradient(engine(), spec, parameters, sample, 0)
    expect(relativeError(scoreSection(engine(), spec, parameters, sample).scores, kept.scores)).toBeLessThan(tolerance)
  })
}

const absence = (engine: () => Engine): void => {
  it('keeps NaN as NaN in a ReLU', () => {
    const relu = engine().scope(() => [
      ...engine().download(engine().relu(engine().upload(Float32Array.of(-1, NaN, 2), [3]))),
    ])
    expect(relu).toEqual([0, NaN, 2])
  })
}

const tidiness = (engine: () => Engine): void => {
  it('frees every tensor of a step, also when it throws, and repeats its bits', () => {
    const { spec, sample, parameters } = drawCase(seededRandom(seed), 'gru+gat_sa+fin')
    const first = lossAndGradient(engine(), spec, parameters, sample, 0.01)
    const before = engine().live
    const again = lossAndGradient(engine(), spec, parameters, sample, 0.01)
    scoreSection(engine(), spec, parameters, sample)
    const unlabelled = { ...sample, label: new Float32Array(sample.n) }
    expect(() => lossAndGradient(engine(), spec, parameters, unlabelled, 0.01)).toThrow('without spread')
    expect(engine().live).toBe(before)
    expect(again.gradient).toEqual(first.gradient)
  })
}

export const engineSuite = (engine: () => Engine): void => {
  goldenLayers(engine)
  gruParts(engine)
  againstVectors(engine)
  againstReference(engine)
  wholeMarket(engine)
  absence(engine)
  tidiness(engine)
}
