import { eventTimeToDate, numbers, texts, type Store } from '../../ports/store.ts'

/** One name as listed on a date. */
export interface Listing {
  readonly instrument: string
  readonly industry: string
  /** Shares; NaN = unknown. */
  readonly floatShares: number
  readonly totalShares: number
  readonly listDate: string
}

interface DatedListing extends Listing {
  readonly from: string
  readonly listed: boolean
}

/** The instruments table with its history: what was listed, and where, on any date. */
export class Listings {
  private readonly byName = new Map<string, DatedListing[]>()

  private constructor(rows: readonly DatedListing[]) {
    for (const row of rows) {
      const known = this.byName.get(row.instrument)
      if (known === undefined) this.byName.set(row.instrument, [row])
      else known.push(row)
    }
  }

  static async load(store: Store): Promise<Listings> {
    const columns = ['event_time', 'instrument', 'industry', 'float_shares', 'total_shares', 'list_date', 'listed']
    const rows = await store.panel({ table: 'instruments', columns, from: '1990-01-01', to: '2100-01-01' })
    const [times, floats, totals, listed] = ['event_time', 'float_shares', 'total_shares', 'listed'].map((name) =>
      numbers(rows, name),
    )
    const [names, industries, listDates] = ['instrument', 'industry', 'list_date'].map((name) => texts(rows, name))
    return new Listings(
      Array.from({ length: rows.count }, (_, i) => ({
        from: eventTimeToDate(times[i]),
        instrument: names[i],
        industry: industries[i],
        floatShares: floats[i],
        totalShares: totals[i],
        listDate: listDates[i],
        listed: listed[i] !== 0,
      })),
    )
  }

  /** Names listed on a date by what was known on it, sorted. */
  on(date: string): Listing[] {
    const found: Listing[] = []
    for (const rows of this.byName.values()) {
      const last = rows.findLast((row) => row.from <= date)
      if (last?.listed === true) found.push(last)
    }
    return found.sort((a, b) => (a.instrument < b.instrument ? -1 : 1))
  }
  /** A name's listing on each of some ascending dates, as known on it; undefined where it was not listed. */
  inForce(instrument: string, dates: readonly string[]): (Listing | undefined)[] {
    const rows = this.byName.get(instrument) ?? []
    let next = 0
    return dates.map((date) => {
      while (next < rows.length && rows[next].from <= date) next++
      const last = rows[next - 1]
      return last?.listed === true ? last : undefined
    })
  }
}
