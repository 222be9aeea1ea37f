import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { forwardReturns } from '../../models/inputs/labels.ts'
import { dailyReturns } from '../../models/inputs/daily-returns.ts'
import { dateToEventTime, type Store } from '../../src/ports/store.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { vwapGrid } from '../../src/workers/close/composite.ts'
import { dailyHistoryOf } from '../../src/workers/history/daily-history.ts'
import { Listings } from '../../src/workers/history/instruments.ts'
import { MarketHistory } from '../../src/workers/history/market-history.ts'
import { joinPanels, storedPanel } from '../../src/workers/history/panels.ts'
import { createScaler } from '../../models/inputs/scaling.ts'

const dates = ['2023-02-01', '2023-02-02', '2023-02-03', '2023-02-06']
const columns = ['pv_open', 'pv_high', 'pv_low', 'pv_close', 'pv_vwap', 'pv_volume']

/** Raw closes of a name that splits 2 for 1 on the third day and has no row on the second, and of two that do not. */
const split = [
  { close: 20, volume: 1000, factor: 1 },
  null,
  { close: 11, volume: 3000, factor: 2 },
  { close: 12, volume: 2000, factor: 2 },
]
const plain = { BBB: [10, 11, 12, 13], CCC: [30, 31, 30, 33] }

let store: Store

beforeEach(async () => {
  store = await openDuckdb(':memory:')
  await store.ensureTables()
  const rows = dates.flatMap((date, day) => {
    const row = split[day]
    const others = Object.entries(plain).map(([instrument, closes]) => {
      return { date, instrument, close: closes[day], volume: 500, factor: Number.NaN }
    })
    return row === null ? others : [{ date, instrument: 'AAA', ...row }, ...others]
  })
  const times = Float64Array.from(rows, ({ date }) => dateToEventTime(date))
  const closes = Float64Array.from(rows, ({ close }) => close)
  await store.append('pv', {
    count: rows.length,
    columns: {
      event_time: times,
      instrument: rows.map(({ instrument }) => instrument),
      revision: new Float64Array(rows.length),
      known_at: times,
      adj_factor: Float64Array.from(rows, ({ factor }) => factor),
      ...Object.fromEntries(columns.slice(0, 5).map((id) => [id, closes])),
      pv_volume: Float64Array.from(rows, ({ volume }) => volume),
    },
  })
  await store.append('instruments', {
    count: 1,
    columns: {
      event_time: Float64Array.of(dateToEventTime('2023-01-03')),
      instrument: ['AAA'],
      revision: Float64Array.of(0),
      known_at: Float64Array.of(0),
      float_shares: Float64Array.of(1e6),
      total_shares: Float64Array.of(2e6),
      listed: Float64Array.of(1),
    },
  })
})

afterEach(() => store.close())

describe('prices of raw rows over an ex-day', () => {
  it('a split is no return: the label and the daily return go by price x factor', async () => {
    const pv = await storedPanel(store, 'PV', columns, dates[0], dates[3])
    expect([...(pv.factors as Float64Array)]).toEqual([1, 1, 1, 1, 1, 1, 2, 1, 1, 2, 1, 1])
    const grid = { dates: pv.dates, instruments: pv.instruments, prices: vwapGrid(pv) }
    expect(forwardReturns(grid, 1).returns[1 * 3]).toBe(24 / 22 - 1)
    const history = dailyHistoryOf(pv, await Listings.load(store), dates[3])
    expect([...dailyReturns(history).returns]).toEqual([NaN, NaN, 22 / 20 - 1, 24 / 22 - 1])
  })

  it('a cap stays shares times the price as it stands', async () => {
    const pv = await storedPanel(store, 'PV', columns, dates[0], dates[3])
    const { floatCap } = dailyHistoryOf(pv, await Listings.load(store), dates[3])
    expect([...floatCap]).toEqual([20e6, NaN, 11e6, 12e6])
  })

  it('the scaled window sees +10 % over the split, not -45 %', async () => {
    const pv = await storedPanel(store, 'PV', columns, dates[0], dates[3])
    const { set, dates: days, instruments, values } = pv
    const bare = { set, dates: days, instruments, columns, values }
    const inputs = (panel: typeof pv) => [...createScaler(panel, columns).window(3, 3, Int32Array.of(0, 1, 2)).x]
    const comparable = { ...bare, values: pv.values.slice() }
    for (const day of [2, 3]) {
      for (let c = 0; c < 6; c++) comparable.values[(day * 6 + c) * 3] *= c === 5 ? 0.5 : 2
    }
    expect(inputs(pv).map((x) => x.toFixed(5))).toEqual(inputs(comparable).map((x) => x.toFixed(5)))
    expect(inputs(pv)).not.toEqual(inputs(bare))
  })

  it('a day that follows live carries the last factors on, also over names that are new', async () => {
    const history = await MarketHistory.before(store, 'cn', '2023-02-07')
    const live = { set: 'PV', date: '2023-02-07', instruments: ['AAA', 'AAB'], columns, count: 2 }
    history.append(joinPanels([{ ...live, values: new Float64Array(12).fill(13) } as never], columns))
    const pv = history.upTo('2023-02-07')
    expect(pv.instruments).toEqual(['AAA', 'AAB', 'BBB', 'CCC'])
    expect([...(pv.factors as Float64Array)].slice(-8)).toEqual([2, 1, 1, 1, 2, 1, 1, 1])
    expect(history.upTo('2023-02-01').factors).toHaveLength(4)
  })

  it('rows without factors give a panel without: nothing is multiplied', async () => {
    const pv = await storedPanel(store, 'PV', columns, dates[1], dates[1])
    expect(pv.factors).toBeUndefined()
  })
})
