import { expect } from 'vitest'
import { parameterSlots, type NetworkSpec } from '../../models/network/spec.ts'

const largest = (values: ArrayLike<number>): number => {
  let max = 0
  for (let i = 0; i < values.length; i++) max = Math.max(max, Math.abs(values[i]))
  return max
}

const worstDifference = (actual: ArrayLike<number>, expected: ArrayLike<number>): number => {
  expect(actual.length).toBe(expected.length)
  let worst = 0
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i])
    if (!(difference <= worst)) worst = difference
  }
  return worst
}

/** Largest difference over the largest expected magnitude. */
export const relativeError = (actual: ArrayLike<number>, expected: ArrayLike<number>): number =>
  worstDifference(actual, expected) / (largest(expected) || 1)

/**
 * Each gradient tensor within `tolerance` of its own largest element. One that is smaller than `floor` of the whole
 * gradient is held against the whole: a correlation feels no shift, so that the last bias has the gradient 0 and its
 * computed value is rounding.
 */
export const expectGradients = (
  spec: NetworkSpec,
  actual: Float64Array,
  expected: Float64Array,
  tolerance: number,
  floor = 1e-6,
): void => {
  const whole = largest(expected)
  for (const { name, offset, size } of parameterSlots(spec)) {
    const wanted = expected.subarray(offset, offset + size)
    const own = largest(wanted)
    const scale = own > floor * whole ? own : whole
    const error = worstDifference(actual.subarray(offset, offset + size), wanted) / scale
    expect(error, `gradient of ${name}`).toBeLessThanOrEqual(tolerance)
  }
}
