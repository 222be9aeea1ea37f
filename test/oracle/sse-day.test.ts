import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { dayRules } from '../../schemas/catalogue/index.ts'
import type { FlowSizing } from '../../schemas/rows.ts'
import { cnL2Feed } from '../../src/feeds/cn-l2/index.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Logged } from '../../src/ports/bus.ts'
import { codecs } from '../../src/wire/index.ts'
import { publishFeed } from '../../src/workers/feed.ts'
import { MemoryBus } from '../feeds/memory-bus.ts'
import { logged, referenceOf } from '../streams/market-log.ts'
import { barOf, closedOf, dayValues, settingsOf, takeAll } from '../streams/reduce.ts'

const instrument = '600519.SH'
const date = '2023-02-01'
/** Not the real one, which is not in the files: any number will do for two programs to agree on. */
const adv20 = 4_000_000

const root = resolve(import.meta.dirname, '../..')
const folder = resolve(root, '../shared/data/cn-l2', date, instrument)
const python = resolve(root, '.python/bin/python')

const clock: Clock = { now: () => 0, elapsed: () => 0, sleep: () => Promise.resolve() }
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** The day as the feed logs it, with the reference entry behind the record that opens it. */
async function marketLog(): Promise<Logged[]> {
  const bus = new MemoryBus()
  await publishFeed({ feed: cnL2Feed([folder]), bus, partitions: 1, clock, log, signal: new AbortController().signal })
  const values = bus.log[0].map(({ value }) => value)
  const reference = { date, partition: 0, instruments: [referenceOf(instrument, { adv20 })] }
  return values.toSpliced(1, 0, codecs.reference.encode(reference)).map((value, at) => logged(value, at, date))
}

type Values = Readonly<Record<string, number | null>>

function oracle(): Record<FlowSizing, Values> {
  if (!existsSync(python)) throw new Error('no Python for the oracle: run npm run setup:python')
  const script = resolve(import.meta.dirname, 'sse_day.py')
  return JSON.parse(execFileSync(python, [script, folder, String(adv20)], { encoding: 'utf8' })) as Record<
    FlowSizing,
    Values
  >
}

const exact = [...dayRules.PV, ...dayRules.C.filter(({ rule }) => rule.startsWith('CB-'))].map(({ id }) => id)
const close = dayRules.HF.map(({ id }) => id)

describe.skipIf(!existsSync(folder))('the oracle in Python (skipped where the market data folder is absent)', () => {
  let expected: Record<FlowSizing, Values>
  let messages: Logged[]

  beforeAll(async () => {
    expected = oracle()
    messages = await marketLog()
  })

  it.each(['order', 'filled', 'trade'] as const)(
    'prices, base fields to the cent and the ten HF features to 1e-9 agree in sizing %s',
    (sizing) => {
      const outputs = takeAll(messages, { ...settingsOf(sizing), minuteRows: false })
      const values = dayValues(outputs, instrument)
      for (const id of exact) expect([id, values[id]]).toEqual([id, expected[sizing][id]])
      for (const id of close) {
        const wanted = expected[sizing][id] as number
        expect([id, Math.abs(values[id] / wanted - 1) < 1e-9]).toEqual([id, true])
      }
      const traded = Array.from({ length: 237 }, (_, m) => barOf(outputs, instrument, m + 1)['bar_trades'] > 0)
      expect(traded.filter(Boolean)).toHaveLength(expected[sizing]['bar_count'] as number)
      expect(closedOf(outputs)).toMatchObject({ eventsQuarantined: 0, eventsLate: 0, degraded: false })
    },
  )

  it('the amount is the exchange’s own figure', () => {
    expect(expected.order['amount']).toBe(6_244_678_924.61)
  })
})
