import type { FileMetaData } from 'hyparquet'

/**
 * The reader makes room for what a list or a page is said to hold before it looks at it, so that a few broken bytes
 * could ask for gigabytes. Here the Thrift structures of a file are walked over first, and nothing may be said to hold
 * more than the file has bytes for.
 */

/** Where a walk has come to. */
interface Place {
  readonly view: DataView
  at: number
}

/** Whole numbers and structures of a structure, by field number; what has other types is walked over. */
type Fields = ReadonlyMap<number, number | Fields>

/** Types of Thrift's compact protocol. */
const stop = 0
const isTrue = 1
const isFalse = 2
const byte = 3
const i16 = 4
const i32 = 5
const i64 = 6
const double = 7
const binary = 8
const list = 9
const struct = 12
/** Parquet's own structures are nested half as deep. */
const depthMax = 16

/** Field numbers of a page's header, and of the headers of its kinds within, which begin with a count of values. */
const pageBytes = 3
const kinds = [5, 7, 8]
const pageValues = 1

const footerBytes = 8

const left = ({ view, at }: Place): number => view.byteLength - at

/** @throws RangeError for metadata that are said to hold more than there is */
export function checkMetadata(file: ArrayBuffer): void {
  const view = new DataView(file)
  const at = view.byteLength - footerBytes - view.getUint32(view.byteLength - footerBytes, true)
  structAt({ view, at }, 0)
}

/** @throws RangeError for pages that are said to lie outside the file, or to hold more values than their group */
export function checkPages(file: ArrayBuffer, { row_groups: groups }: FileMetaData): void {
  for (const { columns, num_rows: rows } of groups) {
    for (const { meta_data: column } of columns) {
      const start = Number(column?.dictionary_page_offset || column?.data_page_offset)
      checkColumn({ view: new DataView(file, start, Number(column?.total_compressed_size)), at: 0 }, Number(rows))
    }
  }
}

function checkColumn(place: Place, rows: number): void {
  while (left(place) > 1) {
    const header = structAt(place, 0)
    const size = header.get(pageBytes)
    if (typeof size !== 'number') throw new RangeError('a page does not say how long it is')
    const counts = kinds.map((kind) => header.get(kind)).map((kind) => (typeof kind === 'object' ? kind : new Map()))
    const most = Math.max(...counts.map((kind) => Number(kind.get(pageValues) ?? 0)))
    if (most > Math.max(rows, size)) throw new RangeError(`a page of ${size} bytes has ${most} values`)
    skip(place, size)
  }
}

function structAt(place: Place, depth: number): Fields {
  if (depth > depthMax) throw new RangeError(`structures are nested ${depth} deep`)
  const fields = new Map<number, number | Fields>()
  for (let id = 0; ;) {
    const head = byteAt(place)
    const type = head & 15
    if (type === stop) return fields
    id = head >> 4 === 0 ? numberAt(place) : id + (head >> 4)
    const value = valueAt(place, type, depth)
    if (value !== null) fields.set(id, value)
  }
}

function valueAt(place: Place, type: number, depth: number): number | Fields | null {
  if (type === i16 || type === i32 || type === i64) return numberAt(place)
  if (type === struct) return structAt(place, depth + 1)
  if (type === list) listAt(place, depth + 1)
  else if (type === binary) skip(place, varintAt(place))
  else if (type === double) skip(place, 8)
  else if (type === byte) skip(place, 1)
  else if (type !== isTrue && type !== isFalse) throw new RangeError(`there is no type ${type}`)
  return null
}

function listAt(place: Place, depth: number): void {
  if (depth > depthMax) throw new RangeError(`lists are nested ${depth} deep`)
  const head = byteAt(place)
  const size = head >> 4 === 15 ? varintAt(place) : head >> 4
  if (size > left(place)) throw new RangeError(`${left(place)} bytes are left for a list of ${size}`)
  const type = head & 15
  for (let i = 0; i < size; i++) valueAt(place, type === isTrue || type === isFalse ? byte : type, depth)
}

function skip(place: Place, bytes: number): void {
  if (!(bytes >= 0 && bytes <= left(place))) throw new RangeError(`${left(place)} bytes are left, not ${bytes}`)
  place.at += bytes
}

const byteAt = (place: Place): number => place.view.getUint8(place.at++)

function varintAt(place: Place): number {
  let value = 0
  for (let scale = 1; ; scale *= 128) {
    const part = byteAt(place)
    value += (part & 127) * scale
    if (part < 128) return value
  }
}

/** A signed one: 0, -1, 1, -2, ... */
function numberAt(place: Place): number {
  const value = varintAt(place)
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}
