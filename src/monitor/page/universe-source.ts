import { qualityColumn, type ColumnInfo, type Hello, type Universe } from '../protocol/messages.ts'
import { formatValue } from './format.ts'
import { zClass, type Spread } from './section-model.ts'
import type { Language, StringKey, Translate } from './strings.ts'
import type { Cell, GridColumn, GridSource } from './virtual-grid.ts'
import type { ShownSection } from './worker-messages.ts'

/** How long the bar of a crossing stays. */
const crossedMs = 5000

const flagKeys: Readonly<Record<keyof Hello['flags'], StringKey>> = {
  gap: 'flagGap',
  incomplete: 'flagIncomplete',
  late: 'flagLate',
  partial: 'flagPartial',
}

interface Column {
  values: Float64Array
  spread: Spread
  crossed: ReadonlySet<number>
  crossedAt: number
}

const emptyUniverse: Universe = { date: '', version: 0, symbols: [], names: [], initials: [], industries: [] }

/** The universe as rows of a grid: the columns that came last, in the order that came last. */
export class UniverseSource implements GridSource {
  columns: readonly GridColumn[] = []
  universe = emptyUniverse
  order: Int32Array = new Int32Array()
  /** An order that waits until moving rows disturbs nobody. */
  pending: Int32Array | null = null
  pinned: readonly string[] = []
  readonly #infos: ReadonlyMap<string, ColumnInfo>
  readonly #flags: Hello['flags']
  readonly #tick: number
  readonly #values = new Map<string, Column>()
  #rows: ReadonlyMap<string, number> | null = null
  #language: Language = 'en'
  #say: Translate = (key) => key
  #now = 0

  constructor({ columns, flags, profile }: Hello) {
    this.#infos = new Map(columns.map((info) => [info.id, info]))
    this.#flags = flags
    this.#tick = profile.priceTick
  }

  get rowCount(): number {
    return this.order.length
  }

  /** Chooses what is shown, in which language. */
  arrange(ids: readonly string[], language: Language, say: Translate): void {
    this.#language = language
    this.#say = say
    this.columns = [
      { id: 'symbol', label: say('symbol'), title: say('symbol'), width: 96, align: 'left' },
      { id: 'name', label: say('name'), title: say('name'), width: 112, align: 'left' },
      ...ids.map((id) => this.#columnOf(id)),
      { id: 'industry', label: say('industry'), title: say('industry'), width: 110, align: 'left' },
      { id: qualityColumn, label: say('flags'), title: say('flags'), width: 110, align: 'left' },
    ]
  }

  /** Takes a section in; `now` in ms, of any clock that only rises. */
  take(section: ShownSection, now: number): void {
    this.#now = now
    if (section.universe.date !== this.universe.date || section.minute !== null) this.#values.clear()
    this.universe = section.universe
    for (const [id, { values, spread, crossed }] of Object.entries(section.columns)) {
      this.#values.set(id, { values, spread, crossed: new Set(crossed), crossedAt: now })
    }
  }

  /** Lets time pass. @returns whether bars of crossings ended since the last call */
  pass(now: number): boolean {
    const ended = [...this.#values.values()].some(
      ({ crossedAt, crossed }) => crossed.size > 0 && this.#now - crossedAt < crossedMs && now - crossedAt >= crossedMs,
    )
    this.#now = now
    return ended
  }

  setOrder(order: Int32Array): void {
    this.order = order
    this.pending = null
    this.#rows = null
  }

  keyOf(row: number): string {
    return this.universe.symbols[this.order[row]] ?? ''
  }

  rowOf(key: string): number {
    if (key === '') return -1
    this.#rows ??= new Map(Array.from(this.order, (place, row) => [this.universe.symbols[place], row]))
    return this.#rows.get(key) ?? -1
  }

  isPinned(row: number): boolean {
    return this.pinned.includes(this.keyOf(row))
  }

  value(id: string, place: number): number {
    return this.#values.get(id)?.values[place] ?? NaN
  }

  cell(row: number, column: number): Cell {
    const place = this.order[row]
    const { id } = this.columns[column]
    const { symbols, names, industries } = this.universe
    if (id === 'symbol') return plain(symbols[place])
    if (id === 'name') return plain(names[place] ?? '')
    if (id === 'industry') return plain(industries[place] ?? '')
    if (id === qualityColumn) return plain(this.flagsOf(place))
    return this.#valueCell(id, place)
  }

  /** Words of the flags of an instrument. */
  flagsOf(place: number): string {
    const bits = this.value(qualityColumn, place)
    if (!(bits > 0)) return ''
    const names = Object.entries(this.#flags).filter(([, bit]) => (bits & bit) !== 0)
    return names.map(([name]) => this.#say(flagKeys[name as keyof Hello['flags']])).join(' ')
  }

  #valueCell(id: string, place: number): Cell {
    const info = this.#infos.get(id)
    const column = this.#values.get(id)
    if (info === undefined) return plain('')
    const value = column?.values[place] ?? NaN
    if (Number.isNaN(value)) {
      const reason = this.#say(info.intraday ? 'noValue' : 'noValueYet')
      return { text: formatValue(info.display, NaN, this.#language), look: '', title: reason }
    }
    const text = formatValue(info.display, value, this.#language, this.#tick)
    return { text, look: this.#lookOf(info, value, place, column), title: '' }
  }

  #lookOf({ display }: ColumnInfo, value: number, place: number, column: Column | undefined): string {
    const marks: string[] = []
    if (display === 'percent') marks.push(value > 0 ? 'up' : value < 0 ? 'down' : 'flat')
    if (column !== undefined && (display === 'ratio' || display === 'bp' || display === 'log')) {
      const z = (value - column.spread.mean) / column.spread.deviation
      if (Number.isFinite(z)) marks.push(`z${zClass(z)}`)
      if (this.#now - column.crossedAt < crossedMs && column.crossed.has(place)) marks.push('crossed')
    }
    return marks.join(' ')
  }

  #columnOf(id: string): GridColumn {
    const info = this.#infos.get(id)
    if (info === undefined) return { id, label: id, title: id, width: 96, align: 'right' }
    const label = this.#language === 'zh' ? info.zh : info.en
    const title = `${info.rule}  ${id}\n${info.formula}\n[${info.unit}]`
    return { id, label, title, width: 96, align: 'right' }
  }
}

const plain = (text: string): Cell => ({ text, look: '', title: '' })
