import { describe, expect, it } from 'vitest'
import { negativeCorrelation } from '../../models/network/loss.ts'
import { maskedSoftmax } from '../../models/network/state-adaptive.ts'

describe('SA', () => {
  it('equal logits weigh 1/3 each; without the financial graph (1/2, 0, 1/2) (golden value 10)', () => {
    expect(maskedSoftmax([2, 2, 2], [true, true, true])).toEqual([1 / 3, 1 / 3, 1 / 3])
    expect(maskedSoftmax([2, 2, 2], [true, false, true])).toEqual([0.5, 0, 0.5])
  })

  it('an absent graph cannot overflow the others, and none at all weighs nothing', () => {
    expect(maskedSoftmax([0, 1e4, 0], [true, false, true])).toEqual([0.5, 0, 0.5])
    expect(maskedSoftmax([1, 2, 3], [false, false, false])).toEqual([0, 0, 0])
  })
})

describe('the loss', () => {
  const label = Float64Array.from([1, -1, NaN, 2, 0])

  it('is −1 for a section ranked in a line with its labels, whatever the unlabelled name has', () => {
    const scores = Float64Array.from([3, -1, 1e9, 5, 1])
    const { ic, gradient } = negativeCorrelation(scores, label)
    expect(ic).toBeCloseTo(1, 12)
    expect(gradient[2]).toBe(0)
  })

  it('does not feel a shift: its gradient sums to 0', () => {
    const { gradient } = negativeCorrelation(Float64Array.from([0.3, 0.1, 7, -0.2, 0.4]), label)
    expect(gradient.reduce((sum, d) => sum + d, 0)).toBeCloseTo(0, 14)
  })

  it('has no correlation where all scores are equal: NaN, gradient 0', () => {
    const { ic, gradient } = negativeCorrelation(Float64Array.from([1, 1, 2, 1, 1]), label)
    expect(ic).toBeNaN()
    expect([...gradient]).toEqual([0, 0, 0, 0, 0])
    // Three times 0.1 is not 0.3, so that their mean leaves a rest.
    const rest = negativeCorrelation(new Float64Array(3).fill(0.1), Float64Array.from([1, 2, 4]))
    expect([...rest.gradient]).toEqual([0, 0, 0])
  })

  it('refuses labels without spread', () => {
    expect(() => negativeCorrelation(new Float64Array(2), Float64Array.from([NaN, 1]))).toThrow(
      /CB_ENGINE_INPUT: 1 labels without spread among 2 names/,
    )
  })
})
