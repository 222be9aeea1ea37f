import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seed } from '../seed.ts'
import { limits, runCases, wrongWith, type Target } from './runner.ts'
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
  it('in cases drawn anew', async () => {
    expect(targets.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1000)
    for (const target of targets) {
      const to = Math.max(casesMin, Math.ceil((cases * target.share) / 1000))
      expect(await runCases(target, seed, { from: 0, to })).toEqual([])
    }
  })

  it('in the cases that once went wrong', async () => {
    const kept = JSON.parse(readFileSync(new URL('./corpus.json', import.meta.url), 'utf8')) as Record<string, string[]>
    for (const [name, inputs] of Object.entries(kept)) {
      const target = targets.find((one) => one.name === name)
      expect(target?.name).toBe(name)
      for (const input of inputs) expect(await wrongWith(target as Target, Buffer.from(input, 'base64'))).toBeNull()
    }
  })

  it('a reader that breaks the rule is found', async () => {
    const reading = (read: Target['read']): Target => ({ name: 'bad', share: 0, draw: () => Buffer.alloc(8), read })
    const untyped = reading(() => {
      throw new TypeError('x is not a function')
    })
    const slow = reading(() => {
      const until = performance.now() + 4 * limits.ms
      while (performance.now() < until);
    })
    const held: Buffer[] = []
    const hungry = reading(() => held.push(Buffer.alloc(64 << 20)))
    for (const [target, what] of [
      [untyped, /^untyped: TypeError/],
      [slow, /^took \d+ ms/],
      [hungry, /^took \d+ bytes for 8/],
    ] as const) {
      const [violation] = await runCases(target, 1, { from: 0, to: 1 })
      expect(violation?.what).toMatch(what)
    }
  })
})
