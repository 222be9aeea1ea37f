import { tableOf, type TableName } from '../../schemas/tables.ts'
import type { ColumnValues, Store } from '../ports/store.ts'

const rowsPerAppend = 20_000

/** Collects rows of one table and appends them many at a time. */
export class RowBuffer {
  /** Rows added so far. */
  count = 0
  private pending = 0
  private readonly texts = new Map<string, string[]>()
  private readonly numbers = new Map<string, number[]>()
  private readonly store: Store
  private readonly table: TableName

  constructor(store: Store, table: TableName, columns: readonly string[]) {
    this.store = store
    this.table = table
    for (const { name, kind } of tableOf(table).columns) {
      if (!columns.includes(name)) continue
      if (kind === 'symbol' || kind === 'text') this.texts.set(name, [])
      else this.numbers.set(name, [])
    }
  }

  async add(row: Readonly<Record<string, string | number>>): Promise<void> {
    for (const [name, values] of this.texts) values.push(String(row[name] ?? ''))
    for (const [name, values] of this.numbers) values.push(Number(row[name] ?? NaN))
    this.count++
    if (++this.pending === rowsPerAppend) await this.flush()
  }

  async flush(): Promise<void> {
    if (this.pending === 0) return
    const columns: Record<string, ColumnValues> = {}
    for (const [name, values] of this.texts) columns[name] = values.splice(0)
    for (const [name, values] of this.numbers) columns[name] = Float64Array.from(values.splice(0))
    const count = this.pending
    this.pending = 0
    await this.store.append(this.table, { count, columns })
  }
}
