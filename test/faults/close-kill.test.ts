import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Bus, Outgoing } from '../../src/ports/bus.ts'
import { Random } from '../../src/simulator/random.ts'
import { replay } from '../../src/workers/replay/replay.ts'
import { seed } from '../seed.ts'
import { closedRecords, ClosingMarket, withPublish } from './closing-market.ts'

const folder = mkdtempSync(join(tmpdir(), 'closebell-close-kill-'))
const random = new Random(seed, 81)
let market: ClosingMarket
let expected: string[] = []
/** Messages of each publish of a close, in their order. */
const steps: number[] = []

beforeAll(async () => {
  market = await ClosingMarket.make(folder)
  const bus = market.tape('closed', 'fed')
  await market.features(bus)
  await bus.close()
  const whole = market.tape('whole', 'closed')
  const counted = withPublish(whole, (topic, messages) => {
    steps.push(messages.length)
    return whole.publish(topic, messages)
  })
  const [summary] = await market.close(counted, { dates: [market.date] }, whole)
  expect(summary.completed).toMatchObject({ degraded: false, cause: '' })
  expect(summary.mlC?.sets).toEqual(['PV', 'C', 'HF'])
  expected = await closedRecords(whole, market.date)
  await whole.close()
}, 120_000)
afterAll(async () => {
  await market.store.close()
  rmSync(folder, { recursive: true, force: true })
})

class Killed extends Error {}

/** Dies in the `step`-th publish, when a part of its messages is in the log: none, some or all. */
function mortal(bus: Bus, step: number, part: number): Bus {
  let left = step
  return withPublish(bus, async (topic, messages: readonly Outgoing[]) => {
    if (left-- > 0) return bus.publish(topic, messages)
    if (part > 0) await bus.publish(topic, messages.slice(0, part))
    throw new Killed()
  })
}

describe('a close worker that dies in any of its steps', () => {
  it('goes on behind what it had published: the same records, none of them twice', { timeout: 120_000 }, async () => {
    expect(steps.length).toBeGreaterThan(7)
    expect(new Set(expected.map((record) => record.split(' ').slice(0, 2).join(' '))).size).toBe(expected.length)
    const { date, store } = market
    for (const [step, messages] of steps.entries()) {
      const part = random.below(messages + 1)
      const bus = market.tape(`dies-${step}`, 'closed')
      await expect(market.close(mortal(bus, step, part), { dates: [date] }, bus)).rejects.toBeInstanceOf(Killed)
      await market.close(bus)
      expect(await closedRecords(bus, date), `step ${step}, ${part} of ${messages}`).toEqual(expected)
      if (step === steps.length - 1) {
        const again = await replay({ bus, profile: 'cn', from: date, to: date, scoring: null, history: store })
        expect(again).toMatchObject({ verdict: 'identical', compared: { panels: 5, factors: 3, mlC: 1 } })
      }
      await bus.close()
    }
  })
})
