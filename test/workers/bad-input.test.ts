import { describe, expect, it } from 'vitest'
import { Quality } from '../../schemas/rows.ts'
import { bookLevels, type BookBatch, type TickBatch } from '../../schemas/market.ts'
import type { Logged } from '../../src/ports/bus.ts'
import type { StreamOutput } from '../../src/workers/features/partition-stream.ts'
import { codecs } from '../../src/wire/index.ts'
import {
  bookBatchOf,
  chainNames,
  logged,
  referenceOf,
  newChain,
  openingMessages,
  producer,
  tickBatchOf,
} from '../streams/market-log.ts'
import { closedOf, dayValues, minuteValues, takeAll } from '../streams/reduce.ts'
import { at, tape } from '../streams/tape-text.ts'

const day = tape(`
  600000.SH 09:30:00 T 10.00 100 B1 S2 b
  600000.SH 09:31:00 T 10.01 200 B3 S4 b
  600000.SH 09:32:00 T 10.02 300 B5 S6 b
  600001.SH 09:33:00 T 20.00 400 B7 S8 b
  600000.SH 09:34:00 T 10.03 500 B9 S1 b`)

const channel = 'SH-ticks'
const chain = (): ReturnType<typeof newChain> => newChain(channel)

/** The five trades in batches of the given sizes, each batch changed on its way. */
function batches(sizes: readonly number[], change: (batch: TickBatch, index: number) => void = () => {}): Buffer[] {
  const state = chain()
  let from = 0
  return sizes.map((size, index) => {
    const batch = tickBatchOf(day, state, day.ticks.slice(from, (from += size)))
    change(batch, index)
    return codecs.tickBatch.encode(batch)
  })
}

const ended = codecs.chainEnded.encode({
  date: day.date,
  producer,
  channel,
  partition: 0,
  batches: 0,
  lastSequence: 0,
  events: 0,
})

const log = (...messages: readonly Uint8Array[]): Logged[] =>
  [...openingMessages(day, 0, 1, []), ...messages].map((value, offset) => logged(value, offset, day.date))

const refusals = (outputs: readonly StreamOutput[]) =>
  outputs.flatMap((output) =>
    output.kind === 'quarantined' ? [[output.value.offset, output.value.row, output.value.code]] : [],
  )

const lateOf = (outputs: readonly StreamOutput[]) =>
  outputs.flatMap((output) => (output.kind === 'late' ? [[output.value.offset, output.value.row]] : []))

const volumeOf = (outputs: readonly StreamOutput[], instrument = '600000.SH'): number =>
  dayValues(outputs, instrument)['volume']

/** Rows in = used + quarantined + late. */
function expectSum(outputs: readonly StreamOutput[], [used, quarantined, late]: readonly number[]): void {
  const { eventsIn, eventsUsed, eventsQuarantined, eventsLate } = closedOf(outputs)
  expect([eventsUsed, eventsQuarantined, eventsLate]).toEqual([used, quarantined, late])
  expect(eventsIn).toBe(used + quarantined + late)
}

describe('a message that cannot be read is quarantined with its offset, and the stream goes on', () => {
  const [first, second] = batches([2, 3])
  const wrongCrc = Buffer.from(first)
  wrongCrc[wrongCrc.indexOf(Buffer.from(Float64Array.of(100).buffer))] ^= 1
  const unknown = Buffer.from(first)
  unknown[5] ^= 0xff

  it.each([
    ['a truncated batch', first.subarray(0, first.length - 20), 'CB_WIRE_TRUNCATED'],
    ['an unknown schema', unknown, 'CB_WIRE_SCHEMA'],
    ['a wrong checksum', wrongCrc, 'CB_WIRE_CRC'],
    ['other bytes', Buffer.from('not a batch'), 'CB_WIRE_MAGIC'],
    ['no bytes', Buffer.alloc(0), 'CB_WIRE_MAGIC'],
    [
      'a record of another topic',
      codecs.job.encode({
        date: day.date,
        revision: 0,
        set: 'PV',
        artifactHash: '',
        panelHashes: [],
        inputHashes: [],
        styleHashes: [],
      }),
      'CB_WIRE_SCHEMA',
    ],
  ])('%s', (_, bytes, code) => {
    const outputs = takeAll(log(first, bytes, second, ended))
    expect(refusals(outputs)).toEqual([[2, -1, code]])
    const [refused] = outputs.flatMap((output) => (output.kind === 'quarantined' ? [output.value] : []))
    expect(Buffer.from(refused.bytes).equals(bytes)).toBe(true)
    expect(volumeOf(outputs)).toBe(1100)
    expectSum(outputs, [5, 0, 0])
  })

  it('every cut of a batch', () => {
    for (let length = 0; length < first.length; length += 7) {
      const outputs = takeAll(log(first.subarray(0, length), first, second, ended))
      expect([length, refusals(outputs).length, volumeOf(outputs)]).toEqual([length, 1, 1100])
    }
  })
})

describe('a row that is no event is quarantined with its place, and its batch goes on', () => {
  /** Row 1 of the first batch is spoilt: 200 shares are missing. */
  const spoilt = (change: (batch: TickBatch) => void) =>
    takeAll(log(...batches([2, 3], (b, i) => i === 0 && change(b)), ended))

  it.each<[string, (batch: TickBatch) => void, string]>([
    ['a negative price', (batch) => (batch.price[1] = -1001), 'CB_PRICE'],
    ['a trade at price 0', (batch) => (batch.price[1] = 0), 'CB_PRICE'],
    ['a negative quantity', (batch) => (batch.quantity[1] = -200), 'CB_QUANTITY'],
    ['a quantity of NaN', (batch) => (batch.quantity[1] = Number.NaN), 'CB_QUANTITY'],
    ['half a share', (batch) => (batch.quantity[1] = 0.5), 'CB_QUANTITY'],
    ['an unknown kind', (batch) => (batch.kind[1] = 9), 'CB_WIRE_VALUE'],
    ['an index outside of the dictionary', (batch) => (batch.instrument[1] = 7), 'CB_SYMBOL'],
    ['an order id of NaN', (batch) => (batch.buyId[1] = Number.NaN), 'CB_WIRE_VALUE'],
    ['a time before the date', (batch) => (batch.time[1] = -2_000_000_000), 'CB_TIME'],
    ['a time that goes back in its batch', (batch) => (batch.time[1] = -1), 'CB_TIME'],
  ])('%s', (_, change, code) => {
    const outputs = spoilt(change)
    expect(refusals(outputs)).toEqual([[1, 1, code]])
    expect(volumeOf(outputs)).toBe(900)
    expectSum(outputs, [4, 1, 0])
  })

  it.each(['__proto__', 'A\nB', '', '.hidden', 'x'.repeat(33)])('symbol %j', (symbol) => {
    const outputs = takeAll(log(...batches([2, 3], (b, i) => i === 1 && (b.dictionary[1].instrument = symbol)), ended))
    expect(refusals(outputs)).toEqual([[2, 1, 'CB_SYMBOL']])
    expect(volumeOf(outputs)).toBe(1100)
    expect(outputs.filter(({ kind }) => kind === 'dayRow')).toHaveLength(1)
    expectSum(outputs, [4, 1, 0])
  })

  it.each<[string, Partial<TickBatch['dictionary'][number]>]>([
    ['price', { priceScale: 1000 }],
    ['quantity', { quantityScale: 100 }],
  ])('a %s scale that changes within the day', (_, scale) => {
    const outputs = takeAll(log(...batches([2, 3], (b, i) => i === 1 && Object.assign(b.dictionary[0], scale)), ended))
    expect(refusals(outputs)).toEqual([
      [2, 0, 'CB_WIRE_VALUE'],
      [2, 2, 'CB_WIRE_VALUE'],
    ])
    expect(volumeOf(outputs)).toBe(300)
    expectSum(outputs, [3, 2, 0])
  })

  it.each<[string, Partial<TickBatch['dictionary'][number]>]>([
    ['price scale of 0', { priceScale: 0 }],
    ['negative quantity scale', { quantityScale: -1 }],
  ])('a %s', (_, scale) => {
    const outputs = takeAll(log(...batches([5], (b) => Object.assign(b.dictionary[1], scale)), ended))
    expect(refusals(outputs)).toEqual([[1, 3, 'CB_WIRE_VALUE']])
    expect(volumeOf(outputs)).toBe(1100)
    expectSum(outputs, [4, 1, 0])
  })

  it('a snapshot with a negative price or size, or a size of NaN', () => {
    const book = tape(`
      600000.SH 09:30:00 Q 10.00 300 10.01 200
      600000.SH 09:31:00 Q 10.00 300 10.01 200`)
    const spoil: [keyof BookBatch, number, string][] = [
      ['bidPrice', -1, 'CB_PRICE'],
      ['askPrice', -1, 'CB_PRICE'],
      ['bidQuantity', -1, 'CB_QUANTITY'],
      ['askQuantity', Number.NaN, 'CB_QUANTITY'],
      ['bidQuantity', Infinity, 'CB_QUANTITY'],
    ]
    for (const [column, value, code] of spoil) {
      const batch = bookBatchOf(book, newChain('SH-books'), book.quotes)
      const levels = batch[column] as Float64Array | Int32Array
      levels[bookLevels + 3] = value
      const end = codecs.chainEnded.encode({ ...codecs.chainEnded.decode(ended), channel: 'SH-books' })
      const messages = [...openingMessages(book, 0, 1, []), codecs.bookBatch.encode(batch), end]
      const outputs = takeAll(messages.map((message, offset) => logged(message, offset, book.date)))
      expect([column, refusals(outputs)]).toEqual([column, [[1, 1, code]]])
      expectSum(outputs, [1, 1, 0])
    }
  })

  it('a symbol of Reference', () => {
    const known = ['600000.SH', '__proto__'].map((instrument) => referenceOf(instrument, { adv20: 5000 }))
    const messages = [...openingMessages(day, 0, 1, known), ...batches([5]), ended]
    const outputs = takeAll(messages.map((message, offset) => logged(message, offset, day.date)))
    expect(refusals(outputs)).toEqual([[1, 1, 'CB_SYMBOL']])
    expect(outputs.filter(({ kind }) => kind === 'dayRow')).toHaveLength(2)
  })

  it('a whole batch of another day holds nothing back: the rows behind it are in the minute rows of their time', () => {
    const tomorrow = (batch: TickBatch): void => void (batch.baseTime += 24 * 3600e6)
    const outputs = takeAll(log(...batches([1, 1, 3], (batch, i) => i === 1 && tomorrow(batch)), ended))
    expect(refusals(outputs)).toEqual([[2, 0, 'CB_TIME']])
    expect(minuteValues(outputs, '600000.SH', 2)['volume']).toBe(400)
    expect(volumeOf(outputs)).toBe(900)
    expectSum(outputs, [4, 1, 0])
  })

  it('a row stamped far ahead holds nothing back: the rows behind it are in the minute rows of their time', () => {
    const spoil = (batch: TickBatch): void => {
      batch.dictionary.push({ ...batch.dictionary[0], instrument: '__proto__' })
      batch.instrument[1] = batch.dictionary.length - 1
      batch.time[1] = 30 * 60e6
    }
    const outputs = takeAll(log(...batches([3, 2], (batch, i) => i === 0 && spoil(batch)), ended))
    expect(refusals(outputs)).toEqual([[1, 1, 'CB_SYMBOL']])
    expect(minuteValues(outputs, '600000.SH', 3)['volume']).toBe(400)
    expectSum(outputs, [4, 1, 0])
  })

  it('a first row outside of the date does not hide the late rows behind it', () => {
    const shift = (batch: TickBatch): void => {
      // The mark is 23:50; of these two rows one is stamped 00:10 of the next day, the other 23:40.
      batch.baseTime = at('23:59:00')
      batch.time = Int32Array.of(11 * 60e6, -19 * 60e6)
    }
    const outputs = takeAll(
      log(...batches([2, 2], (batch, i) => (i === 0 ? (batch.markTime = at('23:50:00')) : shift(batch))), ended),
    )
    expect([refusals(outputs), lateOf(outputs)]).toEqual([[[2, 0, 'CB_TIME']], [[2, 1]]])
    expectSum(outputs, [2, 1, 1])
  })
})

describe('a message cannot ask for more than it brings', () => {
  const [first, second] = batches([2, 3])

  it('an array of more items than bytes', () => {
    const opened = codecs.dayOpened.encode(codecs.dayOpened.decode(log()[0].value))
    const name = Buffer.from(producer)
    // The count of chains is the byte before the length of the first one's name: -2^49 items.
    const at = opened.indexOf(name) - 2
    const endless = Buffer.concat([
      opened.subarray(0, at),
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
      opened.subarray(at + 1),
    ])
    expect(refusals(takeAll(log(endless, first, second, ended)))).toEqual([[1, -1, 'CB_WIRE_TRUNCATED']])
  })

  it('a count of rows without their columns', () => {
    const columns = Object.entries(codecs.tickBatch.decode(first)).filter(([, value]) => ArrayBuffer.isView(value))
    const none = Object.fromEntries(columns.map(([name]) => [name, new Uint8Array(0)]))
    const [hollow] = batches([2], (batch) => Object.assign(batch, none, { count: 1_000_000, batchNumber: 9 }))
    const outputs = takeAll(log(hollow, first, second, ended))
    expect(refusals(outputs)).toEqual([[1, -1, 'CB_WIRE_COLUMN']])
    expectSum(outputs, [5, 1_000_000, 0])
  })

  it.each(['2023-13-01', '', '../../etc', '9'.repeat(1 << 20)])('a day whose date is none (%#)', (date) => {
    const opened = codecs.dayOpened.decode(log()[0].value)
    const outputs = takeAll(log(codecs.dayOpened.encode({ ...opened, date }), first, second, ended))
    expect(refusals(outputs)).toEqual([[1, -1, 'CB_TIME']])
    expectSum(outputs, [5, 0, 0])
  })

  it('more chains than the order table tells apart', () => {
    const opened = codecs.dayOpened.decode(log()[0].value)
    const chains = Array.from({ length: 300 }, (_, i) => ({ producer, channel: `${i}` }))
    const outputs = takeAll(log(codecs.dayOpened.encode({ ...opened, date: '2023-02-02', chains }), first))
    expect(refusals(outputs)).toEqual([[1, -1, 'CB_WIRE_VALUE']])
  })
})

describe('batches and their chains', () => {
  const [first, second] = batches([2, 3])

  it('a batch of an ended chain is refused', () => {
    const other = { producer, channel: 'SZ-ticks' }
    const opened = openingMessages(day, 0, 1, [], [...chainNames(day), other])
    const otherEnded = codecs.chainEnded.encode({
      ...other,
      date: day.date,
      partition: 0,
      batches: 0,
      lastSequence: 0,
      events: 0,
    })
    const outputs = takeAll([...opened, first, ended, second, otherEnded].map((value, i) => logged(value, i, day.date)))
    expect(refusals(outputs)).toEqual([[3, -1, 'CB_CHAIN_ENDED']])
    expect(volumeOf(outputs)).toBe(300)
    expectSum(outputs, [2, 3, 0])
  })

  it('a batch behind the cut is refused, and the closed rows stay as they are', () => {
    const outputs = takeAll(log(first, ended, second))
    expect(refusals(outputs)).toEqual([[3, -1, 'CB_CHAIN_ENDED']])
    expectSum(outputs, [2, 0, 0])
  })

  it('a batch before its day is open, or of another date, is refused', () => {
    const outputs = takeAll(
      [first, ...log(first, second, ended).map(({ value }) => value)].map((value, i) => logged(value, i, day.date)),
    )
    expect(refusals(outputs)).toEqual([[0, -1, 'CB_DAY']])
    expect(volumeOf(outputs)).toBe(1100)
    const [foreign] = batches([2], (batch) => (batch.date = '2023-02-02'))
    expect(refusals(takeAll(log(foreign, first, second, ended)))).toEqual([[1, -1, 'CB_DAY']])
  })

  it('a batch of a chain that the day does not expect is refused', () => {
    const [stranger] = batches([2], (batch) => (batch.producer = 'another'))
    const outputs = takeAll(log(stranger, first, second, ended))
    expect(refusals(outputs)).toEqual([[1, -1, 'CB_CHAIN_ENDED']])
    expectSum(outputs, [5, 2, 0])
  })

  it('a repeat with the same bytes is dropped in silence, one with other bytes is CB_CHAIN', () => {
    expect(refusals(takeAll(log(first, first, second, second, ended)))).toEqual([])
    const [conflicting] = batches([2], (batch) => (batch.quantity[0] = 101))
    const outputs = takeAll(log(first, conflicting, second, ended))
    expect(refusals(outputs)).toEqual([[2, -1, 'CB_CHAIN']])
    expect(volumeOf(outputs)).toBe(1100)
    expectSum(outputs, [5, 0, 0])
  })

  it('batches missing at the end of a chain are a hole too', () => {
    const outputs = takeAll(log(first, codecs.chainEnded.encode({ ...codecs.chainEnded.decode(ended), batches: 2 })))
    const qualities = outputs.flatMap((output) => (output.kind === 'dayRow' ? [output.value.quality] : []))
    expect(qualities.map((bits) => bits & Quality.incomplete)).toEqual([Quality.incomplete])
  })

  it('a hole in the batch numbers marks every row as incomplete, also of a name that shows up later', () => {
    const [, , third] = batches([2, 1, 2])
    const outputs = takeAll(log(first, third, ended))
    const quality = new Map(
      outputs.flatMap((output) => (output.kind === 'dayRow' ? [[output.value.instrument, output.value.quality]] : [])),
    )
    for (const instrument of ['600000.SH', '600001.SH'])
      expect([instrument, (quality.get(instrument) as number) & (Quality.gap | Quality.incomplete)]).toEqual([
        instrument,
        Quality.gap | Quality.incomplete,
      ])
  })

  it('a number outside of what a day can have is refused', () => {
    for (const number of [-1, 2 ** 40]) {
      const [hostile] = batches([2], (batch) => (batch.batchNumber = number))
      expect([number, refusals(takeAll(log(hostile, first, second, ended)))]).toEqual([
        number,
        [[1, -1, 'CB_WIRE_VALUE']],
      ])
    }
  })
})

describe('late rows', () => {
  it('by time: below a mark that its chain had logged', () => {
    const outputs = takeAll(log(...batches([2, 3], (batch, i) => i === 0 && (batch.markTime = at('09:33:00'))), ended))
    expect(lateOf(outputs)).toEqual([[2, 0]]) // 09:32:00; a row stamped at the mark itself is in time
    expect(volumeOf(outputs)).toBe(800)
    expectSum(outputs, [4, 0, 1])
  })

  it('by sequence: up to a sequence that its chain had passed', () => {
    const outputs = takeAll(log(...batches([2, 3], (batch, i) => i === 0 && (batch.markSequence = 4)), ended))
    expect(lateOf(outputs)).toEqual([
      [2, 0],
      [2, 1],
    ])
    expectSum(outputs, [3, 0, 2])
  })

  it('a sequence that goes back within its batch is late too', () => {
    const outputs = takeAll(log(...batches([2, 3], (batch, i) => i === 1 && (batch.sequence[1] = 1)), ended))
    expect(lateOf(outputs)).toEqual([[2, 1]])
    expectSum(outputs, [4, 0, 1])
  })

  it('says what it was and marks the row of its instrument', () => {
    const outputs = takeAll(log(...batches([2, 3], (batch, i) => i === 0 && (batch.markTime = at('09:33:00'))), ended))
    const [late] = outputs.flatMap((output) => (output.kind === 'late' ? [output.value] : []))
    expect(late).toMatchObject({
      instrument: '600000.SH',
      producer,
      channel,
      sequence: 3,
      eventTime: at('09:32:00'),
      markTime: at('09:33:00'),
    })
    const flagged = outputs.flatMap((output) =>
      output.kind === 'dayRow' && (output.value.quality & Quality.late) !== 0 ? [output.value.instrument] : [],
    )
    expect(flagged).toEqual(['600000.SH'])
  })
})
