import { previousTradingDay } from '../../../schemas/calendars/index.ts'
import { profileOf } from '../../../schemas/profiles/index.ts'
import { fundamentalsAsOf } from '../../../models/inputs/fundamentals.ts'
import type { StyleHistory } from '../../../models/inputs/style-window.ts'
import { styleNames, type Graph, type GraphName } from '../../../models/sample.ts'
import { eventTimeToDate, numbers, texts, type Store } from '../../ports/store.ts'
import { storedFundamentals } from '../history/fundamentals.ts'
import type { DayInputs } from '../scoring/sample-builder.ts'

/** Stored style returns of a span. */
export async function storedStyles(store: Store, from: string, to: string): Promise<StyleHistory> {
  const rows = await store.panel({ table: 'styles', columns: ['event_time', 'style', 'return'], from, to })
  const times = numbers(rows, 'event_time')
  const dates = [...new Set(times)].sort((a, b) => a - b)
  const dayOf = new Map(dates.map((time, day) => [time, day]))
  const returns = new Float64Array(dates.length * styleNames.length).fill(Number.NaN)
  const values = numbers(rows, 'return')
  const styles = texts(rows, 'style')
  for (let r = 0; r < rows.count; r++) {
    const style = (styleNames as readonly string[]).indexOf(styles[r] as string)
    if (style >= 0) returns[(dayOf.get(times[r] as number) as number) * styleNames.length + style] = values[r] as number
  }
  return { dates: dates.map(eventTimeToDate), returns }
}

/** What `open` published for each date of a span, read back from the store. */
export async function storedInputs(
  store: Store,
  profile: string,
  from: string,
  to: string,
): Promise<Map<string, DayInputs>> {
  const eligible = await eligibleNames(store, from, to)
  const graphs = await storedGraphs(store, from, to, eligible)
  const fundamentals = await storedFundamentals(store, to)
  const hasFundamentals = fundamentals.instruments.length > 0
  const days = new Map<string, DayInputs>()
  for (const [date, instruments] of eligible) {
    const asOf = previousTradingDay(profileOf(profile), date)
    days.set(date, {
      eligible: instruments,
      graphs: graphs.get(date) ?? {},
      fundamentals: hasFundamentals ? fundamentalsAsOf(fundamentals, asOf, instruments) : null,
    })
  }
  return days
}

/** Names of the exposures of each date, sorted. */
async function eligibleNames(store: Store, from: string, to: string): Promise<Map<string, string[]>> {
  const rows = await store.panel({
    table: 'exposures',
    columns: ['event_time', 'instrument'],
    from,
    to,
    where: { style: 'size' },
  })
  const times = numbers(rows, 'event_time')
  const found = new Map<string, string[]>()
  texts(rows, 'instrument').forEach((symbol, r) => {
    const date = eventTimeToDate(times[r] as number)
    const known = found.get(date)
    if (known === undefined) found.set(date, [symbol])
    else known.push(symbol)
  })
  for (const names of found.values()) names.sort()
  return found
}

async function storedGraphs(
  store: Store,
  from: string,
  to: string,
  eligible: ReadonlyMap<string, readonly string[]>,
): Promise<Map<string, Partial<Record<GraphName, Graph>>>> {
  const columns = ['event_time', 'instrument', 'graph', 'rank', 'neighbour']
  const rows = await store.panel({ table: 'graphs', columns, from, to })
  const times = numbers(rows, 'event_time')
  const ranks = numbers(rows, 'rank')
  const [names, graphs, neighbours] = ['instrument', 'graph', 'neighbour'].map((name) => texts(rows, name)) as [
    string[],
    string[],
    string[],
  ]
  const k = ranks.reduce((widest, rank) => Math.max(widest, rank), 0)
  const found = new Map<string, Partial<Record<GraphName, Graph>>>()
  const places = new Map<string, Map<string, number>>()
  for (let r = 0; r < rows.count; r++) {
    const date = eventTimeToDate(times[r] as number)
    const instruments = eligible.get(date)
    if (instruments === undefined) continue
    const placeOf = places.get(date) ?? new Map(instruments.map((symbol, i) => [symbol, i]))
    places.set(date, placeOf)
    const ofDate = found.get(date) ?? {}
    found.set(date, ofDate)
    const name = graphs[r] as GraphName
    const graph = (ofDate[name] ??= {
      name,
      asOf: date,
      instruments,
      k,
      neighbours: new Int32Array(instruments.length * k).fill(-1),
    })
    const [row, neighbour] = [placeOf.get(names[r] as string), placeOf.get(neighbours[r] as string)]
    if (row !== undefined && neighbour !== undefined) graph.neighbours[row * k + (ranks[r] as number) - 1] = neighbour
  }
  return found
}

export type Caps = ReadonlyMap<string, { readonly floatCap: number; readonly industry: number }>

/** Float caps and industries of each date, as the exposures record of the day stored them. */
export async function storedCaps(store: Store, from: string, to: string): Promise<Map<string, Caps>> {
  const found = new Map<string, Map<string, { floatCap: number; industry: number }>>()
  for (const style of ['float_cap', 'industry']) {
    const rows = await store.panel({
      table: 'exposures',
      columns: ['event_time', 'instrument', 'exposure'],
      from,
      to,
      where: { style },
    })
    const times = numbers(rows, 'event_time')
    const values = numbers(rows, 'exposure')
    texts(rows, 'instrument').forEach((symbol, r) => {
      const date = eventTimeToDate(times[r] as number)
      const day = found.get(date) ?? new Map<string, { floatCap: number; industry: number }>()
      found.set(date, day)
      const known = day.get(symbol) ?? { floatCap: Number.NaN, industry: Number.NaN }
      day.set(
        symbol,
        style === 'industry'
          ? { ...known, industry: values[r] as number }
          : { ...known, floatCap: values[r] as number },
      )
    })
  }
  return found
}
