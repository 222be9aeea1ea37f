import type { RejectedRow } from '../csv-rows.ts'

/** What looks wrong: in a row that was stored, or (duplicate) in one that repeats a name and date and is left out. */
export type Suspicion = 'ohlc' | 'vwap' | 'return' | 'ratio' | 'duplicate'

export interface SuspiciousRow {
  readonly kind: Suspicion
  readonly file: string
  readonly line: number
  readonly instrument: string
  readonly date: string
  readonly fact: string
}

/** Rows are all counted, but told one by one only up to here, so that a file of nothing but faults fits in memory. */
export const toldMax = 1000
/** Examples of each kind of suspicious value. */
const examplesMax = 5

/** Counts what came of the rows of an import, with the first of each kind by name. */
export class DailyTally {
  /** Rows read, and rows that are now in the store. */
  read = 0
  stored = 0
  /** Rows of names that did not trade. */
  untraded = 0
  /** Rows of days that the store has from a live or backfilled session. */
  kept = 0
  rejectedCount = 0
  readonly rejected: RejectedRow[] = []
  readonly suspicious: Record<Suspicion, number> = { ohlc: 0, vwap: 0, return: 0, ratio: 0, duplicate: 0 }
  readonly examples: SuspiciousRow[] = []

  reject(row: RejectedRow): void {
    this.rejectedCount++
    if (this.rejected.length < toldMax) this.rejected.push(row)
  }

  suspect(row: SuspiciousRow): void {
    if (this.suspicious[row.kind]++ < examplesMax) this.examples.push(row)
  }
}
