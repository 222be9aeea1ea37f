import { qualityColumn, type SectionMark, type Universe } from '../protocol/messages.ts'
import { passes, type Filter, type Row } from './filter.ts'

export interface Sort {
  /** A column, `symbol`, `name` or `industry`. */
  readonly id: string
  readonly descending: boolean
}

export interface Spread {
  readonly mean: number
  readonly deviation: number
}

const emptyUniverse: Universe = { date: '', version: 0, symbols: [], names: [], initials: [], industries: [] }

/** Columns by instrument, with what the page derives from a whole column: spread, percentiles, the order of rows. */
export class SectionModel {
  universe = emptyUniverse
  mark: SectionMark = { date: '', minute: null, isFinal: false }
  readonly columns = new Map<string, Float64Array>()
  readonly #spreads = new Map<string, Spread>()
  readonly #percentiles = new Map<string, Float64Array>()
  #texts: readonly string[] = []

  setUniverse(universe: Universe): void {
    if (universe.date !== this.universe.date) this.columns.clear()
    this.universe = universe
    this.#texts = universe.symbols.map((symbol, i) =>
      `${symbol} ${universe.names[i]} ${universe.initials[i]}`.toLowerCase(),
    )
    this.#forget()
  }

  setColumn(id: string, values: Float64Array): void {
    this.columns.set(id, values)
    this.#spreads.delete(id)
    this.#percentiles.delete(id)
  }

  clear(): void {
    this.columns.clear()
    this.#forget()
  }

  spread(id: string): Spread {
    let spread = this.#spreads.get(id)
    if (spread === undefined) this.#spreads.set(id, (spread = spreadOf(this.columns.get(id) ?? new Float64Array())))
    return spread
  }

  /** Places that pass, in order; equal values, and NaN last, in the order of symbols. Pinned ones come first. */
  order(sort: Sort, filter: Filter | null, pinned: readonly string[]): Int32Array {
    const { symbols } = this.universe
    const row = this.#row()
    const places: number[] = []
    for (let place = 0; place < symbols.length; place++) {
      if (filter === null || passes(filter, row, place)) places.push(place)
    }
    places.sort(this.#comparison(sort))
    if (pinned.length === 0) return Int32Array.from(places)
    const first = new Set(pinned.map((symbol) => symbols.indexOf(symbol)).filter((place) => place >= 0))
    return Int32Array.from([...first, ...places.filter((place) => !first.has(place))])
  }

  #comparison({ id, descending }: Sort): (a: number, b: number) => number {
    const { symbols, names, industries } = this.universe
    const bySymbol = (a: number, b: number): number => (symbols[a] < symbols[b] ? -1 : symbols[a] > symbols[b] ? 1 : 0)
    const texts = id === 'symbol' ? symbols : id === 'name' ? names : id === 'industry' ? industries : null
    const sign = descending ? -1 : 1
    if (texts !== null) {
      return (a, b) => (texts[a] === texts[b] ? bySymbol(a, b) : texts[a] < texts[b] ? -sign : sign)
    }
    const values = this.columns.get(id)
    if (values === undefined) return bySymbol
    return (a, b) => {
      const x = values[a]
      const y = values[b]
      if (x === y) return bySymbol(a, b)
      if (Number.isNaN(x)) return Number.isNaN(y) ? bySymbol(a, b) : 1
      if (Number.isNaN(y)) return -1
      return x < y ? -sign : sign
    }
  }

  #row(): Row {
    const quality = this.columns.get(qualityColumn)
    return {
      text: (place) => this.#texts[place],
      industry: (place) => this.universe.industries[place].toLowerCase(),
      quality: (place) => quality?.[place] ?? 0,
      value: (scale, id, place) => {
        const value = this.columns.get(id)?.[place] ?? NaN
        if (scale === 'value') return value
        if (scale === 'p') return this.#percentile(id)[place] ?? NaN
        const { mean, deviation } = this.spread(id)
        return (value - mean) / deviation
      },
    }
  }

  /** 100 x share of names that are not above; NaN for NaN. */
  #percentile(id: string): Float64Array {
    let percentiles = this.#percentiles.get(id)
    if (percentiles === undefined) {
      const values = this.columns.get(id) ?? new Float64Array()
      const sorted = values.filter((value) => !Number.isNaN(value)).sort()
      percentiles = values.map((value) =>
        Number.isNaN(value) ? NaN : (100 * upperBound(sorted, value)) / sorted.length,
      )
      this.#percentiles.set(id, percentiles)
    }
    return percentiles
  }

  #forget(): void {
    this.#spreads.clear()
    this.#percentiles.clear()
  }
}

/** Mean and standard deviation (n - 1) over names with a value. */
export function spreadOf(values: Float64Array): Spread {
  let count = 0
  let mean = 0
  let squares = 0
  for (const value of values) {
    if (Number.isNaN(value)) continue
    count++
    const delta = value - mean
    mean += delta / count
    squares += delta * (value - mean)
  }
  return count < 2 ? { mean: NaN, deviation: NaN } : { mean, deviation: Math.sqrt(squares / (count - 1)) }
}

/** -3..3: which of seven bands, cut at 1, 2 and 3 on either side, a z-score lies in. */
export const zClass = (z: number): number => Math.sign(z) * Math.min(3, Math.floor(Math.abs(z)))

function upperBound(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle] <= value) low = middle + 1
    else high = middle
  }
  return low
}
