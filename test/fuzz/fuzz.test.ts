import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seed } from '../seed.ts'
import type { FuzzRun } from './check.ts'
import { limits, runCases, examined, type Target } from './runner.ts'
import { openTargets } from './targets.ts'

const cases = 8000
const casesMin = 25

let targets: Target[] = []
beforeAll(async () => {
  targets = await openTargets()
})
afterAll(async () => {
  for (const { close } of targets) await close?.()
})

describe('whatever bytes come, the answer is a result or a typed error, soon and in bounded memory', () => {
  it('in cases drawn anew', { timeout: 180_000 }, async () => {
    expect(targets.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1000)
    for (const target of targets) {
      const to = Math.max(casesMin, Math.ceil((cases * target.share) / 1000))
      expect((await runCases(target, seed, { from: 0, to })).violations).toEqual([])
    }
  })

  it('in the cases that once went wrong', async () => {
    const kept = JSON.parse(readFileSync(new URL('./corpus.json', import.meta.url), 'utf8')) as Record<string, string[]>
    for (const [name, inputs] of Object.entries(kept)) {
      const target = targets.find((one) => one.name === name)
      expect(target?.name).toBe(name)
      for (const input of inputs)
        expect(await examined(target as Target, Buffer.from(input, 'base64'))).toMatchObject({ what: null })
    }
  })

  it('a reader that breaks the rule is found', async () => {
    const reading = (read: Target['read']): Target => ({ name: 'bad', share: 0, draw: () => Buffer.alloc(8), read })
    const untyped = reading(() => {
      throw new TypeError('x is not a function')
    })
    const slow = reading(() => {
      const before = process.cpuUsage()
      while (process.cpuUsage(before).user < 2000 * limits.ms);
    })
    const held: Buffer[] = []
    const hungry = reading(() => held.push(Buffer.alloc(64 << 20)))
    const forgetful = reading(() => {
      void Promise.reject(new TypeError('nobody looks'))
      return Promise.resolve()
    })
    for (const [target, what] of [
      [untyped, /^untyped: TypeError/],
      [forgetful, /^untyped: TypeError: nobody looks/],
      [slow, /^took \d+ ms/],
      [hungry, /^took \d+ bytes for 8/],
    ] as const) {
      const { violations } = await runCases(target, 1, { from: 0, to: 1 })
      expect(violations[0]?.what).toMatch(what)
    }
  })
})

it('the last long run had a million cases of every target, and none broke the rule', () => {
  const run = JSON.parse(readFileSync(new URL('./last-run.json', import.meta.url), 'utf8')) as FuzzRun
  expect(run.violations).toEqual([])
  expect(Object.keys(run.cases).sort()).toEqual(targets.map(({ name }) => name).sort())
  expect(Object.values(run.cases).reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(1_000_000)
})
