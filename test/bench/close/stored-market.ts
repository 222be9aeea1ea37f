import { dayRules } from '../../../schemas/catalogue/index.ts'
import { tradingDays } from '../../../schemas/calendars/index.ts'
import { tableOf } from '../../../schemas/tables.ts'
import { sets, type SetName } from '../../../schemas/topics.ts'
import { networkSpec } from '../../../models/network/spec.ts'
import { fundamentalCount, graphNames, styleNames } from '../../../models/sample.ts'
import type { Bus } from '../../../src/ports/bus.ts'
import { dateToEventTime, type ColumnValues, type Store } from '../../../src/ports/store.ts'
import { codecs } from '../../../src/wire/index.ts'
import { panelRecord } from '../../../src/workers/close/day-rows.ts'
import { fingerprints } from '../../../src/workers/fingerprints.ts'
import { styleLookback } from '../../../src/workers/history/market-history.ts'
import type { ModelsFolder } from '../../../src/workers/models-folder.ts'
import { exposuresInput, fundamentalsInput, graphInput, stylesInput } from '../../../src/workers/scoring/inputs.ts'
import { modelColumns } from '../../../src/workers/scoring/sample-builder.ts'
import { untrainedArtifact } from '../../artifacts/untrained.ts'

/** What a deployment has behind it on the morning of a day: drawn values, real sizes. */
export interface Morning {
  /** Symbols, sorted. */
  readonly names: readonly string[]
  readonly date: string
  /** Trading days before the date, ascending, as many as are looked back over. */
  readonly before: readonly string[]
}

/** The recipe of a full market: three seeds, of each the best two epochs; the largest family. */
export const recipe = { lookback: 40, hidden: 64, members: 6, horizon: 10, neighbours: 20 }
const periods = 12
/** Days of panels: what expressions look back over is more than a window of the network. */
const panelDays: Readonly<Record<SetName, number>> = { PV: 120, G: 41, C: 120, HF: 120, DP: 41 }
const styleDays = 252

export function morningOf(names: readonly string[], date: string): Morning {
  const days = tradingDays('cn', '2018-01-02', date)
  return { names: [...names].sort(), date, before: days.slice(-1 - styleLookback, -1) }
}

/** Daily bars, listings, and the factors that the long-only weights look back at. */
export async function storeHistory(store: Store, { names, before }: Morning): Promise<void> {
  await store.append('instruments', {
    count: names.length,
    columns: {
      event_time: filled(names, dateToEventTime('2018-01-02')),
      instrument: [...names],
      revision: filled(names, 0),
      name: [...names],
      industry: names.map((_, i) => `industry ${i % 110}`),
      float_shares: drawn(names, 1, 1e9),
      total_shares: drawn(names, 1, 2e9),
      list_date: names.map(() => '2010-01-04'),
      listed: filled(names, 1),
    },
  })
  const doubles = dayRules.PV.map(({ id }) => id)
  for (const [day, date] of before.entries()) {
    await store.append('pv', {
      count: names.length,
      columns: { ...dayColumns(names, date), ...values(names, doubles, day), quality: filled(names, 0) },
    })
  }
  for (let period = 1; period <= periods; period++) {
    const date = before.at(-period * recipe.horizon - 1) as string
    for (const set of sets) {
      await store.append('factors', {
        count: names.length,
        columns: {
          ...Object.fromEntries(Object.entries(dayColumns(names, date)).filter(([name]) => name in factorColumns)),
          set: names.map(() => set),
          horizon: filled(names, recipe.horizon),
          raw: drawn(names, period, 1),
          neutral: drawn(names, period + 1, 1),
          artifact: names.map(() => 'a'),
        },
      })
    }
  }
  await store.applied()
}

const factorColumns = Object.fromEntries(tableOf('factors').columns.map(({ name }) => [name, true]))

const dayColumns = (names: readonly string[], date: string): Record<string, ColumnValues> => ({
  event_time: filled(names, dateToEventTime(date)),
  instrument: [...names],
  revision: filled(names, 0),
  origin: names.map(() => 'live'),
  known_at: filled(names, dateToEventTime(date)),
  sizing: names.map(() => 'order'),
})

/** Panels of the days before, style returns, and what `open` publishes for the date. */
export async function publishMorning(bus: Bus, { names, date, before }: Morning): Promise<void> {
  for (const [day, past] of before.entries()) {
    const left = before.length - day
    const panels = sets.filter((set) => left <= panelDays[set]).map((set) => panelOn(set, names, past, day))
    const messages = panels.map((panel) => ({
      partition: 0,
      date: past,
      key: `${past}|0|${panel.set}`,
      value: codecs.panel.encode(panel),
    }))
    if (messages.length > 0) await bus.publish('panels', messages)
    if (left > styleDays) continue
    const styles = stylesInput(past, drawn(styleNames, day, 0.01), past)
    await bus.publish('inputs', [{ partition: 0, date: past, key: styles.id, value: codecs.input.encode(styles) }])
  }
  const asOf = before.at(-1) as string
  const n = names.length
  const industries = names.map((_, i) => `industry ${i % 110}`)
  const exposures = { date: asOf, instruments: names, industries, cap: drawn(names, 1, 2e10) }
  const k = recipe.neighbours
  const inputs = [
    exposuresInput(
      { ...exposures, values: drawn({ length: styleNames.length * n }, 2, 1) },
      drawn(names, 3, 1e10),
      date,
    ),
    fundamentalsInput({ asOf, instruments: names, values: drawn({ length: n * fundamentalCount }, 4, 1) }, date),
    ...graphNames.map((name, graph) => {
      const neighbours = Int32Array.from({ length: n * k }, (_, at) => (at * 7919 + graph * 104_729) % n)
      return graphInput({ name, asOf, instruments: names, k, neighbours }, date)
    }),
  ]
  await bus.publish(
    'inputs',
    inputs.map((input) => ({ partition: 0, date, key: input.id, value: codecs.input.encode(input) })),
  )
}

function panelOn(set: SetName, names: readonly string[], date: string, day: number) {
  const columns = dayRules[set].map(({ id }) => id)
  const columnar = values(names, columns, day)
  const all = new Float64Array(columns.length * names.length)
  columns.forEach((column, c) => all.set(columnar[column] as Float64Array, c * names.length))
  return panelRecord({
    ...{ date, set, revision: 0, sizing: 'order', catalogue: fingerprints[set], instruments: names, columns },
    quality: new Int32Array(names.length),
    values: all,
  })
}

/** A promoted artifact of every set, as heavy as a trained one. */
export async function promoteModels(models: ModelsFolder): Promise<void> {
  for (const set of sets) {
    const columns = modelColumns(set)
    const { lookback, hidden } = recipe
    const spec = networkSpec({ family: 'gru+gat_sa+fin', features: columns.length, lookback, hidden })
    const span = { from: '2020-01-02', to: '2020-12-31', days: 243 }
    const seeds = Array.from({ length: recipe.members }, (_, seed) => seed + 1)
    const { horizon } = recipe
    const artifact = untrainedArtifact(
      {
        ...{ set, spec, columns, catalogue: fingerprints[set], horizon, embargo: horizon },
        ...{ label: 'return', labelPrice: 'vwap', train: span, validate: span, scaling: ['z-score'] },
      },
      seeds,
    )
    await models.promote(set, await models.save(artifact))
  }
}

const filled = (names: ArrayLike<unknown>, value: number): Float64Array => new Float64Array(names.length).fill(value)

const drawn = (names: ArrayLike<unknown>, day: number, scale: number): Float64Array =>
  Float64Array.from({ length: names.length }, (_, i) => scale * (1.5 + Math.sin(i * 12.9898 + day * 78.233)))

/** Prices and quantities that stay positive, whatever a column means. */
const values = (names: readonly string[], columns: readonly string[], day: number): Record<string, Float64Array> =>
  Object.fromEntries(columns.map((column, c) => [column, drawn(names, day + c / 97, 10)]))
