import type { Panel } from '../../../schemas/day.ts'
import type { TableName } from '../../../schemas/tables.ts'
import { areSame, placesOf } from '../../../models/inputs/panel.ts'
import type { FeaturePanel } from '../../../models/sample.ts'
import { eventTimeToDate, numbers, texts, type Store } from '../../ports/store.ts'
import { carriedFactors } from './prices.ts'

const factorColumn = 'adj_factor'

/**
 * A set's stored day rows as a panel over dates and names; dates without rows are not in it. PV comes with the factors
 * that make its prices comparable across days.
 */
export async function storedPanel(
  store: Store,
  set: string,
  columns: readonly string[],
  from: string,
  to: string,
  asOf?: number,
): Promise<FeaturePanel> {
  const priced = set === 'PV' ? [factorColumn] : []
  const rows = await store.panel({
    table: set.toLowerCase() as TableName,
    columns: ['event_time', 'instrument', ...columns, ...priced],
    from,
    to,
    ...(asOf === undefined ? {} : { asOf }),
  })
  const times = numbers(rows, 'event_time')
  const symbols = texts(rows, 'instrument')
  const dates = [...new Set(times)].sort((a, b) => a - b)
  const instruments = [...new Set(symbols)].sort()
  const dayOf = new Map(dates.map((time, i) => [time, i]))
  const placeOf = new Map(instruments.map((symbol, i) => [symbol, i]))
  const names = instruments.length
  const days = Int32Array.from(times, (time) => dayOf.get(time) as number)
  const places = Int32Array.from(symbols, (symbol) => placeOf.get(symbol) as number)
  const values = new Float64Array(dates.length * columns.length * names).fill(Number.NaN)
  columns.forEach((column, c) => {
    const source = numbers(rows, column)
    for (let r = 0; r < rows.count; r++) values[(days[r] * columns.length + c) * names + places[r]] = source[r]
  })
  const panel = { set, dates: dates.map(eventTimeToDate), instruments, columns, values }
  if (priced.length === 0) return panel
  const stored = new Float64Array(dates.length * names).fill(Number.NaN)
  numbers(rows, factorColumn).forEach((factor, r) => (stored[days[r] * names + places[r]] = factor))
  const factors = carriedFactors(stored, names)
  return factors === undefined ? panel : { ...panel, factors }
}

/** The frame of published panels of one set, oldest first, over the union of their names and others: without values. */
export function framePanels(
  panels: readonly Panel[],
  columns: readonly string[],
  others: readonly string[] = [],
): FeaturePanel {
  const instruments = unionOf([...panels.map((panel) => panel.instruments), others])
  const dates = panels.map((panel) => panel.date)
  return { set: panels[0]?.set ?? '', dates, instruments, columns, values: new Float64Array(0) }
}

/** Symbols of some lists, sorted; lists that are the same, as those of most days are, are gone through once. */
function unionOf(lists: readonly (readonly string[])[]): string[] {
  const different: (readonly string[])[] = []
  for (const list of lists) if (!different.some((known) => areSame(known, list))) different.push(list)
  return [...new Set(different.flat())].sort()
}

/** Published panels of one set, oldest first, as one panel over the union of their names. */
export function joinPanels(panels: readonly Panel[], columns: readonly string[]): FeaturePanel {
  const frame = framePanels(panels, columns)
  const { instruments } = frame
  const values = new Float64Array(panels.length * columns.length * instruments.length).fill(Number.NaN)
  panels.forEach((panel, day) => {
    const places = placesOf(panel.instruments, instruments)
    columns.forEach((column, c) => {
      const from = panel.columns.indexOf(column)
      if (from < 0) return
      const to = (day * columns.length + c) * instruments.length
      for (let i = 0; i < panel.count; i++) values[to + places[i]] = panel.values[from * panel.count + i]
    })
  })
  return { ...frame, values }
}
