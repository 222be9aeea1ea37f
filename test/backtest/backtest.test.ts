import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { groupsOfSection } from '../../models/evaluation/portfolios.ts'
import { runBacktest, type BacktestRequest } from '../../src/backtest/backtest.ts'
import { documentOf } from '../../src/backtest/document.ts'
import { openEngine } from '../../src/compose/engine.ts'
import type { Store } from '../../src/ports/store.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { ModelsFolder } from '../../src/workers/models-folder.ts'
import { seed } from '../seed.ts'
import { storeMarket, untrained } from './stored-market.ts'

const shape = { seed, days: 120, names: 40 }
const horizon = 5
/** Everything from this day on is another market in the second store. */
const changeFrom = 105

describe('a backtest over a store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-backtest-'))
  const models = new ModelsFolder(join(folder, 'models'))
  let store: Store
  let changed: Store
  let request: BacktestRequest
  let changedFrom = ''

  beforeAll(async () => {
    store = await openDuckdb(join(folder, 'a.duckdb'))
    changed = await openDuckdb(join(folder, 'b.duckdb'))
    const dates = await storeMarket(store, shape)
    changedFrom = dates[changeFrom]
    await storeMarket(changed, shape, changeFrom)
    for (const artifact of [untrained('PV', 'gru', horizon, 1), untrained('PV', 'gru+gat', horizon, 2)])
      await models.save(artifact)
    request = {
      store,
      engine: await openEngine('reference'),
      models,
      profile: 'cn',
      sets: ['PV'],
      family: 'gru',
      from: dates[90],
      to: dates[112],
      horizon,
      inSample: false,
      onStart: () => undefined,
      onDay: () => undefined,
    }
  })

  afterAll(async () => {
    await store.close()
    await changed.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('answers in the form that scripts read, without a NaN', async () => {
    const document = documentOf(await runBacktest(request))
    const [factor] = document.factors
    expect(factor).toMatchObject({
      set: 'PV',
      family: 'gru',
      rank_ic: expect.any(Number) as number,
      rank_ic_ir: expect.any(Number) as number,
      long_short: {
        annual_return: expect.any(Number) as number,
        information_ratio: expect.any(Number) as number,
        max_drawdown: expect.any(Number) as number,
      },
      long_only: { annual_return: expect.any(Number) as number, information_ratio: expect.any(Number) as number },
      neutral: { rank_ic: expect.any(Number) as number, rank_ic_ir: expect.any(Number) as number },
      coverage: expect.any(Number) as number,
      turnover: expect.any(Number) as number,
      offsets: horizon,
    })
    expect(factor.days).toBeGreaterThan(10)
    expect(JSON.parse(JSON.stringify(document))).toEqual(document)
  })

  it('gives the same factors and entries up to a day whatever comes after it', async () => {
    const [one, other] = [await runBacktest(request), await runBacktest({ ...request, store: changed })]
    const { dates, instruments, first, market } = one.prices
    const names = instruments.length
    const cut = dates.indexOf(changedFrom)
    const until = (values: ArrayLike<number>): number[] => Array.from(values).slice(0, cut * names)
    const [a, b] = [one.factors[0].factor, other.factors[0].factor]
    expect(until(a.raw)).toEqual(until(b.raw))
    expect(until(a.neutral)).toEqual(until(b.neutral))
    expect(until(market.lockedUp)).toEqual(until(other.prices.market.lockedUp))
    const entriesOn = (raw: Float64Array, day: number): number[] => [
      ...groupsOfSection(raw.subarray(day * names, (day + 1) * names), 10),
    ]
    for (let day = first; day < cut; day++) {
      expect([dates[day], entriesOn(a.raw, day)]).toEqual([dates[day], entriesOn(b.raw, day)])
    }
    expect(Array.from(a.raw.subarray(cut * names))).not.toEqual(Array.from(b.raw.subarray(cut * names)))
  })

  it('takes the artifact of the family, and refuses days that it was trained or validated on', async () => {
    const other = await runBacktest({ ...request, family: 'gru+gat' })
    expect(other.factors[0].manifest?.spec.family).toBe('gru+gat')
    await expect(runBacktest({ ...request, family: 'gru+gat_sa' })).rejects.toThrow(/CB_ABSENT: no gru\+gat_sa/)
    await expect(runBacktest({ ...request, horizon: 10 })).rejects.toThrow(/CB_ABSENT/)
    await expect(runBacktest({ ...request, from: '2015-12-31' })).rejects.toThrow(/CB_USAGE: PV .* was trained/)
    await expect(runBacktest({ ...request, sets: ['ML_C'] })).rejects.toThrow(/ML_C is made of two sets/)
    await expect(runBacktest({ ...request, from: '2030-01-01', to: '2030-01-02' })).rejects.toThrow(/CB_/)
  })

  it('says why a set without rows cannot be scored', async () => {
    await models.save(untrained('C', 'gru', horizon, 3))
    await expect(runBacktest({ ...request, sets: ['PV', 'C', 'ML_C'] })).rejects.toThrow(
      /CB_NO_HISTORY: no name of C can be scored from .*: window not whole/,
    )
  })
})
