import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { pairedTest } from '../../models/evaluation/significance.ts'
import type { Family } from '../../models/network/spec.ts'
import { sets } from '../../schemas/topics.ts'
import { runBacktest } from '../../src/backtest/backtest.ts'
import { documentOf } from '../../src/backtest/document.ts'
import type { Signal } from '../../src/simulator/options.ts'
import { seed } from '../seed.ts'
import { prepareMarket, type CheckedMarket } from './checked-market.ts'
import { judgeOf } from './outcomes.ts'
import { told } from './run-check.ts'
import { closeTestDays, engine, horizon, spansOf, trainLine, type Spans } from './trained-line.ts'
import { Comparison, promotedLine } from './variants.ts'

/** 12 days fill the first windows, 180 train after 2 of embargo, 8 choose the epochs, 60 are out of sample. */
const sizes = { warmUp: 12, validate: 8, test: 60 }
const days = 264
const instruments = 150

async function onMarket(signal: Signal, check: (checked: CheckedMarket, spans: Spans) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'closebell-factors-'))
  const checked = await prepareMarket({ seed, instruments, days, signal, horizon }, folder)
  try {
    await check(checked, spansOf(checked.market.dates, sizes))
  } finally {
    await checked.close()
    await rm(folder, { recursive: true })
  }
}

/** Closes every out-of-sample day with all five sets, then backtests the same days with the same artifacts. */
async function expectSixFactors(checked: CheckedMarket, spans: Spans): Promise<void> {
  const models = await trainLine(checked, spans, { name: 'models', sets })
  const closed = await closeTestDays(checked, models, spans.test)
  for (const { completed } of closed) {
    expect(completed.sets.filter(({ present }) => present).map(({ set }) => set)).toEqual([...sets])
  }
  const result = await runBacktest({
    store: checked.store,
    engine,
    models,
    profile: 'cn',
    sets: [...sets, 'ML_C'],
    from: spans.test[0] as string,
    to: spans.test.at(-1) as string,
    horizon,
    inSample: false,
    onStart: () => undefined,
    onDay: () => undefined,
  })
  const { factors } = documentOf(result)
  expect(factors.map(({ set }) => set)).toEqual([...sets, 'ML_C'])
  for (const { set, rank_ic, rank_ic_ir, long_short, long_only, days: measured } of factors) {
    const { annual_return, information_ratio, max_drawdown } = long_short
    const seven = [rank_ic, rank_ic_ir, annual_return, information_ratio, max_drawdown]
    seven.push(long_only.annual_return, long_only.information_ratio)
    console.info(`${set}: ${seven.map((value) => value?.toFixed(4)).join(' ')}, ${measured} days`)
    for (const value of seven) expect(value).toSatisfy(Number.isFinite)
    expect(measured).toBeGreaterThanOrEqual(58)
  }
}

/** What a part of the network finds more than the same network without it, day by day. */
async function expectMore(signal: Signal, family: Family, without: Family): Promise<void> {
  await onMarket(signal, async (checked, spans) => {
    const rich = await trainLine(checked, spans, { name: 'with', family })
    const poor = await trainLine(checked, spans, { name: 'without', family: without })
    const comparison = await Comparison.of(checked, await judgeOf(checked), rich, spans)
    const gain = pairedTest(
      comparison.rankIcs(await promotedLine(rich)),
      comparison.rankIcs(await promotedLine(poor)),
      horizon - 1,
    )
    console.info(`${signal}: ${family} less ${without}: ${told(gain)}`)
    expect(gain.n).toBeGreaterThanOrEqual(58)
    expect(gain.mean).toBeGreaterThan(0)
    expect(gain.t).toBeGreaterThan(3)
  })
}

describe('180 days of training and 60 out of sample', () => {
  test('all: six factors come out of the close, seven metrics each out of the backtest', () =>
    onMarket('all', expectSixFactors))
  test('neighbours: attention over graphs beats the GRU alone', () => expectMore('neighbours', 'gru+gat', 'gru'))
  test('regime: state-adaptive weights beat fixed ones', () => expectMore('regime', 'gru+gat_sa', 'gru+gat'))
  test('fundamentals: the financial head beats none', () => expectMore('fundamentals', 'gru+gat_sa+fin', 'gru+gat_sa'))
})
