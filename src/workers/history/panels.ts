import type { Panel } from '../../../schemas/day.ts'
import type { TableName } from '../../../schemas/tables.ts'
import type { FeaturePanel } from '../../../models/sample.ts'
import { eventTimeToDate, numbers, texts, type Store } from '../../ports/store.ts'

/** A set's stored day rows as a panel over dates and names; dates without rows are not in it. */
export async function storedPanel(
  store: Store,
  set: string,
  columns: readonly string[],
  from: string,
  to: string,
): Promise<FeaturePanel> {
  const rows = await store.panel({
    table: set.toLowerCase() as TableName,
    columns: ['event_time', 'instrument', ...columns],
    from,
    to,
  })
  const times = numbers(rows, 'event_time')
  const symbols = texts(rows, 'instrument')
  const dates = [...new Set(times)].sort((a, b) => a - b)
  const instruments = [...new Set(symbols)].sort()
  const dayOf = new Map(dates.map((time, i) => [time, i]))
  const placeOf = new Map(instruments.map((symbol, i) => [symbol, i]))
  const values = new Float64Array(dates.length * columns.length * instruments.length).fill(Number.NaN)
  columns.forEach((column, c) => {
    const source = numbers(rows, column)
    for (let r = 0; r < rows.count; r++) {
      const day = dayOf.get(times[r]) as number
      values[(day * columns.length + c) * instruments.length + (placeOf.get(symbols[r]) as number)] = source[r]
    }
  })
  return { set, dates: dates.map(eventTimeToDate), instruments, columns, values }
}

/** Published panels of one set, oldest first, as one panel over the union of their names. */
export function joinPanels(panels: readonly Panel[], columns: readonly string[]): FeaturePanel {
  const instruments = [...new Set(panels.flatMap((panel) => panel.instruments))].sort()
  const placeOf = new Map(instruments.map((symbol, i) => [symbol, i]))
  const values = new Float64Array(panels.length * columns.length * instruments.length).fill(Number.NaN)
  panels.forEach((panel, day) => {
    const places = panel.instruments.map((symbol) => placeOf.get(symbol) as number)
    columns.forEach((column, c) => {
      const from = panel.columns.indexOf(column)
      if (from < 0) return
      const to = (day * columns.length + c) * instruments.length
      for (let i = 0; i < panel.count; i++) values[to + places[i]] = panel.values[from * panel.count + i]
    })
  })
  return { set: panels[0]?.set ?? '', dates: panels.map((panel) => panel.date), instruments, columns, values }
}
