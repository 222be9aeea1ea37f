import { ClosebellError } from '../../../schemas/errors.ts'
import type { TableName } from '../../../schemas/tables.ts'
import type { ColumnValues, Rows } from '../../ports/store.ts'

/** Rows of one table that grow message by message. */
export class RowBuilder {
  private readonly columns = new Map<string, (number | string)[]>()
  private count = 0

  /**
   * `rows` rows; a scalar stands for every one of them.
   * @throws ClosebellError CB_WIRE_VALUE when a column has not as many values
   */
  add(rows: number, values: Readonly<Record<string, number | string | ArrayLike<number> | readonly string[]>>): void {
    if (rows === 0) return // A partition without instruments: its columns have no type to tell.
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === 'object' && value.length !== rows) {
        throw new ClosebellError('CB_WIRE_VALUE', `${name} has ${value.length} values for ${rows} rows`)
      }
      const known = this.columns.get(name)
      const column = known ?? []
      if (known === undefined) this.columns.set(name, column)
      if (typeof value === 'number' || typeof value === 'string') for (let i = 0; i < rows; i++) column.push(value)
      else for (let i = 0; i < rows; i++) column.push(value[i] as number | string)
    }
    this.count += rows
  }

  build(): Rows {
    const columns: Record<string, ColumnValues> = {}
    for (const [name, values] of this.columns) {
      columns[name] = typeof values[0] === 'string' ? (values as string[]) : Float64Array.from(values as number[])
    }
    return { count: this.count, columns }
  }
}

/** A builder for each table that a batch of messages touches. */
export class RowBuilders {
  readonly tables = new Map<TableName, RowBuilder>()

  of(table: TableName): RowBuilder {
    const known = this.tables.get(table)
    if (known !== undefined) return known
    const made = new RowBuilder()
    this.tables.set(table, made)
    return made
  }
}
