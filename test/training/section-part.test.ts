import { describe, expect, it } from 'vitest'
import { everyOf, seriesOf } from '../../models/training/day-series.ts'
import { seededRandom } from '../../models/training/random.ts'
import { partOfSection } from '../../models/training/section-part.ts'
import { seed } from '../seed.ts'
import { plantedSections } from './market.ts'

const sizes = { n: 41, lookback: 3, features: 2, k: 5 }
const days = plantedSections(seed, 12, sizes, { own: 1, neighbours: 1, noise: 1 })

describe('a part of a section', () => {
  const [sample] = days
  const part = partOfSection(sample, 0.5, seededRandom(seed))
  const placeOf = (i: number): number => sample.instruments.indexOf(part.instruments[i])

  it('holds the drawn names in their order, each with its own window, label and indicators', () => {
    expect(part.n).toBe(21)
    expect([...part.instruments].sort()).toEqual(part.instruments)
    expect(new Set(part.instruments).size).toBe(21)
    for (let i = 0; i < part.n; i++) {
      const place = placeOf(i)
      expect(part.label[i]).toBe(sample.label[place])
      expect(part.fundamentals.slice(36 * i, 36 * (i + 1))).toEqual(
        sample.fundamentals.slice(36 * place, 36 * (place + 1)),
      )
      for (let step = 0; step < 3; step++) {
        const [own, whole] = [step * part.n + i, step * sample.n + place]
        expect(part.x.slice(2 * own, 2 * own + 2)).toEqual(sample.x.slice(2 * whole, 2 * whole + 2))
        expect(part.mask[own]).toBe(sample.mask[whole])
      }
    }
  })

  it('masks neighbours that were not drawn and keeps the others', () => {
    const named = (from: readonly string[], list: Int32Array): (string | null)[] =>
      [...list].map((j) => (j < 0 ? null : from[j]))
    const drawn = new Set(part.instruments)
    for (let i = 0; i < part.n; i++) {
      const whole = sample.graphs.industry!.slice(5 * placeOf(i), 5 * placeOf(i) + 5)
      const wanted = named(sample.instruments, whole).map((name) => (name !== null && drawn.has(name) ? name : null))
      expect(named(part.instruments, part.graphs.industry!.slice(5 * i, 5 * i + 5))).toEqual(wanted)
    }
    expect(part.graphs.flow).toBeNull()
  })

  it('is another one each time, and the sample itself for a share of 1', () => {
    const random = seededRandom(seed)
    const [first, second] = [partOfSection(sample, 0.5, random), partOfSection(sample, 0.5, random)]
    expect(first.instruments).not.toEqual(second.instruments)
    expect(partOfSection(sample, 1, random)).toBe(sample)
  })
})

it('every k-th day of a series begins at its phase', () => {
  const dates = (first: number): string[] => {
    const chosen = everyOf(seriesOf(days), 5, first)
    return Array.from({ length: chosen.count }, (_, d) => chosen.sample(d).date)
  }
  expect(dates(0)).toEqual([0, 5, 10].map((d) => days[d].date))
  expect(dates(3)).toEqual([3, 8].map((d) => days[d].date))
})
