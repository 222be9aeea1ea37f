import type { OperatorName } from './operators.ts'

type CellStep = (x: number, y: number) => number

const steps: Partial<Record<OperatorName, CellStep>> = {
  sign: Math.sign,
  neg: (x) => -x,
  abs: Math.abs,
  log: Math.log,
  sqrt: Math.sqrt,
  inv: (x) => 1 / x,
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  min: Math.min,
  max: Math.max,
}

/**
 * An operator over single values. What is not finite (a ratio with denominator 0, a root or logarithm out of its
 * domain, an overflow) is NaN, and −0 is 0.
 */
export function overCells(operator: OperatorName, inputs: readonly Float64Array[]): Float64Array {
  const step = steps[operator] as CellStep
  const [x, y = x] = inputs
  return x.map((value, at) => {
    const result = step(value, y[at])
    return Number.isFinite(result) ? result + 0 : NaN
  })
}
