import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import avro from 'avsc'
import { ClosebellError } from '../../schemas/errors.ts'
import type { AvroField, AvroType, ColumnType, RecordSchema } from '../../schemas/record.ts'
import { batchTypes, columnBytes } from './batch-types.ts'
import type { ColumnRoom } from './column-room.ts'

/**
 * Avro single-object encoding of every record of schemas/: C3 01, the CRC-64-AVRO fingerprint of the schema
 * (little endian), the body. Columns are `bytes` on the wire and typed arrays in memory.
 */
export interface Codec<T> {
  readonly name: string
  /** Hex of the eight bytes behind the magic. */
  readonly fingerprint: string
  /** Those of the schemas that had not yet gained the defaulted fields at the end of this one; it reads them all. */
  readonly earlier: readonly string[]
  /** Computes `crc` where the record has one. */
  encode(value: T): Buffer
  /**
   * @param room where the columns are put; without one they get memory of their own
   * @throws ClosebellError CB_WIRE_TRUNCATED, CB_WIRE_COLUMN, CB_WIRE_CRC
   */
  decode(bytes: Uint8Array, room?: ColumnRoom): T
}

type Column = Float64Array | Float32Array | Int32Array | Uint16Array | Uint8Array

const elementBytes: Readonly<Record<ColumnType, number>> = { f64: 8, f32: 4, i32: 4, u16: 2, u8: 1 }

const views: Readonly<Record<ColumnType, (buffer: ArrayBuffer, offset: number, length: number) => Column>> = {
  f64: (buffer, offset, length) => new Float64Array(buffer, offset, length),
  f32: (buffer, offset, length) => new Float32Array(buffer, offset, length),
  i32: (buffer, offset, length) => new Int32Array(buffer, offset, length),
  u16: (buffer, offset, length) => new Uint16Array(buffer, offset, length),
  u8: (buffer, offset, length) => new Uint8Array(buffer, offset, length),
}

const headerBytes = 10
/** A batch may not name more rows than this: a bound on what a hostile count can make us allocate. */
const countMax = 1 << 20
const messageBytesMax = 64 << 20

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

function camelType(type: AvroType): unknown {
  if (typeof type === 'string') return type
  if (type.type === 'array') return { type: 'array', items: camelType(type.items) }
  return {
    type: 'record',
    name: type.name,
    fields: type.fields.map(typedField),
  }
}

const typedField = ({ name, type, column, ...rest }: AvroField) => ({
  name: camel(name),
  type: column === undefined ? camelType(type) : { type: 'bytes', logicalType: columnBytes },
  ...('default' in rest ? { default: rest.default } : {}),
})

const typeOf = ({ name, fields }: RecordSchema<unknown>): avro.types.RecordType =>
  avro.Type.forSchema({ type: 'record', name, fields: fields.map(typedField) } as avro.Schema, {
    typeHook: batchTypes,
  }) as avro.types.RecordType

/** The schema as it was before each of the defaulted fields at its end came: a schema only ever gains such fields. */
function earlierOf<T>(schema: RecordSchema<T>): RecordSchema<T>[] {
  const required = schema.fields.findLastIndex((f) => f.default === undefined) + 1
  const gained = schema.fields.length - required
  return Array.from({ length: gained }, (_, i) => ({ ...schema, fields: schema.fields.slice(0, required + i) }))
}

/** Canonical schema as published: snake_case names, with the column attributes. */
export const publishedSchema = (schema: RecordSchema<unknown>): string => JSON.stringify(schema, null, 2) + '\n'

/** CRC-64-AVRO of the parsing canonical form, as the Avro specification defines it; avsc has no such digest. */
function rabin(schema: RecordSchema<unknown>): Buffer {
  const canonical = JSON.stringify(avro.Type.forSchema(JSON.parse(JSON.stringify(schema)) as avro.Schema).schema())
  const empty = 0xc15d213aa4d7a795n
  let fingerprint = empty
  for (const byte of Buffer.from(canonical)) {
    let slot = (fingerprint ^ BigInt(byte)) & 0xffn
    for (let bit = 0; bit < 8; bit++) slot = (slot >> 1n) ^ ((slot & 1n) === 1n ? empty : 0n)
    fingerprint = (fingerprint >> 8n) ^ slot
  }
  const out = Buffer.alloc(8)
  out.writeBigUInt64LE(fingerprint)
  return out
}

/** sha256 in hex. */
export const sha256 = (...parts: readonly (Uint8Array | string)[]): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

export const asBytes = (column: ArrayBufferView): Uint8Array =>
  new Uint8Array(column.buffer, column.byteOffset, column.byteLength)

interface ColumnPlace {
  readonly name: string
  readonly type: ColumnType
  readonly stride: number
  /** Whether its length is a multiple of `count`; free otherwise. */
  readonly perRow: boolean
}

function columnPlaces(fields: readonly AvroField[]): ColumnPlace[] {
  return fields
    .filter((f) => f.column !== undefined)
    .map((f) => ({
      name: camel(f.name),
      type: f.column as ColumnType,
      stride: f.stride ?? 1,
      perRow: f.unit !== 'by column' && f.unit !== 'by row',
    }))
}

/** Copies the column bytes once into one aligned buffer and views that. */
function viewColumns(
  raw: Record<string, unknown>,
  places: readonly ColumnPlace[],
  count: number | null,
  name: string,
  room: ColumnRoom | undefined,
): void {
  let size = 0
  for (const place of places) size = ((size + 7) & ~7) + (raw[place.name] as Uint8Array).byteLength
  const buffer = room?.take(size) ?? Buffer.allocUnsafeSlow(size).buffer
  const target = new Uint8Array(buffer)
  let offset = 0
  for (const place of places) {
    const bytes = raw[place.name] as Uint8Array
    offset = (offset + 7) & ~7
    const length = bytes.byteLength / elementBytes[place.type]
    const wanted = count === null || !place.perRow ? length : count * place.stride
    if (!Number.isInteger(length) || (length !== 0 && length !== wanted)) {
      throw new ClosebellError(
        'CB_WIRE_COLUMN',
        `${name}.${place.name} has ${bytes.byteLength} bytes for ${count ?? '?'} rows`,
      )
    }
    target.set(bytes, offset)
    raw[place.name] = views[place.type](buffer, offset, length)
    offset += bytes.byteLength
  }
}

export function makeCodec<T extends object>(schema: RecordSchema<T>): Codec<T> {
  const fingerprint = rabin(schema)
  const header = Buffer.concat([Buffer.from([0xc3, 0x01]), fingerprint])
  const places = columnPlaces(schema.fields)
  const hasCrc = schema.fields.some((f) => f.name === 'crc')
  const hasCount = schema.fields.some((f) => f.name === 'count')
  const type = typeOf(schema)
  const earlier = new Map(earlierOf(schema).map((old) => [rabin(old).toString('hex'), typeOf(old)]))

  const encode = (value: T): Buffer => {
    const out = { ...value } as Record<string, unknown>
    let crc = 0
    for (const place of places) {
      const column = out[place.name] as Column
      const bytes = Buffer.from(column.buffer, column.byteOffset, column.byteLength)
      out[place.name] = bytes
      if (bytes.length > 0) crc = crc32(bytes, crc)
    }
    if (hasCrc) out['crc'] = crc
    return Buffer.concat([header, type.toBuffer(out)])
  }

  const decode = (bytes: Uint8Array, room?: ColumnRoom): T => {
    if (bytes.byteLength > messageBytesMax) {
      throw new ClosebellError(
        'CB_WIRE_VALUE',
        `${schema.name} of ${bytes.byteLength} bytes, at most ${messageBytesMax}`,
      )
    }
    let raw: Record<string, unknown>
    try {
      const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const old = earlier.size === 0 ? undefined : earlier.get(message.toString('hex', 2, headerBytes))
      raw = (old ?? type).fromBuffer(message.subarray(headerBytes)) as Record<string, unknown>
      if (old !== undefined) for (const f of type.fields.slice(old.fields.length)) raw[f.name] = f.defaultValue()
    } catch (cause) {
      throw new ClosebellError(
        'CB_WIRE_TRUNCATED',
        `${schema.name} of ${bytes.byteLength} bytes cannot be read: ${(cause as Error).message}`,
        { cause },
      )
    }
    if (places.length > 0) {
      const count = hasCount ? (raw['count'] as number) : null
      if (count !== null && (count < 0 || count > countMax)) {
        throw new ClosebellError('CB_WIRE_VALUE', `${schema.name} has ${count} rows, 0 to ${countMax} are allowed`)
      }
      let crc = 0
      for (const place of places) {
        const bytes = raw[place.name] as Uint8Array
        if (bytes.length > 0) crc = crc32(bytes, crc) // zlib answers 0 for no bytes, whatever it was given
      }
      if (hasCrc && crc !== raw['crc']) {
        throw new ClosebellError(
          'CB_WIRE_CRC',
          `${schema.name} has checksum ${String(raw['crc'])}, its columns give ${crc}`,
        )
      }
      viewColumns(raw, places, count, schema.name, room)
    }
    return raw as T
  }

  return { name: schema.name, fingerprint: fingerprint.toString('hex'), earlier: [...earlier.keys()], encode, decode }
}
