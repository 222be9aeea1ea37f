import type { FundamentalRows } from '../../../models/inputs/fundamentals.ts'
import { fundamentalCount } from '../../../models/sample.ts'
import { eventTimeToDate, numbers, texts, type Store } from '../../ports/store.ts'

export const fundamentalColumns = Array.from(
  { length: fundamentalCount },
  (_, f) => `f${String(f + 1).padStart(2, '0')}`,
)

/** All stored indicator rows up to a date. */
export async function storedFundamentals(store: Store, to: string): Promise<FundamentalRows> {
  const columns = ['event_time', 'instrument', 'period', ...fundamentalColumns]
  const rows = await store.panel({ table: 'fundamentals', columns, from: '1990-01-01', to })
  const values = new Float64Array(rows.count * fundamentalCount)
  fundamentalColumns.forEach((column, f) => {
    const source = numbers(rows, column)
    for (let r = 0; r < rows.count; r++) values[r * fundamentalCount + f] = source[r]
  })
  return {
    instruments: texts(rows, 'instrument'),
    usableFrom: Array.from(numbers(rows, 'event_time'), eventTimeToDate),
    periods: texts(rows, 'period'),
    values,
  }
}
