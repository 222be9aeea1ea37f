import { describe, expect, test } from 'vitest'
import { neweyWest, pairedTest } from '../../models/evaluation/significance.ts'
import { seededRandom } from '../../models/training/random.ts'
import { storedStyles } from '../../src/workers/training/stored-inputs.ts'
import type { Signal } from '../../src/simulator/options.ts'
import { seed } from '../seed.ts'
import { expectHalfOfPlanted, expectMoreThanSelfLoops, expectWholeDays } from './expectations.ts'
import { checkedLine, told, type CheckedLine } from './run-check.ts'
import { horizon } from './trained-line.ts'
import { promotedLine, reordered } from './variants.ts'

/** `regime` needs days of several regimes to learn from: 71 training days of 130, elsewhere 33 of 92. */
const daysOf = (signal: Signal): number => (signal === 'regime' ? 130 : 92)
const permutations = 20
const shuffles = 5

async function checked(signal: Signal, more: (line: CheckedLine) => void | Promise<void>): Promise<void> {
  const line = await checkedLine(signal, seed, daysOf(signal))
  try {
    expectHalfOfPlanted(line)
    expectWholeDays(line)
    await more(line)
  } finally {
    await line.close()
  }
}

/** Five trainings one after another; what one training has by chance on all its days, the lag takes into the error. */
async function expectNothingOfShuffledLabels({ comparison, models, spans }: CheckedLine): Promise<void> {
  const pooled: number[] = []
  for (let s = 0; s < shuffles; s++) {
    const rankIcs = comparison.rankIcs(await comparison.shuffled(models, spans, seed + s))
    console.info(`shuffled labels, seed ${seed + s}: ${told(neweyWest(rankIcs, horizon - 1))}`)
    pooled.push(...rankIcs)
  }
  const { mean, standardError } = neweyWest(pooled, pooled.length / shuffles - 1)
  console.info(`shuffled labels, pooled: ${mean.toFixed(4)} ± ${standardError.toFixed(4)}`)
  expect(Math.abs(mean)).toBeLessThanOrEqual(3 * standardError)
}

async function expectOrderOfStylesToMatter(line: CheckedLine): Promise<void> {
  const { checked: market, comparison, models } = line
  const styles = await storedStyles(
    market.store,
    market.market.dates[0] as string,
    market.market.dates.at(-1) as string,
  )
  const random = seededRandom(seed)
  const artifacts = await promotedLine(models)
  const inOrder = comparison.rankIcs(artifacts)
  const others = Array.from({ length: permutations }, () => comparison.rankIcs(artifacts, reordered(styles, random)))
  const mean = inOrder.map((_, day) => others.reduce((sum, one) => sum + (one[day] as number), 0) / permutations)
  console.info(`true order less ${permutations} others: ${told(pairedTest(inOrder, mean, horizon - 1))}`)
  expect(neweyWest(inOrder, 0).mean).toBeGreaterThan(neweyWest(mean, 0).mean)
}

describe('out-of-sample days of a planted market', () => {
  test('own: half of what was planted', () => checked('own', () => undefined))
  test('fundamentals: half of what was planted', () => checked('fundamentals', () => undefined))
  test('neighbours: half of what was planted, more than by self loops', () =>
    checked('neighbours', expectMoreThanSelfLoops))
  test('regime: half of what was planted, by the true order of style returns', () =>
    checked('regime', expectOrderOfStylesToMatter))
  test('all: half of what was planted, nothing by shuffled labels', () => checked('all', expectNothingOfShuffledLabels))
})
