import { expect, test } from 'vitest'
import { hideFundamentals } from '../../models/training/hidden-fundamentals.ts'
import { seededRandom } from '../../models/training/random.ts'
import { seed } from '../seed.ts'
import { plantedSections } from './market.ts'

const [sample] = plantedSections(
  seed,
  1,
  { n: 400, lookback: 2, features: 1, k: 3 },
  { own: 1, neighbours: 0, noise: 1 },
)

test('a share of the names loses all indicators, the others keep theirs', () => {
  const before = sample.fundamentals.slice()
  const { fundamentals } = hideFundamentals(sample, 0.5, seededRandom(seed))
  const rows = Array.from({ length: sample.n }, (_, i) => fundamentals.subarray(i * 36, (i + 1) * 36))
  const hidden = rows.filter((row) => row.every((value) => value === 0)).length
  expect(hidden).toBeGreaterThan(140)
  expect(hidden).toBeLessThan(260)
  rows.forEach((row, i) => {
    if (row.some((value) => value !== 0)) expect(row).toEqual(before.subarray(i * 36, (i + 1) * 36))
  })
  expect(sample.fundamentals).toEqual(before)
})

test('a share of 0 gives the sample itself and draws no number', () => {
  const never = (): number => {
    throw new Error('drawn')
  }
  expect(hideFundamentals(sample, 0, never)).toBe(sample)
})
