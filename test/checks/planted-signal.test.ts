import { describe, test } from 'vitest'
import { seed } from '../seed.ts'
import { expectHalfOfPlanted, expectMoreThanSelfLoops, expectWholeDays } from './expectations.ts'
import { checkedLine } from './run-check.ts'

// The short form of all-signals.ts, in every run of the tests.
describe('a planted signal', () => {
  test('own: half of it is found out of sample, in whole days', { timeout: 900_000 }, async () => {
    const line = await checkedLine('own', seed, 92)
    try {
      expectHalfOfPlanted(line)
      expectWholeDays(line)
    } finally {
      await line.close()
    }
  })

  test('neighbours: more of it is found than by self loops', { timeout: 900_000 }, async () => {
    const line = await checkedLine('neighbours', seed, 92)
    try {
      await expectMoreThanSelfLoops(line)
    } finally {
      await line.close()
    }
  })
})
