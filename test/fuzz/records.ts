import type { AvroField, AvroType, ColumnType, RecordSchema } from '../../schemas/record.ts'
import type { Random } from '../../src/simulator/random.ts'
import { below, pick, strange } from './mutate.ts'

/** A record of any schema, and ways to make its fields hostile without breaking its bytes. */

export type Fields = Record<string, unknown>

/** Rows of an example. */
const rows = 2

const columnTypes: Readonly<Record<ColumnType, new (length: number) => ArrayLike<number>>> = {
  f64: Float64Array,
  f32: Float32Array,
  i32: Int32Array,
  u16: Uint16Array,
  u8: Uint8Array,
}

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** A value of each type, two of what there are many of; what is by column has two columns. */
export const exampleOf = ({ fields }: Pick<RecordSchema<unknown>, 'fields'>): Fields =>
  Object.fromEntries(fields.map((field) => [camel(field.name), fieldExample(field)]))

function fieldExample({ type, column, stride = 1, unit }: AvroField): unknown {
  if (column === undefined) return typeExample(type)
  const columns = unit === 'by column' || unit === 'by row' ? rows : 1
  return new columnTypes[column](rows * stride * columns)
}

function typeExample(type: AvroType): unknown {
  if (typeof type === 'object') {
    if (type.type === 'array') return Array.from({ length: rows }, () => typeExample(type.items))
    return exampleOf(type)
  }
  if (type === 'string') return '2023-02-01'
  if (type === 'boolean') return false
  return type === 'bytes' ? Buffer.alloc(3) : rows
}

const texts = ['', '__proto__', '../../x', 'A\nB', '<b>', '600000.SH', '2023-02-02', 'sse-books', 'X'.repeat(1 << 12)]

/** Makes one field, or one of a record within, what no worker would write. */
export function spoil(record: Fields, random: Random): void {
  const name = pick(random, Object.keys(record))
  const value = record[name]
  if (ArrayBuffer.isView(value)) {
    const column = value as Float64Array
    if (random.uniform() < 0.15) record[name] = column.slice(0, below(random, column.length + 1))
    else if (column.length > 0) column[below(random, column.length)] = strange(random)
  } else if (Array.isArray(value)) spoilList(value, random)
  else if (typeof value === 'boolean') record[name] = !value
  else if (typeof value === 'number') record[name] = Math.trunc(strange(random))
  else record[name] = pick(random, texts)
}

function spoilList(list: unknown[], random: Random): void {
  const at = below(random, list.length + 1)
  const one = structuredClone(list[Math.min(at, list.length - 1)])
  if (typeof one === 'object' && one !== null) spoil(one as Fields, random)
  const changed = typeof one === 'number' ? strange(random) : typeof one === 'string' ? pick(random, texts) : one
  if (random.uniform() < 0.2) list.splice(at, 1)
  else if (random.uniform() < 0.5) list.push(changed)
  else list[at] = changed
}
