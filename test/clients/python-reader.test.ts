import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKafka } from '../../src/bus/kafka/index.ts'
import { subscribe, type DayEvent, type FactorValues, type SubscriptionEvent } from '../../src/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { codecs } from '../../src/wire/index.ts'
import { realClock } from '../real-clock.ts'
import { withServices } from '../services/real-services.ts'
import { silentLog } from '../silent-log.ts'
import { closeDay, factorOn, publish, publishFactors } from '../subscribe/closed-days.ts'

const services = await withServices('kafka')
const root = resolve(import.meta.dirname, '../..')
const python = join(root, '.python/bin/python')
const prefix = `python-${process.pid}`
const [first, second, third, fourth] = ['2024-03-12', '2024-03-13', '2024-03-14', '2024-03-15'] as const

type Printed = Readonly<Record<string, unknown>>

const hex = (column: Float64Array): string =>
  Buffer.from(column.buffer, column.byteOffset, column.byteLength).toString('hex')

/** What both readers say of a factor; artifact and label stand on the wire under their own names. */
const factorOf = ({ instruments, raw, neutral, horizon, coverage }: FactorValues): Printed => ({
  instruments,
  raw: hex(raw),
  neutral: hex(neutral),
  horizon,
  coverage,
})

function gistOf(event: SubscriptionEvent): Printed {
  if (event.type !== 'day') return event as unknown as Printed
  const { type, date, revision, degraded, cause, factors, weights, flags, exclusions }: DayEvent = event
  const named = Object.entries(factors).map(([name, values]) => [name, factorOf(values)])
  const parts = Object.entries(weights).map(([name, { weight, sa, longOnly }]) => [
    name,
    { weight, sa, long_only: longOnly },
  ])
  return {
    ...{ type, date, revision, degraded, cause, flags, exclusions },
    factors: Object.fromEntries(named) as Printed,
    weights: Object.fromEntries(parts) as Printed,
  }
}

describe.skipIf(services === null)('the Python reader', () => {
  const broker = `${services?.kafka.host}:${services?.kafka.port}`
  let bus: Bus

  beforeAll(async () => {
    if (!existsSync(python)) throw new Error('no Python for the reader: run npm run setup:python')
    bus = openKafka({ brokers: [broker], prefix, clientId: 'python-reader', log: silentLog, clock: realClock })
    await bus.createTopics(1)
    for (const date of [first, second]) await closeDay(bus, date)
    await publish(bus, 'completed', second, await publishFactors(bus, second))
    await closeDay(bus, second, { revision: 1, retracted: true, cause: 'bad prints' })
    await closeDay(bus, third, { degraded: true, cause: 'no results of G' })
  })
  afterAll(() => bus.close())

  async function printed(group: string, start: string, count: number): Promise<Printed[]> {
    const script = join(root, 'test/clients/print_days.py')
    const { stdout } = await promisify(execFile)(python, [script, broker, prefix, group, start, String(count)])
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Printed)
  }

  it('has under 80 lines', () => {
    const text = readFileSync(join(root, 'deploy/clients/python/closebell_days.py'), 'utf8')
    expect(text.trimEnd().split('\n').length).toBeLessThan(80)
  })

  it('gives the days that subscribe() gives, bit for bit: NaN, weights, retraction, a repeat passed over', async () => {
    const expected: Printed[] = []
    for await (const event of subscribe({ bus: `kafka://${broker}/${prefix}`, from: first })) {
      expected.push(gistOf(event))
      if (expected.length === 4) break
    }
    expect(expected.map(({ type, date }) => [type, date])).toEqual([
      ['day', first],
      ['day', second],
      ['retracted', second],
      ['day', third],
    ])
    const found = await printed('desk-py', first, 4)
    expect(found).toMatchObject(expected)
    expect(Object.keys(found[0]?.['factors'] as object).sort()).toEqual(['HF', 'ML_C', 'PV'])
  })

  it('goes on behind the last day that was asked on from, and gives the one at work again', async () => {
    expect((await printed('desk-again', first, 2)).map(({ date }) => date)).toEqual([first, second])
    expect((await printed('desk-again', '', 2)).map(({ type, date }) => [type, date])).toEqual([
      ['day', second],
      ['retracted', second],
    ])
    const days = subscribe({ bus: `kafka://${broker}/${prefix}`, group: 'desk-again', from: first })
    expect((await days.next()).value, 'both readers share a group').toMatchObject({ type: 'retracted', date: second })
    await days.return()
  })

  it('begins with the newest day, and refuses one whose factor is not the one that is named', async () => {
    expect((await printed('desk-new', '', 1)).map(({ date, degraded }) => [date, degraded])).toEqual([[third, true]])
    const completed = codecs.completed.decode(await publishFactors(bus, fourth))
    await publish(bus, 'factor-pv', fourth, codecs.factor.encode(factorOn(fourth, 'PV', 0.5)))
    const sets = completed.sets.map((set) => (set.set === 'PV' ? { ...set, hash: 'f'.repeat(64) } : set))
    await publish(bus, 'completed', fourth, codecs.completed.encode({ ...completed, sets }))
    await expect(printed('desk-bad', fourth, 1)).rejects.toThrow(
      /CB_BUS_GAP: .*factor-pv.v1 has no message of 2024-03-15/,
    )
  })
})
