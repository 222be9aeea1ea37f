/**
 * How the Avro records are written down: TypeScript constants that are the Avro schema, with the value type beside
 * them.
 */

/** Element type of a `bytes` field that is a little-endian column. */
export type ColumnType = 'f64' | 'f32' | 'i32' | 'u16' | 'u8'

export type AvroPrimitive = 'string' | 'int' | 'long' | 'double' | 'boolean' | 'bytes'

export type AvroType =
  | AvroPrimitive
  | { readonly type: 'array'; readonly items: AvroType }
  | { readonly type: 'record'; readonly name: string; readonly fields: readonly AvroField[] }

export interface AvroField {
  readonly name: string
  readonly type: AvroType
  readonly doc: string
  /** For `bytes`: the element type of the column. Empty bytes mean that the column is absent. */
  readonly column?: ColumnType
  readonly unit?: string
  /** Elements per row of the batch; 1 unless said (a ten-level book has 10). */
  readonly stride?: number
  readonly default?: unknown
}

/** An Avro record of the wire. `T` is the value in memory: camelCase names, columns as typed arrays. */
export interface RecordSchema<T> {
  readonly type: 'record'
  readonly name: string
  readonly namespace: 'closebell'
  readonly doc: string
  readonly fields: readonly AvroField[]
  /** Only carries the value type; never set. */
  readonly valueType?: T
}

export function record<T>(name: string, doc: string, fields: readonly AvroField[]): RecordSchema<T> {
  return { type: 'record', name, namespace: 'closebell', doc, fields }
}

export const field = (name: string, type: AvroType, doc: string, rest: Partial<AvroField> = {}): AvroField => ({
  name,
  type,
  doc,
  ...rest,
})

/** A column: bytes that hold `count * stride` elements of `type`. */
export const column = (name: string, type: ColumnType, unit: string, doc: string, stride?: number): AvroField => ({
  name,
  type: 'bytes',
  doc,
  column: type,
  unit,
  ...(stride === undefined ? {} : { stride }),
})

export const arrayOf = (items: AvroType): AvroType => ({ type: 'array', items })

export const nested = (name: string, fields: readonly AvroField[]): AvroType => ({ type: 'record', name, fields })

/** Records with columns end with this: `zlib.crc32` over their columns in the order of the schema. */
export const crcField = field('crc', 'long', 'zlib.crc32 over the bytes of the columns in schema order')
