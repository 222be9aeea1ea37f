import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { mutations, type MutationRun } from './mutations.ts'

const textOf = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8')

it.each(mutations)('$mistake: its text stands once in $file', ({ file, from }) => {
  expect(textOf(`../../${file}`).split(from)).toHaveLength(2)
})

it('every mistake was made, and is on record with the test that caught it', () => {
  const { caughtBy } = JSON.parse(textOf('./last-run.json')) as MutationRun
  expect(Object.keys(caughtBy).sort()).toEqual(mutations.map(({ mistake }) => mistake).sort())
  expect(Object.values(caughtBy)).not.toContain(null)
})
