import { describe, expect, it } from 'vitest'
import { Quality } from '../../schemas/rows.ts'
import { restoreDay, saveDay } from '../../streams/index.ts'
import type { Logged } from '../../src/ports/bus.ts'
import { codecs } from '../../src/wire/index.ts'
import { PartitionStream, type StreamOutput } from '../../src/workers/features/partition-stream.ts'
import { logged, newChain, openingMessages, producer, tickBatchOf } from '../streams/market-log.ts'
import { closedOf, dayValues, rowBits, settingsOf, takeAll } from '../streams/reduce.ts'
import { tape } from '../streams/tape-text.ts'

const day = tape(`
  600000.SH 09:30:00 T 10.00 100 B1 S2 b
  000001.SZ 09:30:01 T 20.00 100 B1 S2 b
  600000.SH 09:31:00 T 10.01 200 B3 S4 b
  000001.SZ 09:32:00 T 20.01 200 B3 S4 b
  600000.SH 09:33:00 T 10.02 300 B5 S6 b
  600000.SH 09:34:00 T 10.03 400 B7 S8 b`)
const { date } = day
const [shanghai, shenzhen] = ['SH-ticks', 'SZ-ticks'].map((channel) => {
  const chain = newChain(channel)
  return day.ticks
    .filter((tick) => tick.channel === channel)
    .map((tick) => codecs.tickBatch.encode(tickBatchOf(day, chain, [tick])))
})
const ended = (channel: string) =>
  codecs.chainEnded.encode({ date, producer, channel, partition: 0, batches: 2, lastSequence: 0, events: 2 })
const lost = (channel: string) => codecs.chainLost.encode({ date, producer, channel, partition: 0 })
const deadline = codecs.deadline.encode({ date, partition: 0 })

const log = (...values: readonly Uint8Array[]): Logged[] =>
  [...openingMessages(day, 0, 1, []), ...values].map((value, offset) => logged(value, offset, date))

const lateOf = (outputs: readonly StreamOutput[]) =>
  outputs.flatMap((output) => (output.kind === 'late' ? [output.value.offset] : []))
const refusedOf = (outputs: readonly StreamOutput[]) =>
  outputs.flatMap((output) => (output.kind === 'quarantined' ? [output] : []))
const qualities = (outputs: readonly StreamOutput[]) =>
  outputs.flatMap((output) => (output.kind === 'dayRow' ? [output.value.quality] : []))
const holes = Quality.gap | Quality.incomplete

describe('a chain that is given up', () => {
  const outputs = takeAll(
    log(
      shanghai[0],
      shenzhen[0],
      shanghai[1],
      lost('SH-ticks'),
      shanghai[2],
      shenzhen[1],
      shanghai[3],
      ended('SZ-ticks'),
    ),
  )

  it('holds the others back no longer, and what it still sends is late', () => {
    expect(closedOf(outputs)).toMatchObject({
      degraded: true,
      missing: [`${producer}/SH-ticks`],
      cutOffset: 8,
      eventsIn: 6,
      eventsUsed: 4,
      eventsLate: 2,
    })
    expect(lateOf(outputs)).toEqual([5, 7])
    expect(refusedOf(outputs)).toEqual([])
    expect(dayValues(outputs, '600000.SH')['volume']).toBe(300)
  })

  it('leaves a hole in every row from there on, and late in those of its own names', () => {
    expect(qualities(outputs).map((bits) => bits & (holes | Quality.late))).toEqual([holes, holes | Quality.late])
    const before = outputs.filter((output) => output.kind === 'minuteRows').map(({ value }) => value.quality[0] & holes)
    expect([before[0], before.at(-1)]).toEqual([0, holes])
  })

  it('is given up for the day, by whichever end was logged first, over a snapshot too', () => {
    const messages = log(
      shanghai[0],
      lost('SH-ticks'),
      ended('SH-ticks'),
      lost('SH-ticks'),
      shenzhen[0],
      shanghai[1],
      ended('SZ-ticks'),
      lost('SZ-ticks'),
      deadline,
    )
    const whole = takeAll(messages)
    expect(closedOf(whole)).toMatchObject({ missing: [`${producer}/SH-ticks`], eventsLate: 1 })
    expect(refusedOf(whole)).toEqual([])
    const settings = settingsOf()
    const stream = new PartitionStream(0, settings)
    const before = messages.slice(0, 5).flatMap((message) => stream.take(message))
    if (stream.day === null) throw new RangeError('the day is over')
    const again = new PartitionStream(0, settings)
    again.resume(restoreDay(saveDay(stream.day), settings), 0, null, 5)
    const behind = messages.slice(5).flatMap((message) => again.take(message))
    expect(rowBits([...before, ...behind])).toEqual(rowBits(whole))
  })
})

describe('a deadline', () => {
  it('ends the day over what is there, names the chains that had not ended, and marks the rows', () => {
    const outputs = takeAll(log(shanghai[0], shenzhen[0], shenzhen[1], ended('SZ-ticks'), deadline, deadline))
    expect(closedOf(outputs)).toMatchObject({ degraded: true, missing: [`${producer}/SH-ticks`], eventsUsed: 3 })
    expect(qualities(outputs).map((bits) => bits & holes)).toEqual([holes, holes])
    expect(refusedOf(outputs)).toEqual([])
  })
})

describe('behind the cut', () => {
  const whole = [...shanghai, ...shenzhen, ended('SH-ticks'), ended('SZ-ticks')]
  const opening = openingMessages(day, 0, 1, [])

  it('what is said again is dropped in silence, over a snapshot too, and nothing else is', () => {
    const cut = opening.length + whole.length
    const other = shanghai[1].with(-1, shanghai[1][shanghai[1].length - 1] ^ 1)
    const changed = codecs.tickBatch.encode({ ...codecs.tickBatch.decode(shanghai[1]), batchNumber: 9 })
    const messages = log(...whole, ...opening, ...whole, other, changed)
    const stream = new PartitionStream(0, settingsOf())
    expect(closedOf(messages.slice(0, cut).flatMap((message) => stream.take(message)))).not.toBeNull()
    const again = new PartitionStream(0, settingsOf())
    again.resume(null, 0, stream.past, cut)
    const behind = messages.slice(cut).flatMap((message) => again.take(message))
    expect(refusedOf(behind).map(({ value }) => value.code)).toEqual(['CB_WIRE_CRC', 'CB_CHAIN_ENDED'])
    expect(behind).toHaveLength(2)
  })

  it('no earlier day is opened', () => {
    const earlier = codecs.dayOpened.encode({ ...codecs.dayOpened.decode(opening[0]), date: '2023-01-31' })
    const outputs = takeAll(log(shanghai[0], earlier, ...whole, earlier))
    expect(refusedOf(outputs).map(({ value }) => value.code)).toEqual(['CB_DAY', 'CB_DAY'])
    expect(dayValues(outputs, '600000.SH')['volume']).toBe(1000)
  })
})
