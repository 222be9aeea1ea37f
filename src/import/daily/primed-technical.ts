import { dateToEventTime, eventTimeToDate, numbers, texts, type Store } from '../../ports/store.ts'
import { TechnicalRows } from './technical-rows.ts'

/** Five years are read back: 250 traded bars also of a name that was suspended for four of them. */
const microsBack = 5 * 366 * 86_400_000_000

const columns = ['pv_high', 'pv_low', 'pv_close', 'pv_vwap', 'pv_volume', 'adj_factor'] as const

/**
 * The bars that indicators of the days from a date on look back at, read from the store.
 * @param from first date that is imported; '' = nothing lies before it
 */
export async function primedTechnical(store: Store, symbols: readonly string[], from: string): Promise<TechnicalRows> {
  const technical = new TechnicalRows(symbols.length)
  if (from === '') return technical
  const before = (micros: number): string => eventTimeToDate(dateToEventTime(from) - micros)
  const span = { from: before(microsBack), to: before(1) }
  const rows = await store.panel({ table: 'pv', columns: ['instrument', ...columns], ...span })
  const placeOf = new Map(symbols.map((symbol, place) => [symbol, place]))
  const [high, low, close, vwap, volume, factor] = columns.map((column) => numbers(rows, column))
  texts(rows, 'instrument').forEach((symbol, r) => {
    const name = placeOf.get(symbol)
    if (name === undefined || !(volume[r] > 0)) return
    const bar = { high: high[r], low: low[r], close: close[r], vwap: vwap[r], volume: volume[r], factor: factor[r] }
    technical.add(name, bar, -1)
  })
  technical.settle()
  return technical
}
