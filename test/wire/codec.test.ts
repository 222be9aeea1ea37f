import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { TickBatch } from '../../schemas/market.ts'
import { allSchemas, codecs, ColumnRoom, decode, kindOf, publishedSchema } from '../../src/wire/index.ts'
import { murmur2, partitionOf } from '../../src/wire/partition.ts'

const batch = (): TickBatch => ({
  date: '2023-02-01',
  producer: 'cn-l2',
  channel: 'sse-6',
  partition: 3,
  batchNumber: 7,
  firstSequence: 76838,
  lastSequence: 76839,
  markTime: 1_675_214_100_220_000,
  markSequence: 76839,
  baseTime: 1_675_214_100_000_000,
  count: 2,
  dictionary: [{ instrument: '600519.SH', priceScale: 100, quantityScale: 1 }],
  instrument: Uint16Array.of(0, 0),
  kind: Uint8Array.of(0, 2),
  side: Uint8Array.of(2, 1),
  orderType: new Uint8Array(0),
  flags: Uint8Array.of(0, 4),
  time: Int32Array.of(20_000, 220_000),
  rawTime: new Int32Array(0),
  sequence: Float64Array.of(76838, 76839),
  price: Int32Array.of(174_500, 180_101),
  quantity: Float64Array.of(50, 100),
  buyId: Float64Array.of(0, 1248),
  sellId: Float64Array.of(90, 0),
  crc: 0,
})

const codeOf = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'none'
}

/** Fingerprints of the records of version 0.1.0: none of them may become unreadable. */
const released = [
  '368add1856a03c5a',
  '4eaae9d109a49933',
  '42ea459c53a2bc0a',
  'd2df9a187bf1b8c2',
  '14803835454bd827',
  '1a987d158a2d0238',
  '397beb66e70f74b6',
  '807e007fcb9ec4a9',
  '43d259736da6793d',
  '2af433ea8e0c6e79',
  '3dd14a34161e30b2',
  '86f22abbb37878a5',
  '35340a2969830120',
  '07ed9d859511dd12',
  'ebe421403bfd7bac',
  '08e9c61ff96096dd',
  '797ead0a94ca9527',
  '8bc00f429a875f4b',
  '6ddcb4d55925a9e4',
  '7c7fc69cef8f28fc',
  '3e8d5a6f33b9a641',
]

describe('codec', () => {
  it('gives back what it was given, columns as typed arrays', () => {
    const bytes = codecs.tickBatch.encode(batch())
    const message = decode(bytes)
    expect(kindOf(bytes)).toBe('tickBatch')
    expect(message.kind).toBe('tickBatch')
    expect({ ...message.value, crc: 0 }).toEqual(batch())
  })

  it('gives the same values whatever lay in the memory that a batch before gave back', () => {
    const room = new ColumnRoom()
    const first = decode(codecs.tickBatch.encode(batch()), room).value as TickBatch
    const buffer = first.sequence.buffer as ArrayBuffer
    new Uint8Array(buffer).fill(0xff)
    room.giveBack(buffer)
    const second = decode(codecs.tickBatch.encode(batch()), room).value as TickBatch
    expect(second.sequence.buffer).toBe(buffer)
    expect({ ...second, crc: 0 }).toEqual(batch())
    const third = decode(codecs.tickBatch.encode(batch()), room).value as TickBatch
    expect(third.sequence.buffer).not.toBe(buffer)
  })

  it('gives each dictionary entry out as the one object, and another where a byte differs', () => {
    const named = (instrument: string, priceScale: number) =>
      decode(codecs.tickBatch.encode({ ...batch(), dictionary: [{ instrument, priceScale, quantityScale: 1 }] }))
        .value as TickBatch
    const [first] = named('600519.SH', 100).dictionary
    expect(named('600519.SH', 100).dictionary[0]).toBe(first)
    const awkward = ['600519.SZ', '贵州茅台', '', 'x'.repeat(40), '\0', 'é'].flatMap((instrument) =>
      [100, 10_000, 2 ** 31 - 1, -1].map((priceScale) => ({ instrument, priceScale, quantityScale: 1 })),
    )
    for (let round = 0; round < 2; round++)
      for (const entry of awkward) expect(named(entry.instrument, entry.priceScale).dictionary).toEqual([entry])
  })

  it('keeps no more entries than it has room for', () => {
    const many = (round: number) =>
      Array.from({ length: 30_000 }, (_, i) => ({ instrument: `R${round}.${i}`, priceScale: 100, quantityScale: 1 }))
    for (const dictionary of [many(0), many(1), many(0)])
      expect((decode(codecs.tickBatch.encode({ ...batch(), dictionary })).value as TickBatch).dictionary).toEqual(
        dictionary,
      )
  })

  it('names what is wrong with damaged bytes', () => {
    const bytes = codecs.tickBatch.encode(batch())
    const changed = Buffer.from(bytes)
    changed[changed.length - 20] = (changed[changed.length - 20] as number) ^ 1
    const foreign = Buffer.from(bytes)
    foreign[2] = (foreign[2] as number) ^ 1
    expect(codeOf(() => decode(changed))).toBe('CB_WIRE_CRC')
    expect(codeOf(() => decode(bytes.subarray(0, bytes.length - 9)))).toBe('CB_WIRE_TRUNCATED')
    expect(codeOf(() => decode(foreign))).toBe('CB_WIRE_SCHEMA')
    expect(codeOf(() => decode(Buffer.from('{"price":1}')))).toBe('CB_WIRE_MAGIC')
    expect(codeOf(() => decode(codecs.tickBatch.encode({ ...batch(), count: 3 })))).toBe('CB_WIRE_COLUMN')
  })

  // Bytes of version 0.1.0, whose Correction had no `retract` and whose Input no `revision`.
  it('reads messages of earlier releases, with the defaults of what they lack', () => {
    const correction = 'c301807e007fcb9ec4a914323032342d30332d31350602246c6174652066696c65206f66207373652d36'
    expect(decode(Buffer.from(correction, 'hex'))).toEqual({
      kind: 'correction',
      value: { date: '2024-03-15', partition: 3, revision: 1, cause: 'late file of sse-6', retract: false },
    })
    const input =
      'c30186f22abbb37878a50c7374796c6573227374796c65737c323032342d30332d313514323032342d30332d3135' +
      '14323032342d30332d31350461620200040873697a6508626574610020000000000000e03f000000000000f87f00feb8f2e006'
    const styles = codecs.input.decode(Buffer.from(input, 'hex'))
    expect(styles).toMatchObject({ id: 'styles|2024-03-15', columns: ['size', 'beta'], revision: 0 })
    expect([...styles.values]).toEqual([0.5, Number.NaN])
    const later = { ...styles, revision: 2 }
    expect(codecs.input.decode(codecs.input.encode(later))).toEqual(later)
  })

  it('knows the schema of every record of version 0.1.0', () => {
    const known = Object.values(codecs).flatMap((codec) => [codec.fingerprint, ...codec.earlier])
    expect(known).toEqual(expect.arrayContaining(released))
    expect(new Set(known).size).toBe(known.length)
  })

  it('has every schema published as it stands', () => {
    for (const schema of allSchemas) {
      const file = new URL(`../../schemas/published/${schema.name}.v1.avsc`, import.meta.url)
      expect(readFileSync(file, 'utf8'), schema.name).toBe(publishedSchema(schema))
    }
  })
})

describe('partition', () => {
  // Values of org.apache.kafka.common.utils.Utils.murmur2 from Kafka's own UtilsTest.
  it('hashes like the Java client', () => {
    expect(murmur2('21')).toBe(-973932308)
    expect(murmur2('foobar')).toBe(-790332482)
    expect(murmur2('a-little-bit-long-string')).toBe(-985981536)
    expect(murmur2('a-little-bit-longer-string')).toBe(-1486304829)
    expect(partitionOf('foobar', 4)).toBe((-790332482 & 0x7fffffff) % 4)
  })
})
