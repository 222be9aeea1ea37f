import { dateToEventTime, eventTimeToDate, numbers, texts, type ColumnValues, type Store } from '../../ports/store.ts'

/** A row of table instruments: how a name is listed from a date on. NaN and '' = not known. */
export interface StoredListing {
  readonly from: string
  readonly name: string
  readonly industry: string
  readonly list_date: string
  readonly float_shares: number
  readonly total_shares: number
  readonly listed: number
}

/** What an import knows of a name; a field that is absent stays as it is. */
export type ListingFields = Partial<Omit<StoredListing, 'from' | 'listed'>>

const textFields = ['name', 'industry', 'list_date'] as const
const numberFields = ['float_shares', 'total_shares', 'listed'] as const

const blank: Omit<StoredListing, 'from'> = {
  name: '',
  industry: '',
  list_date: '',
  float_shares: Number.NaN,
  total_shares: Number.NaN,
  listed: 1,
}

/** The instruments table as it stands, and what is to be written into it. */
export class StoredListings {
  private readonly rows = new Map<string, StoredListing[]>()
  private readonly changed = new Map<string, Map<string, StoredListing>>()

  static async load(store: Store): Promise<StoredListings> {
    const columns = ['event_time', 'instrument', ...textFields, ...numberFields]
    const read = await store.panel({ table: 'instruments', columns, from: '1900-01-01', to: '2100-01-01' })
    const found = new StoredListings()
    const times = numbers(read, 'event_time')
    texts(read, 'instrument').forEach((symbol, i) => {
      const row = {
        from: eventTimeToDate(times[i]),
        ...Object.fromEntries(textFields.map((field) => [field, texts(read, field)[i]])),
        ...Object.fromEntries(numberFields.map((field) => [field, numbers(read, field)[i]])),
      } as StoredListing
      const known = found.rows.get(symbol)
      if (known === undefined) found.rows.set(symbol, [row])
      else known.push(row)
    })
    return found
  }

  /** The day on which a name was first listed, as far as the table knows; ''. */
  listDateOf(symbol: string): string {
    return this.rows.get(symbol)?.find((row) => row.list_date !== '')?.list_date ?? ''
  }

  /**
   * Makes fields hold from a date on. Later rows that had carried the old value of a field, or none, follow; from the
   * first row with a value of its own on they stay. A `name` that is given aside is taken where none is in force.
   */
  set(symbol: string, from: string, known: ListingFields, name = ''): void {
    const rows = this.rows.get(symbol) ?? []
    const at = rows.findLastIndex((row) => row.from <= from)
    const before = at < 0 ? { ...blank, from } : rows[at]
    const fields = before.name === '' && name !== '' ? { name, ...known } : known
    const after = rows.slice(at + 1)
    const kept = rows.slice(0, at < 0 ? 0 : before.from === from ? at : at + 1)
    const updated = [{ ...before, ...fields, from }]
    const moving = new Set(Object.keys(fields) as (keyof ListingFields)[])
    for (const row of after) {
      for (const field of moving) if (!isBlank(row[field]) && row[field] !== before[field]) moving.delete(field)
      updated.push({ ...row, ...Object.fromEntries([...moving].map((field) => [field, fields[field]])) })
    }
    for (const row of updated) if (!rows.some((old) => isSame(old, row))) this.mark(symbol, row)
    this.rows.set(symbol, [...kept, ...updated])
  }

  private mark(symbol: string, row: StoredListing): void {
    const rows = this.changed.get(symbol) ?? new Map<string, StoredListing>()
    this.changed.set(symbol, rows.set(row.from, row))
  }

  /** Writes what changed. @returns number of rows written */
  async save(store: Store): Promise<number> {
    const rows = [...this.changed].flatMap(([symbol, byDate]) => [...byDate.values()].map((row) => ({ symbol, row })))
    const times = Float64Array.from(rows, ({ row }) => dateToEventTime(row.from))
    const columns: Record<string, ColumnValues> = {
      event_time: times,
      known_at: times,
      revision: new Float64Array(rows.length),
      instrument: rows.map(({ symbol }) => symbol),
    }
    for (const field of textFields) columns[field] = rows.map(({ row }) => row[field])
    for (const field of numberFields) columns[field] = Float64Array.from(rows, ({ row }) => row[field])
    await store.append('instruments', { count: rows.length, columns })
    await store.applied(['instruments'])
    return rows.length
  }
}

const isBlank = (value: string | number): boolean => value === '' || Number.isNaN(value)

const isSame = (a: StoredListing, b: StoredListing): boolean =>
  (Object.keys(a) as (keyof StoredListing)[]).every((field) => Object.is(a[field], b[field]))
