import { networkSpec, type Family } from '../../models/network/spec.ts'
import type { SetName } from '../../schemas/topics.ts'
import type { Artifact } from '../../models/training/artifact.ts'
import { dateToEventTime, type Rows, type Store } from '../../src/ports/store.ts'
import { fingerprints } from '../../src/workers/fingerprints.ts'
import { modelColumns } from '../../src/workers/scoring/sample-builder.ts'
import { untrainedArtifact } from '../artifacts/untrained.ts'
import { drawnPanel, type DrawnShape } from './drawn-market.ts'

/** PV rows of a drawn market, its names listed long before. A row of `change` and later days can be made another. */
export async function storeMarket(store: Store, shape: DrawnShape, changeFrom = Infinity): Promise<readonly string[]> {
  const panel = drawnPanel(shape)
  const names = panel.instruments.length
  const cell = (day: number, column: number, name: number): number =>
    panel.values[(day * panel.columns.length + column) * names + name]
  const places: { day: number; name: number }[] = []
  panel.dates.forEach((_, day) => {
    for (let name = 0; name < names; name++) if (cell(day, 4, name) > 0) places.push({ day, name })
  })
  // What is changed grows from name to name, so that no order survives.
  const value = (column: number): Float64Array =>
    Float64Array.from(places, ({ day, name }) =>
      day >= changeFrom ? cell(day, column, name) * (1 + (0.3 * (name % 7)) / 7) : cell(day, column, name),
    )
  await store.ensureTables()
  await store.append('pv', {
    count: places.length,
    columns: {
      event_time: Float64Array.from(places, ({ day }) => dateToEventTime(panel.dates[day])),
      instrument: places.map(({ name }) => panel.instruments[name]),
      revision: new Float64Array(places.length),
      origin: places.map(() => 'imported'),
      known_at: new Float64Array(places.length),
      sizing: places.map(() => 'order'),
      pv_high: value(0),
      pv_low: value(1),
      pv_close: value(2),
      pv_vwap: value(3),
      pv_open: value(3),
      pv_volume: value(4),
    },
  })
  await store.append('instruments', listings(panel.instruments))
  return panel.dates
}

function listings(instruments: readonly string[]): Rows {
  const count = instruments.length
  return {
    count,
    columns: {
      event_time: new Float64Array(count).fill(dateToEventTime('2010-01-04')),
      instrument: instruments,
      revision: new Float64Array(count),
      known_at: new Float64Array(count),
      industry: instruments.map((_, i) => `industry ${i % 4}`),
      float_shares: Float64Array.from({ length: count }, (_, i) => 1e6 * (1 + (i % 11))),
      total_shares: Float64Array.from({ length: count }, (_, i) => 2e6 * (1 + (i % 11))),
      list_date: instruments.map(() => '2010-01-04'),
      listed: new Float64Array(count).fill(1),
    },
  }
}

/** A network as it is before training: what it says is noise, and the same noise each time. */
export function untrained(set: SetName, family: Family, horizon: number, seed: number): Artifact {
  const columns = modelColumns(set)
  const spec = networkSpec({ family, features: columns.length, lookback: 8, hidden: 8, selfLoopsOnly: false })
  return untrainedArtifact(
    {
      ...{ set, spec, columns, catalogue: fingerprints[set], horizon, embargo: 11 },
      train: { from: '2014-01-02', to: '2014-12-31', days: 5 },
      validate: { from: '2015-01-05', to: '2015-12-31', days: 5 },
    },
    [seed],
  )
}
