import { ClosebellError } from '../../../schemas/errors.ts'
import { tableOf, type TableName, type TableSpec } from '../../../schemas/tables.ts'
import { dateToEventTime, eventTimeToDate, type ColumnValues, type Rows, type Store } from '../../../src/ports/store.ts'
import type { PanelQuery } from '../../../src/ports/store.ts'
import type { Faults } from './faults.ts'
import type { Process } from './process.ts'
import type { Timeline } from './timeline.ts'

/** A row where it came from. */
export interface StoredRow {
  readonly rows: Rows
  readonly at: number
}

/** Rows of each table by their key. */
export type StoredTables = ReadonlyMap<TableName, ReadonlyMap<string, StoredRow>>

const unreachable = (): Error =>
  new ClosebellError('CB_STORE_UNREACHABLE', 'the store gave no answer', { retriable: true })

const valueOf = ({ rows, at }: StoredRow, column: string): number | string => rows.columns[column]?.[at] ?? Number.NaN

/** What a write with the same key replaces. */
const keyOf = ({ keys }: TableSpec, row: StoredRow): string => keys.map((key) => String(valueOf(row, key))).join('|')

/** The store: what is acknowledged can be read a while later. */
export class WorldStore {
  readonly #before: StoredTables
  readonly #own = new Map<TableName, Map<string, StoredRow>>()
  readonly #timeline: Timeline
  readonly #faults: Faults
  readonly #start: number
  /** When everything acknowledged so far can be read, ms UTC. */
  #visibleAt = 0
  /** Acknowledged, not yet to be read. */
  #pending: { readonly at: number; readonly table: TableName; readonly rows: Rows }[] = []

  constructor(timeline: Timeline, faults: Faults, before: StoredTables) {
    this.#timeline = timeline
    this.#faults = faults
    this.#before = before
    this.#start = timeline.now
  }

  get isSuspended(): boolean {
    return this.#until('store suspended') > 0
  }

  /** What was written in this world. */
  get written(): StoredTables {
    this.#apply(Infinity)
    return this.#own
  }

  of(process: Process): Store {
    return {
      ensureTables: async () => undefined,
      append: async (table, rows) => {
        if (this.#until('store slow') > 0) await process.wait(200)
        await process.call(() => this.#append(table, rows), unreachable, table)
      },
      applied: async () => {
        const at = await process.call(() => {
          if (this.isSuspended) throw new ClosebellError('CB_STORE_SUSPENDED', 'a table is suspended')
          return this.#visibleAt
        }, unreachable)
        if (at > this.#timeline.now) await process.wait(at - this.#timeline.now)
      },
      panel: (query) => process.call(() => this.#panel(query), unreachable),
      dates: (table, from, to) =>
        process.call(() => {
          const times = this.#rows(table, from, to).map((row) => valueOf(row, 'event_time') as number)
          return [...new Set(times)].sort((a, b) => a - b).map(eventTimeToDate)
        }, unreachable),
      close: async () => undefined,
    }
  }

  #until(what: 'store suspended' | 'store slow'): number {
    return this.#faults.until(what, this.#timeline.now - this.#start)
  }

  #append(table: TableName, rows: Rows): void {
    const suspended = this.#until('store suspended')
    const at = Math.max(this.#visibleAt, this.#timeline.now + 2, suspended === 0 ? 0 : this.#start + suspended)
    this.#visibleAt = at
    this.#pending.push({ at, table, rows })
  }

  #apply(now: number): void {
    let done = 0
    for (const { at, table, rows } of this.#pending) {
      if (at > now) break
      done++
      const known = this.#own.get(table) ?? new Map<string, StoredRow>()
      this.#own.set(table, known)
      const spec = tableOf(table)
      for (let i = 0; i < rows.count; i++) {
        const row = { rows, at: i }
        known.set(keyOf(spec, row), row)
      }
    }
    this.#pending = this.#pending.slice(done)
  }

  #rows(table: TableName, from: string, to: string): StoredRow[] {
    this.#apply(this.#timeline.now)
    const own = this.#own.get(table)
    const [first, last] = [dateToEventTime(from), dateToEventTime(to) + 86_399_999_999]
    const found: StoredRow[] = []
    const take = (row: StoredRow): void => {
      const time = valueOf(row, 'event_time') as number
      if (time >= first && time <= last) found.push(row)
    }
    for (const [key, row] of this.#before.get(table) ?? []) if (own?.has(key) !== true) take(row)
    for (const row of own?.values() ?? []) take(row)
    return found
  }

  #panel({ table, columns, from, to, instruments, where = {}, asOf }: PanelQuery): Rows {
    const spec = tableOf(table)
    const wanted = instruments === undefined ? null : new Set(instruments)
    const rows = this.#rows(table, from, to).filter(
      (row) =>
        (wanted === null || wanted.has(String(valueOf(row, 'instrument')))) &&
        Object.entries(where).every(([column, value]) => valueOf(row, column) === value) &&
        (asOf === undefined || !((valueOf(row, 'known_at') as number) > asOf)),
    )
    const newest = new Map<string, StoredRow>()
    for (const row of rows) {
      const key = spec.keys.map((name) => (name === 'revision' ? '' : String(valueOf(row, name)))).join('|')
      const known = newest.get(key)
      if (known === undefined || valueOf(known, 'revision') < valueOf(row, 'revision')) newest.set(key, row)
    }
    const order = [...new Set(['event_time', 'instrument', ...spec.keys])]
    const sorted = [...newest.values()].sort((a, b) => {
      for (const column of order) {
        const [x, y] = [valueOf(a, column), valueOf(b, column)]
        if (x < y) return -1
        if (x > y) return 1
      }
      return 0
    })
    const kindOf = new Map(spec.columns.map(({ name, kind }) => [name, kind]))
    const values = columns.map((column): [string, ColumnValues] => {
      const kind = kindOf.get(column)
      const isText = kind === 'symbol' || kind === 'text'
      const cells = sorted.map((row) => row.rows.columns[column]?.[row.at])
      return [
        column,
        isText ? cells.map((cell) => String(cell ?? '')) : Float64Array.from(cells, (cell) => Number(cell ?? NaN)),
      ]
    })
    return { count: sorted.length, columns: Object.fromEntries(values) }
  }
}
