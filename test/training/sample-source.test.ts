import { afterAll, describe, expect, it } from 'vitest'
import { networkSpec } from '../../models/network/spec.ts'
import type { DaySample } from '../../models/sample.ts'
import type { Store } from '../../src/ports/store.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { MarketHistory } from '../../src/workers/history/market-history.ts'
import { prepareOpening } from '../../src/workers/open/open-day.ts'
import { dayInputsOf } from '../../src/workers/scoring/score-job.ts'
import { labelledSeries } from '../../src/workers/training/samples.ts'
import { SampleSource } from '../../src/workers/training/sample-source.ts'
import { StoredMarket } from '../../src/workers/training/stored-market.ts'
import { seed } from '../seed.ts'
import { drawYears, seldom, storeYears, youngest } from './stored-years.ts'

const years = drawYears(seed, 60, 150)
const [from, to] = [years.dates[20] as string, years.dates[149] as string]
const spec = networkSpec({ family: 'gru+gat_sa+fin', features: 6, lookback: 10, hidden: 8 })
const stores: Store[] = []

async function stored(factorOf?: (day: number, name: number) => number): Promise<Store> {
  const store = await openDuckdb(':memory:')
  stores.push(store)
  await storeYears(store, years, factorOf)
  return store
}

async function sourceOf(store: Store): Promise<SampleSource> {
  const market = await StoredMarket.load({ store, profile: 'cn', from, to, lookback: 10, styles: true })
  return SampleSource.over(store, market, 'PV', spec)
}

afterAll(async () => {
  for (const store of stores) await store.close()
})

describe('samples of days on which open never ran', async () => {
  const store = await stored()
  const source = await sourceOf(store)
  const date = years.dates[120] as string

  it('have the graph and the styles that open would have published on the same history', async () => {
    const history = await MarketHistory.before(store, 'cn', date)
    const { inputs } = await prepareOpening(store, history, date, { profile: 'cn', neighbours: 20 })
    const opened = dayInputsOf(inputs)
    const computed = source.market.inputs(date)
    expect(computed?.eligible).toEqual(opened.eligible)
    expect(computed?.graphs.industry).toEqual(opened.graphs.industry)
    const wanted = inputs.filter((input) => input.kind === 'styles').at(-1)
    const day = source.market.styles.dates.indexOf(wanted?.asOf ?? '')
    expect(source.market.styles.returns.slice(day * 10, (day + 1) * 10)).toEqual(wanted?.values)
  })

  it('leave a new listing out for 60 rows, and an older name by its date of listing', () => {
    const day = (at: number): readonly string[] => source.section(years.dates[at] as string).instruments
    const rows = (name: string, until: number): number => {
      const n = years.instruments.length
      const i = years.instruments.indexOf(name)
      return Array.from({ length: until + 1 }, (_, at) => years.close[at * n + i]).filter((c) => !Number.isNaN(c))
        .length
    }
    for (let at = 30; at < 150; at++) {
      const isIn = day(at).includes(youngest.name)
      if (rows(youngest.name, at) <= 60) expect(isIn).toBe(false)
    }
    expect(
      Array.from({ length: 150 - 100 }, (_, k) => day(100 + k)).some((names) => names.includes(youngest.name)),
    ).toBe(true)
    expect(day(22).length).toBeGreaterThan(40)
    // Traded every other day: never on 80 % of a window.
    expect(day(120)).not.toContain(seldom)
    expect(source.market.inputs(years.dates[80] as string)?.eligible).toContain(seldom)
    expect(source.market.inputs(years.dates[40] as string)?.eligible).not.toContain(seldom)
  })

  it('say what the network will not see', () => {
    expect(source.masked).toEqual(
      expect.arrayContaining(['graph financial', 'graph flow', 'style book_to_price', 'fundamentals']),
    )
    expect(source.masked).not.toContain('graph industry')
  })

  it('no look-ahead: prices after the day change nothing of it, prices of the day do', async () => {
    const later = await sourceOf(await stored((day) => (day > 120 ? 1.3 : 1)))
    // Of a name that is scored: prices of one that did not trade are nobody's.
    const scored = years.instruments.indexOf(source.section(date).instruments[0] as string)
    const same = await sourceOf(await stored((day, name) => (day === 120 && name === scored ? 1.3 : 1)))
    const bytes = ({ x, mask, graphs, styles, instruments }: DaySample) => ({ x, mask, graphs, styles, instruments })
    expect(bytes(later.sample(date))).toEqual(bytes(source.sample(date)))
    expect(bytes(same.sample(date))).not.toEqual(bytes(source.sample(date)))
    expect(later.market.capsAndIndustries(date, ['N003.SH'])).toEqual(
      source.market.capsAndIndustries(date, ['N003.SH']),
    )
  })

  it('embargo: no label of the training days knows a price of the validation span', async () => {
    const split = { train: { from, to: years.dates[99] as string }, validate: { from: years.dates[100] as string, to } }
    const request = { profile: 'cn', set: 'PV' as const, spec, horizon: 10, labelPrice: 'close' as const, ...split }
    const plain = await labelledSeries({ ...request, store })
    const later = (day: number, name: number): number => (day >= 100 ? 1 + ((7 * day + 13 * name) % 17) : 1)
    const moved = await labelledSeries({ ...request, store: await stored(later) })
    expect(plain.train.count).toBe(100 - 20 - 11)
    expect(plain.embargoed).toBe(11)
    expect(plain.validate.count).toBe(150 - 100 - 11)
    for (let day = 0; day < plain.train.count; day++) {
      expect(moved.train.sample(day).label).toEqual(plain.train.sample(day).label)
    }
    expect(moved.validate.sample(0).label).not.toEqual(plain.validate.sample(0).label)
  })
})
