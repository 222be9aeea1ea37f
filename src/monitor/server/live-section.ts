import { qualityColumn, type ColumnHead, type Universe } from '../protocol/messages.ts'

/** Rows of one set and partition, or the values of one day row: column c, row r at `c * count + r`. */
export interface SectionRows {
  readonly instruments: readonly string[]
  readonly columns: readonly string[]
  readonly values: Float64Array
  readonly quality: Int32Array
}

interface Column {
  values: Float64Array
  version: number
  /** The event of this version, made when the first reader asks for it and shared by all of them. */
  frame: Buffer | null
}

/** What is known of an instrument beside its rows. */
export interface InstrumentFacts {
  readonly name: string
  readonly initials: string
  readonly industry: string
}

const initialCapacity = 1024

/** The newest value of every column and instrument of a day. It grows with the universe and with nothing else. */
export class LiveSection {
  readonly date: string
  readonly symbols: string[] = []
  readonly #places = new Map<string, number>()
  readonly #columns = new Map<string, Column>()
  #capacity = initialCapacity
  #facts: (symbol: string) => InstrumentFacts
  #universeVersion = 0
  #universeFrame: Buffer | null = null

  constructor(date: string, facts: (symbol: string) => InstrumentFacts) {
    this.date = date
    this.#facts = facts
  }

  /** Columns whose values are the same bits keep their version, so that nobody is sent them again. */
  take({ instruments, columns, values, quality }: SectionRows): void {
    const places = instruments.map((symbol) => this.placeOf(symbol))
    const count = instruments.length
    columns.forEach((id, c) => this.#write(id, places, values, c * count))
    this.#write(qualityColumn, places, quality, 0)
  }

  /** Writes one derived value. */
  set(id: string, place: number, value: number): void {
    this.#write(id, [place], [value], 0)
  }

  /** Place of an instrument in every column; a new one gets the next. */
  placeOf(symbol: string): number {
    const known = this.#places.get(symbol)
    if (known !== undefined) return known
    const place = this.symbols.length
    if (place === this.#capacity) this.#grow()
    this.symbols.push(symbol)
    this.#places.set(symbol, place)
    this.#universeChanged()
    return place
  }

  /** -1 for an instrument that has no row. */
  find(symbol: string): number {
    return this.#places.get(symbol) ?? -1
  }

  /** Names or industries became known. */
  renamed(facts: (symbol: string) => InstrumentFacts): void {
    this.#facts = facts
    this.#universeChanged()
  }

  factsOf(symbol: string): InstrumentFacts {
    return this.#facts(symbol)
  }

  /** NaN for a column or place without value. */
  value(id: string, place: number): number {
    const column = this.#columns.get(id)
    return column === undefined || place < 0 ? NaN : column.values[place]
  }

  ids(): IterableIterator<string> {
    return this.#columns.keys()
  }

  /** 0 for a column without values. */
  version(id: string): number {
    return this.#columns.get(id)?.version ?? 0
  }

  get universeVersion(): number {
    return this.#universeVersion
  }

  universeFrame(): Buffer {
    if (this.#universeFrame === null) {
      const facts = this.symbols.map((symbol) => this.#facts(symbol))
      const universe: Universe = {
        date: this.date,
        version: this.#universeVersion,
        symbols: this.symbols,
        names: facts.map(({ name }) => name),
        initials: facts.map(({ initials }) => initials),
        industries: facts.map(({ industry }) => industry),
      }
      this.#universeFrame = Buffer.from(`event: universe\ndata: ${JSON.stringify(universe)}\n\n`)
    }
    return this.#universeFrame
  }

  columnFrame(id: string): Buffer | null {
    const column = this.#columns.get(id)
    if (column === undefined) return null
    column.frame ??= this.#encode(id, column)
    return column.frame
  }

  #encode(id: string, { values }: Column): Buffer {
    const head: ColumnHead = { id, date: this.date }
    const own = base64Of(values.subarray(0, this.symbols.length))
    return Buffer.from(`event: column\ndata: ${JSON.stringify(head)}\ndata: ${own}\n\n`)
  }

  #write(id: string, places: readonly number[], values: ArrayLike<number>, from: number): void {
    const column = this.#column(id)
    let changed = false
    for (let row = 0; row < places.length; row++) {
      const value = values[from + row]
      if (Object.is(column.values[places[row]], value)) continue
      column.values[places[row]] = value
      changed = true
    }
    if (changed) touch(column)
  }

  #column(id: string): Column {
    let column = this.#columns.get(id)
    if (column === undefined) {
      column = { values: new Float64Array(this.#capacity).fill(NaN), version: 0, frame: null }
      this.#columns.set(id, column)
    }
    return column
  }

  #grow(): void {
    this.#capacity *= 2
    for (const column of this.#columns.values()) {
      const values = new Float64Array(this.#capacity).fill(NaN)
      values.set(column.values)
      column.values = values
    }
  }

  /** A column has a value per instrument: all of them change their length. */
  #universeChanged(): void {
    this.#universeVersion++
    this.#universeFrame = null
    for (const column of this.#columns.values()) touch(column)
  }
}

function touch(column: Column): void {
  column.version++
  column.frame = null
}

export const base64Of = (values: Float64Array): string =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
