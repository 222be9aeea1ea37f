import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Bus, Outgoing } from '../../src/ports/bus.ts'
import { Random } from '../../src/simulator/random.ts'
import { correctDate } from '../../src/workers/correct.ts'
import { replay } from '../../src/workers/replay/replay.ts'
import { late } from '../corrections/corrected-tape.ts'
import { seed } from '../seed.ts'
import { closedRecords, ClosingMarket, outgoing, withPublish } from './closing-market.ts'

const folder = mkdtempSync(join(tmpdir(), 'closebell-close-kill-'))
const random = new Random(seed, 81)
let market: ClosingMarket

beforeAll(async () => {
  market = await ClosingMarket.make(folder)
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

interface Undisturbed {
  /** Messages of each publish of the close, in their order. */
  readonly steps: readonly number[]
  readonly records: readonly string[]
}

/** Closes a tape that begins as `from` in one go. */
async function undisturbed(from: string): Promise<Undisturbed> {
  const steps: number[] = []
  const whole = market.tape(`${from}-whole`, from)
  const counted = withPublish(whole, (topic, messages) => {
    steps.push(messages.length)
    return whole.publish(topic, messages)
  })
  const summaries = await market.close(counted, { dates: [market.date] }, whole)
  expect(summaries.at(-1)).toMatchObject({ completed: { degraded: false }, mlC: { sets: ['PV', 'C', 'HF'] } })
  const records = await closedRecords(whole, market.date)
  expect(new Set(records.map((record) => record.split(' ').slice(0, 2).join(' '))).size).toBe(records.length)
  await whole.close()
  return { steps, records }
}

/** Kills the close in each of its steps and starts it again. @returns the tape of the last step */
async function killedInEach(from: string, { steps, records }: Undisturbed): Promise<Bus> {
  let last: Bus | null = null
  for (const [step, messages] of steps.entries()) {
    await last?.close()
    const part = random.below(messages + 1)
    const bus = market.tape(`${from}-dies-${step}`, from)
    last = bus
    await expect(market.close(mortal(bus, step, part), { dates: [market.date] }, bus)).rejects.toBeInstanceOf(Killed)
    await market.close(bus, { dates: [market.date] })
    expect(await closedRecords(bus, market.date), `step ${step}, ${part} of ${messages}`).toEqual(records)
  }
  return last as Bus
}

/** The date closed on a part of its events, and the rows made of its correction. */
async function corrected(): Promise<void> {
  const bus = market.tape('corrected', 'before')
  await bus.publish('inputs', market.inputs.map(outgoing))
  for (const messages of late(market.market, random)) await bus.publish('market', messages.map(outgoing))
  await market.features(bus)
  await market.close(bus)
  await correctDate({ bus, date: market.date, cause: 'late batches', retract: false })
  await market.features(bus)
  await bus.close()
}

describe('a close worker that dies in any of its steps', () => {
  it('goes on behind what it had published: the same records, none of them twice', { timeout: 120_000 }, async () => {
    const fed = market.tape('closed', 'fed')
    await market.features(fed)
    await fed.close()
    const whole = await undisturbed('closed')
    expect(whole.steps.length).toBeGreaterThan(7)
    const bus = await killedInEach('closed', whole)
    const { date, store } = market
    const again = await replay({ bus, profile: 'cn', from: date, to: date, scoring: null, history: store })
    expect(again).toMatchObject({ verdict: 'identical', compared: { panels: 5, factors: 3, mlC: 1 } })
    await bus.close()
  })

  it('does so with a later revision, too', { timeout: 120_000 }, async () => {
    await corrected()
    const whole = await undisturbed('corrected')
    expect(whole.steps.length).toBeGreaterThan(7)
    expect(whole.records.filter((record) => record.includes(`completed ${market.date}|`))).toHaveLength(2)
    await (await killedInEach('corrected', whole)).close()
  })
})
