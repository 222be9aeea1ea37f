import { closeSync, mkdtempSync, openSync, readSync, rmdirSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { MinuteRows } from '../../../schemas/rows.ts'
import { qualityColumn } from '../protocol/messages.ts'

/** Rows of one set, partition and minute in the file: values, then quality, as they came. */
interface Segment {
  readonly revision: number
  readonly partition: number
  readonly position: number
  readonly count: number
  readonly columns: readonly string[]
  readonly instruments: Instruments
}

interface Instruments {
  readonly symbols: readonly string[]
  readonly rows: ReadonlyMap<string, number>
}

const bytesEach = 8

/**
 * Every minute row of a day in one file, so that memory stays flat through the day and any column of any minute, or
 * the day of any instrument, is a few reads. The file has no name once it is open: however the process ends, it is
 * gone. After a restart it is made again from the log.
 */
export class MinuteFile {
  readonly #descriptor: number
  /** By minute, then by `set|partition`. */
  readonly #segments = new Map<number, Map<string, Segment>>()
  /** Partitions keep their instruments from minute to minute: their names are held once. */
  readonly #instruments = new Map<string, Instruments>()
  #end = 0

  /** `folder`: where there is room for a day; 5,500 names and 85 columns take 0.9 GB. */
  constructor(folder: string) {
    const own = mkdtempSync(join(folder, 'closebell-monitor-'))
    const path = join(own, 'minutes')
    this.#descriptor = openSync(path, 'wx+')
    unlinkSync(path)
    rmdirSync(own)
  }

  take(rows: MinuteRows): void {
    const place = `${rows.set}|${rows.partition}`
    const minute = this.#segments.get(rows.minute) ?? new Map<string, Segment>()
    this.#segments.set(rows.minute, minute)
    const known = minute.get(place)
    if (known !== undefined && known.revision >= rows.revision) return
    // A later revision of the same shape takes the place of the earlier, so that the file stays bounded too.
    const columns = [...rows.columns, qualityColumn]
    const fits = known !== undefined && known.count === rows.count && known.columns.length === columns.length
    const position = fits ? known.position : this.#end
    writeAll(this.#descriptor, rows.values, position)
    writeAll(this.#descriptor, Float64Array.from(rows.quality), position + rows.values.byteLength)
    if (!fits) this.#end += columns.length * rows.count * bytesEach
    minute.set(place, {
      revision: rows.revision,
      partition: rows.partition,
      position,
      count: rows.count,
      columns,
      instruments: this.#instrumentsOf(place, rows.instruments),
    })
  }

  get minutes(): number[] {
    return [...this.#segments.keys()].sort((a, b) => a - b)
  }

  get bytes(): number {
    return this.#end
  }

  /** How many partitions have rows of a minute. */
  partitionsOf(minute: number): number {
    return new Set([...(this.#segments.get(minute)?.values() ?? [])].map(({ partition }) => partition)).size
  }

  /** One column of one minute by the places of a section; NaN where there is no value. */
  column(minute: number, id: string, count: number, placeOf: (symbol: string) => number): Float64Array {
    const values = new Float64Array(count).fill(NaN)
    for (const segment of this.#segments.get(minute)?.values() ?? []) {
      const index = segment.columns.indexOf(id)
      if (index < 0) continue
      const own = new Float64Array(segment.count)
      readAll(this.#descriptor, own, segment.position + index * segment.count * bytesEach)
      segment.instruments.symbols.forEach((symbol, row) => {
        const place = placeOf(symbol)
        if (place >= 0 && place < count) values[place] = own[row]
      })
    }
    return values
  }

  /** One column of one instrument over the minutes that are there. */
  series(symbol: string, id: string, minutes: readonly number[]): Float64Array {
    const one = new Float64Array(1)
    return Float64Array.from(minutes, (minute) => {
      for (const { columns, instruments, count, position } of this.#segments.get(minute)?.values() ?? []) {
        const row = instruments.rows.get(symbol)
        const index = row === undefined ? -1 : columns.indexOf(id)
        if (row === undefined || index < 0) continue
        readAll(this.#descriptor, one, position + (index * count + row) * bytesEach)
        return one[0]
      }
      return NaN
    })
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #instrumentsOf(place: string, symbols: readonly string[]): Instruments {
    const known = this.#instruments.get(place)
    if (known !== undefined && known.symbols.length === symbols.length) {
      if (known.symbols.every((symbol, i) => symbol === symbols[i])) return known
    }
    const made = { symbols, rows: new Map(symbols.map((symbol, row) => [symbol, row])) }
    this.#instruments.set(place, made)
    return made
  }
}

const bytesOf = (values: Float64Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

function writeAll(descriptor: number, values: Float64Array, position: number): void {
  const bytes = bytesOf(values)
  for (let done = 0; done < bytes.length;) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done)
  }
}

function readAll(descriptor: number, values: Float64Array, position: number): void {
  const bytes = bytesOf(values)
  for (let done = 0; done < bytes.length;) {
    const read = readSync(descriptor, bytes, done, bytes.length - done, position + done)
    if (read === 0) throw new RangeError(`the minute file ends at ${position + done}`)
    done += read
  }
}
