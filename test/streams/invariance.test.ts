import { beforeAll, describe, expect, it } from 'vitest'
import { TickKind } from '../../schemas/market.ts'
import type { FlowSizing } from '../../schemas/rows.ts'
import { restoreDay, saveDay } from '../../streams/index.ts'
import { Random } from '../../src/simulator/random.ts'
import { PartitionStream, type StreamOutput } from '../../src/workers/features/partition-stream.ts'
import { decodeSnapshot, encodeSnapshot } from '../../src/workers/features/snapshot.ts'
import { kindOf } from '../../src/wire/index.ts'
import { seed } from '../seed.ts'
import { drawnLayout, drawnTape } from './drawn-tape.ts'
import { marketLog, plainLayout, referenceOf } from './market-log.ts'
import { bitsUnder, closedOf, rowBits, settingsOf, takeAll } from './reduce.ts'
import type { Tape, Tick } from './tape-text.ts'

const sizings: readonly FlowSizing[] = ['order', 'filled', 'trade']
const random = new Random(seed)

let tape: Tape
const symbols = (): string[] => [...new Set(tape.ticks.map(({ instrument }) => instrument))].sort()
/** Small enough an average volume that VPIN has its ten buckets. */
const known = () => symbols().map((instrument) => referenceOf(instrument, { adv20: 3000 }))

beforeAll(async () => {
  tape = await drawnTape(seed)
})

describe('rows do not depend on how the log was written', () => {
  it.each(sizings)('any batching, interleaving and number of partitions gives the same bits (%s)', (sizing) => {
    const expected = bitsUnder(tape, plainLayout, sizing, known())
    expect(expected.size).toBe(symbols().length * (1 + 3 * 239))
    for (const partitions of [1, 2, 4, 7]) {
      const layout = drawnLayout(random, partitions, [1, 7, 60, 3000][random.below(4)])
      expect(bitsUnder(tape, layout, sizing, known())).toEqual(expected)
    }
  })

  it('repeated batches change nothing', () => {
    const [messages] = marketLog(tape, drawnLayout(random, 1, 40), known())
    const doubled = messages.flatMap((message) => (random.uniform() < 0.3 ? [message, message] : [message]))
    const again = doubled.map((message, offset) => ({ ...message, offset }))
    expect(rowBits(takeAll(again))).toEqual(rowBits(takeAll(messages)))
  })
})

describe('snapshots', () => {
  it('a day that is saved and restored at any message goes on with the same bits', () => {
    const sizing = sizings[random.below(3)]
    const settings = settingsOf(sizing)
    const [whole] = marketLog(tape, drawnLayout(random, 1, 200), known())
    // A lost message leaves a hole, whose mark has to be kept too.
    const batches = whole.filter(({ value }) => kindOf(value) === 'tickBatch' || kindOf(value) === 'bookBatch')
    const lost = batches[random.below(batches.length >> 1)]
    const messages = whole.filter((message) => message !== lost)
    const expected = takeAll(messages, settings)
    const identity = { partition: 0, sizing, codeVersion: '0', engine: 'v8', schemas: '0' }
    const outputs: StreamOutput[] = []
    let stream = new PartitionStream(0, settings)
    for (const message of messages) {
      outputs.push(...stream.take(message))
      const { nextOffset, openedOffset, past } = stream
      const day = stream.day === null ? null : saveDay(stream.day)
      const bytes = encodeSnapshot(identity, { nextOffset, openedOffset, past, day })
      const read = decodeSnapshot(identity, bytes)
      stream = new PartitionStream(0, settings)
      stream.resume(
        read.day === null ? null : restoreDay(read.day, settings),
        read.openedOffset,
        read.past,
        read.nextOffset,
      )
    }
    expect(rowBits(outputs)).toEqual(rowBits(expected))
    expect(closedOf(outputs)).toEqual(closedOf(expected))
  })

  it('a damaged byte or another sizing is CB_SNAPSHOT', () => {
    const identity = { partition: 0, sizing: 'order', codeVersion: '0', engine: 'v8', schemas: '0' }
    const bytes = encodeSnapshot(identity, { nextOffset: 3, openedOffset: 1, past: null, day: null })
    expect(() => decodeSnapshot({ ...identity, sizing: 'trade' }, bytes)).toThrow('CB_SNAPSHOT')
    bytes[random.below(bytes.length)] ^= 1 << random.below(8)
    expect(() => decodeSnapshot(identity, bytes)).toThrow('CB_SNAPSHOT')
  })
})

describe('what always adds up', () => {
  const trades = (): Tick[] => tape.ticks.filter(({ kind }) => kind === TickKind.trade)
  const amountOf = (ticks: readonly Tick[]): bigint =>
    ticks.reduce((sum, { price, quantity }) => sum + BigInt(price) * BigInt(quantity), 0n)
  const sum = (values: Readonly<Record<string, number>>, stem: string): bigint =>
    ['s', 'm', 'l', 'xl'].reduce((total, bucket) => total + BigInt(Math.round(values[`${stem}_${bucket}`] * 100)), 0n)

  it('bars, totals and buckets, exactly, in cents and shares', () => {
    for (const sizing of sizings) {
      const outputs = takeAll(marketLog(tape, plainLayout, known())[0], settingsOf(sizing))
      for (const instrument of symbols()) {
        const own = trades().filter((tick) => tick.instrument === instrument)
        const row = outputs.flatMap((o) =>
          o.kind === 'dayRow' && o.value.instrument === instrument ? [o.value] : [],
        )[0]
        const { minuteCount: n, minutes } = row
        const values = Object.fromEntries(
          row.sets.flatMap(({ columns }) => columns).map((id, i) => [id, row.values[i]]),
        )
        const column = (c: number): number => minutes.slice(c * n, (c + 1) * n).reduce((a, b) => a + b)
        const volume = own.reduce((total, { quantity }) => total + quantity, 0)
        expect([column(4), values['volume'], values['pv_volume']]).toEqual([volume, volume, volume])
        expect([column(6), values['trades']]).toEqual([own.length, own.length])
        const cents = BigInt(Math.round(values['amount'] * 100))
        expect(cents).toBe(amountOf(own))
        const active = sum(values, 'c_act_buy') + sum(values, 'c_act_sell')
        expect(active + BigInt(Math.round(values['c_unknown'] * 100))).toBe(cents)
        if (sizing !== 'trade') expect([sum(values, 'c_buy'), sum(values, 'c_sell')]).toEqual([cents, cents])
      }
    }
  })

  it('rows in = used + quarantined + late', () => {
    const closed = closedOf(takeAll(marketLog(tape)[0]))
    expect(closed).toMatchObject({ eventsQuarantined: 0, eventsLate: 0, degraded: false, missing: [] })
    expect([closed.eventsIn, closed.eventsUsed]).toEqual(Array(2).fill(tape.ticks.length + tape.quotes.length))
  })
})

describe('what a row may depend on', () => {
  it('renumbering all order ids of a channel in their order changes nothing', () => {
    const channels = [...new Set(tape.ticks.map(({ channel }) => channel))]
    const renumbered = channels.flatMap((channel) => {
      const own = tape.ticks.filter((tick) => tick.channel === channel)
      const ids = [...new Set(own.flatMap(({ buyId, sellId }) => [buyId, sellId]))].sort((a, b) => a - b)
      let next = 0
      const given = new Map(ids.map((id) => [id, id === 0 ? 0 : (next += 1 + random.below(2 ** 33))]))
      const of = (id: number): number => given.get(id) as number
      return own.map((tick) => ({ ...tick, buyId: of(tick.buyId), sellId: of(tick.sellId) }))
    })
    for (const sizing of sizings) {
      const bits = bitsUnder({ ...tape, ticks: renumbered }, plainLayout, sizing, known())
      expect(bits).toEqual(bitsUnder(tape, plainLayout, sizing, known()))
    }
  })

  it('the price or quantity of one trade changes rows of its instrument only', () => {
    const before = bitsUnder(tape, plainLayout, 'order', known())
    const trades = tape.ticks.flatMap(({ kind }, i) => (kind === TickKind.trade ? [i] : []))
    for (const change of [{ price: 1 }, { quantity: 100 }]) {
      const chosen = trades[random.below(trades.length)]
      const { price, quantity, instrument } = tape.ticks[chosen]
      const changed = {
        ...tape.ticks[chosen],
        price: price + ('price' in change ? 1 : 0),
        quantity: quantity + ('quantity' in change ? 100 : 0),
      }
      const after = bitsUnder({ ...tape, ticks: tape.ticks.with(chosen, changed) }, plainLayout, 'order', known())
      const differing = [...after].filter(([key, bits]) => before.get(key) !== bits).map(([key]) => key)
      expect(new Set(differing.map((key) => key.split(' ')[0]))).toEqual(new Set([instrument]))
      expect(differing).toContain(`${instrument} day`)
    }
  })
})
