import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Factor } from '../../schemas/day.ts'
import { jobPartitions, topicPath, topics } from '../../schemas/topics.ts'
import { codecs } from '../../src/wire/index.ts'
import { murmur2, partitionOf } from '../../src/wire/partition.ts'

// Goal: schemas/README.md is enough to read the wire. Method: its example is decoded by the text alone, with nothing of
// src/wire, and its tables are held against the constants.

const folder = resolve(import.meta.dirname, '../../schemas')
const text = readFileSync(join(folder, 'README.md'), 'utf8')
const block = (language: string): string => new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(text)?.[1] ?? ''
const example = Buffer.from(block('hex').replace(/\s/g, ''), 'hex')
const canonical = block('text').trim()

interface Published {
  readonly name: string
  readonly namespace: string
  readonly fields: readonly { readonly name: string; readonly type: unknown; readonly column?: string }[]
}
const published = JSON.parse(readFileSync(join(folder, 'published/Factor.v1.avsc'), 'utf8')) as Published

/** The reflected polynomial, one bit at a time: CRC-32 as zlib has it, CRC-64-AVRO as Avro's specification has it. */
function crc(bytes: Uint8Array, polynomial: bigint, start: bigint, end: bigint): bigint {
  let value = start
  for (const byte of bytes) {
    value ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) value = (value >> 1n) ^ ((value & 1n) === 1n ? polynomial : 0n)
  }
  return value ^ end
}

const crc64Avro = (bytes: Uint8Array): bigint => crc(bytes, 0xc15d213aa4d7a795n, 0xc15d213aa4d7a795n, 0n)
const crc32 = (bytes: Uint8Array): bigint => crc(bytes, 0xedb88320n, 0xffffffffn, 0xffffffffn)

/** Avro's binary encoding of the types that the example has. */
class Reader {
  private at = 10
  private readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  long(): number {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(this.bytes[this.at++])
      value |= (byte & 127n) << shift
      if (byte < 128n) return Number((value >> 1n) ^ -(value & 1n))
    }
  }

  taken(length: number): Buffer {
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  value(type: unknown): unknown {
    if (type === 'int' || type === 'long') return this.long()
    if (type === 'double') return this.taken(8).readDoubleLE()
    if (type === 'string') return this.taken(this.long()).toString()
    if (type === 'bytes') return this.taken(this.long())
    const items: unknown[] = []
    for (let count = this.long(); count > 0; count = this.long()) {
      for (; count > 0; count--) items.push(this.value((type as { items: unknown }).items))
    }
    return items
  }
}

const doubles = (bytes: Buffer): number[] =>
  Array.from({ length: bytes.length / 8 }, (_, row) => bytes.readDoubleLE(row * 8))

/** The first cells of a table's rows, code marks taken off. */
const rowsOf = (heading: string): string[][] => {
  const [, table = ''] = new RegExp(`\\| ${heading} .*?\\n\\|[ -|]*\\n((?:\\|.*\\n)*)`).exec(text) ?? []
  const cells = (line: string): string[] => line.split(/(?<!\\)\|/).map((cell) => cell.trim())
  return table
    .trimEnd()
    .split('\n')
    .map((line) => cells(line).slice(1, -1))
}

describe('schemas/README.md', () => {
  it('names each topic with its partitions, records and how long it is kept', () => {
    const described = rowsOf('topic').flatMap(([names, partitions, , , kept]) =>
      [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => [name, partitions, kept]),
    )
    const kept = (days: number | null): string => (days === null ? 'for ever' : days === 1 ? '1 day' : `${days} days`)
    expect(described).toEqual(
      topics.map(({ name, partitions, retentionDays }) => [
        name,
        partitions === 'market' ? 'P' : partitions === 'jobs' ? String(jobPartitions) : String(partitions),
        kept(retentionDays),
      ]),
    )
    expect(topicPath('completed')).toBe('closebell.completed.v1')
    const records = rowsOf('topic').flatMap(([, , , cell]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name))
    expect([...new Set(records)].sort()).toEqual(
      Object.values(codecs)
        .map(({ name }) => name)
        .sort(),
    )
  })

  it('has the partition of a symbol', () => {
    const [, symbol, hash, partition, count] =
      /`(\S+)` has (-\d+) and is in partition (\d) of (\d)/.exec(text.replace(/\n/g, ' ')) ?? []
    expect([String(murmur2(symbol)), String(partitionOf(symbol, Number(count)))]).toEqual([hash, partition])
    expect(((murmur2(symbol) & 0x7fffffff) % Number(count)).toString()).toBe(partition)
  })

  it('has the canonical form of the schema in published/, and its fingerprint', () => {
    const { name, namespace, fields } = published
    const bare = fields.map((field) => ({ name: field.name, type: field.type }))
    expect(canonical).toBe(JSON.stringify({ name: `${namespace}.${name}`, type: 'record', fields: bare }))
    const fingerprint = Buffer.alloc(8)
    fingerprint.writeBigUInt64LE(crc64Avro(Buffer.from(canonical)))
    expect(example.subarray(0, 10).toString('hex')).toBe(`c301${fingerprint.toString('hex')}`)
  })

  it('has an example that its own text decodes, to the value that the codec gives', () => {
    const reader = new Reader(example)
    const record = Object.fromEntries(published.fields.map(({ name, type }) => [name, reader.value(type)]))
    const columns = published.fields
      .filter(({ column }) => column !== undefined)
      .map(({ name }) => record[name] as Buffer)
    expect(BigInt(record['crc'] as number)).toBe(crc32(Buffer.concat(columns)))
    expect(columns.map(doubles)).toEqual([
      [1.5, Number.NaN],
      [-0.25, Number.NaN],
    ])
    expect(record).toMatchObject({ date: '2024-03-15', set: 'PV', horizon: 10, coverage: 0.5, count: 2 })
    expect(record['instruments']).toEqual(['000001.SZ', '600519.SH'])
    const decoded = codecs.factor.decode(example)
    const { date, revision, instruments, raw, neutral, artifactHash } = decoded
    expect([date, revision, instruments, artifactHash]).toEqual([
      record['date'],
      record['revision'],
      record['instruments'],
      record['artifact_hash'],
    ])
    expect([[...raw], [...neutral]]).toEqual(columns.map(doubles))
    expect(codecs.factor.encode(decoded satisfies Factor)).toEqual(example)
  })

  it('has the bytes of each field in their order, and the hash by which completed names them', () => {
    const rows = text.split('| bytes').at(-1) ?? ''
    const bytes = [...rows.matchAll(/^\| (`[^|]*`)/gm)]
    const told = bytes.map(([, cell]) => cell.replace(/[` ,]/g, '')).join('')
    expect(told).toBe(example.toString('hex'))
    const named = /names it as `([0-9a-f]{64})`, the SHA-256 of\s+these (\d+) bytes/.exec(text)
    expect(named?.slice(1)).toEqual([createHash('sha256').update(example).digest('hex'), String(example.length)])
  })
})
