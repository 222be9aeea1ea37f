import { describe, test } from 'vitest'
import { seed } from '../seed.ts'
import { expectHalfOfPlanted, expectMoreThanSelfLoops, expectWholeDays } from './expectations.ts'
import { checkedLine } from './run-check.ts'

// The short form of all-signals.ts, in every run of the tests: one market, whose returns follow neighbours.
describe('a planted signal', () => {
  test('neighbours: half of it is found out of sample, and more than by self loops', { timeout: 900_000 }, async () => {
    const line = await checkedLine('neighbours', seed, 92)
    try {
      expectHalfOfPlanted(line)
      expectWholeDays(line)
      await expectMoreThanSelfLoops(line)
    } finally {
      await line.close()
    }
  })
})
