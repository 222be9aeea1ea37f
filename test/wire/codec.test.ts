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
