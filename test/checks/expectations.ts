import { expect } from 'vitest'
import { pairedTest } from '../../models/evaluation/significance.ts'
import { instruments, told, type CheckedLine } from './run-check.ts'
import { horizon, trainLine } from './trained-line.ts'
import { promotedLine } from './variants.ts'

/** At least half of what the planted returns themselves earn, which must be much for this to mean anything. */
export function expectHalfOfPlanted({ mlC, planted }: CheckedLine): void {
  expect(planted.n).toBeGreaterThanOrEqual(30)
  expect(planted.t).toBeGreaterThanOrEqual(8)
  expect(mlC.t).toBeGreaterThan(3)
  expect(mlC.mean).toBeGreaterThanOrEqual(planted.mean / 2)
}

/** Weights sum to 1, and every listed name has a value or one reason. */
export function expectWholeDays({ days }: CheckedLine): void {
  for (const { mlC, completed } of days) {
    for (const weights of [mlC.weights, mlC.saWeights, mlC.longOnlyWeights]) {
      expect([...weights].reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12)
    }
    const named = [...mlC.instruments, ...completed.exclusions.map(({ instrument }) => instrument)]
    expect(new Set(named).size).toBe(instruments)
    expect(named.length).toBe(completed.universe)
    expect(completed.published).toBe(completed.universe - completed.exclusions.length)
    for (const { reason } of completed.exclusions) expect(reason).not.toBe('')
  }
}

/** The same networks without neighbours find less, day by day. */
export async function expectMoreThanSelfLoops({ checked, models, spans, comparison }: CheckedLine): Promise<void> {
  const alone = await promotedLine(await trainLine(checked, spans, { name: 'self-loops', selfLoopsOnly: true }))
  const together = comparison.rankIcs(await promotedLine(models))
  const test = pairedTest(together, comparison.rankIcs(alone), horizon - 1)
  console.info(`neighbours less self loops: ${told(test)}`)
  expect(test.mean).toBeGreaterThan(0)
  expect(test.t).toBeGreaterThan(2)
}
