import { describe, expect, it } from 'vitest'
import { averageRanks, finiteOrder } from '../../models/evaluation/ranks.ts'
import { seededRandom } from '../../models/training/random.ts'
import { seed } from '../seed.ts'

/** Ties, zeros of both signs, infinities, gaps, and values that differ in their last bits only. */
function awkward(random: () => number, length: number): Float64Array {
  const near = 10 ** Math.floor(6 * random())
  return Float64Array.from({ length }, () => {
    const kind = random()
    if (kind < 0.1) return NaN
    if (kind < 0.2) return kind < 0.15 ? 0 : -0
    if (kind < 0.22) return kind < 0.21 ? Infinity : -Infinity
    if (kind < 0.4) return near * (1 + 1e-12 * random())
    if (kind < 0.6) return Math.round(20 * random()) - 10
    return (random() - 0.5) * 10 ** (20 * random() - 10)
  })
}

describe('ranks', () => {
  const random = seededRandom(seed)

  it.each([0, 1, 2, 40, 300, 5000, 20_000])('order %i values as a comparator does, stably', (length) => {
    const values = awkward(random, length)
    const expected = [...values.keys()].filter((i) => !Number.isNaN(values[i]))
    expected.sort((a, b) => (values[a] < values[b] ? -1 : values[a] > values[b] ? 1 : a - b))
    expect([...finiteOrder(values)]).toEqual(expected)
  })

  it('give equal values the mean of their places, counted by hand', () => {
    const values = awkward(random, 200)
    const ranks = averageRanks(values)
    values.forEach((value, i) => {
      const below = values.filter((other) => other < value).length
      const equal = values.filter((other) => other === value).length
      if (Number.isNaN(value)) expect(ranks[i]).toBeNaN()
      else expect(ranks[i]).toBe(below + (equal + 1) / 2)
    })
  })
})
