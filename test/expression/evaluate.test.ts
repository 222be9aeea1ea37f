import { describe, expect, it } from 'vitest'
import { dpRules } from '../../schemas/catalogue/dp.ts'
import { evaluate, evaluateSpan } from '../../models/expression/evaluate.ts'
import type { ExpressionSource } from '../../models/expression/panel.ts'
import { parseExpression } from '../../models/expression/parse.ts'
import type { FeaturePanel } from '../../models/sample.ts'
import { uniform } from '../models/drawn-market.ts'
import { seed } from '../seed.ts'
import { drawSource } from './drawn-source.ts'

const random = uniform(seed)
const source = drawSource(random, 60, 190)
const { dates, instruments } = source.panels.PV
const expressions = dpRules.map((rule) => parseExpression(rule.formula))
const last = dates[dates.length - 1]

const bits = (values: Float64Array): string =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex')
const allBits = (all: readonly Float64Array[]): string[] => all.map(bits)

/** Days `from` to `to` of a source. */
function daysOf({ panels, ...grids }: ExpressionSource, from: number, to: number): ExpressionSource {
  const width = instruments.length
  const { PV, ...others } = panels
  const row = width * PV.columns.length
  return {
    panels: {
      ...others,
      PV: { ...PV, dates: PV.dates.slice(from, to), values: PV.values.slice(from * row, to * row) },
    },
    ...(grids.factors === undefined ? {} : { factors: grids.factors.slice(from * width, to * width) }),
    ...(grids.floatShares === undefined ? {} : { floatShares: grids.floatShares.slice(from * width, to * width) }),
  }
}

/** A source of one name whose closes are given; volume 100, NaN closes are suspended days. */
function closes(values: readonly number[], factors?: readonly number[]): ExpressionSource {
  const PV: FeaturePanel = {
    set: 'PV',
    dates: values.map((_, day) => `2024-01-${String(day + 1).padStart(2, '0')}`),
    instruments: ['A'],
    columns: ['pv_close', 'pv_volume'],
    values: Float64Array.from(values.flatMap((close) => [close, Number.isNaN(close) ? NaN : 100])),
  }
  return { panels: { PV }, ...(factors === undefined ? {} : { factors: Float64Array.from(factors) }) }
}

const lastOf = (text: string, from: ExpressionSource): number =>
  evaluate([parseExpression(text)], from, from.panels.PV.dates[from.panels.PV.dates.length - 1])[0][0]

describe('a value of a day', () => {
  it('has the same bits alone and within a span, adjusted or not', () => {
    const { panels, floatShares } = source
    const unadjusted = { panels, floatShares: floatShares as Float64Array }
    for (const given of [source, unadjusted]) {
      expressions.forEach((expression) => {
        const span = evaluateSpan(expression, given, dates[150], last)
        for (const day of [150, 171, 189]) {
          const alone = evaluate([expression], given, dates[day])[0]
          const width = instruments.length
          expect(bits(span.slice((day - 150) * width, (day - 149) * width))).toBe(bits(alone))
        }
      })
    }
  })

  it('is a function of 120 market days: neither earlier nor later rows reach it', () => {
    const day = 170
    const wanted = allBits(evaluate(expressions, source, dates[day]))
    expect(allBits(evaluate(expressions, daysOf(source, day - 119, day + 1), dates[day]))).toEqual(wanted)
    const { PV } = source.panels
    const width = instruments.length
    const row = width * PV.columns.length
    const changed = {
      ...source,
      panels: {
        ...source.panels,
        PV: { ...PV, values: PV.values.map((x, at) => (at >= (day + 1) * row ? 9 * x : x)) },
      },
      factors: source.factors?.map((x, at) => (at >= (day + 1) * width ? 7 : x)) as Float64Array,
    }
    expect(allBits(evaluate(expressions, changed, dates[day]))).toEqual(wanted)
  })

  it('does not change when names are added that have no rows', () => {
    const { PV } = source.panels
    const more = ['A0', ...instruments, 'Z9']
    const wider = (values: Float64Array): Float64Array => {
      const wide = new Float64Array((values.length / instruments.length) * more.length).fill(NaN)
      values.forEach((x, at) => {
        wide[Math.floor(at / instruments.length) * more.length + 1 + (at % instruments.length)] = x
      })
      return wide
    }
    const widened = {
      panels: { ...source.panels, PV: { ...PV, instruments: more, values: wider(PV.values) } },
      factors: wider(source.factors as Float64Array),
      floatShares: wider(source.floatShares as Float64Array),
    }
    const found = evaluate(expressions, widened, last).map((values) => values.slice(1, -1))
    expect(allBits(found)).toEqual(allBits(evaluate(expressions, source, last)))
  })

  it('is NaN for all when windows reach farther than 120 days, and where the name did not trade', () => {
    const deep = evaluate([parseExpression('(ts_mean (ts_mean (ts_mean ret 60) 60) 3)')], source, last)[0]
    expect(deep.every(Number.isNaN)).toBe(true)
    const long = evaluate([parseExpression('(ts_mean (ts_mean amplitude 60) 60)')], source, last)[0]
    expect(long.some((value) => !Number.isNaN(value))).toBe(true)
    expect(lastOf('(ts_mean pv_close 3)', closes([1, 2, 3, 4, NaN]))).toBeNaN()
    expect(lastOf('(delay pv_close 3)', closes([1, 2, 3, 4, 5]))).toBe(2)
  })

  it('is there for every rule in a long history, and for ten of them from daily bars alone', () => {
    const values = evaluate(expressions, source, dates[180])
    values.forEach((row, at) => {
      expect([dpRules[at].id, row.filter((x) => !Number.isNaN(x)).length > 8]).toEqual([dpRules[at].id, true])
    })
    const { PV } = source.panels
    const barsOnly = evaluate(expressions, { panels: { PV } }, dates[180])
    expect(barsOnly.filter((row) => row.some((x) => !Number.isNaN(x)))).toHaveLength(10)
  })
})

describe('what is undefined', () => {
  it('windows need 80 % of their days', () => {
    expect(lastOf('(ts_mean pv_close 5)', closes([NaN, 2, 3, 4, 5]))).toBe(3.5)
    expect(lastOf('(ts_sum pv_close 5)', closes([NaN, 2, 3, 4, 5]))).toBe(17.5)
    expect(lastOf('(ts_mean pv_close 5)', closes([NaN, NaN, 3, 4, 5]))).toBeNaN()
    expect(lastOf('(ts_mean pv_close 3)', closes([1, 2, 3]))).toBe(2)
    expect(lastOf('(ts_mean pv_close 3)', closes([1, NaN, 3]))).toBeNaN()
    expect(lastOf('(ts_mean pv_close 5)', closes([1, 2, 3]))).toBeNaN()
  })

  it.each([
    '(inv (sub pv_close pv_close))',
    '(div pv_close (sub pv_close pv_close))',
    '(log (neg pv_close))',
    '(log (sub pv_close pv_close))',
    '(sqrt (neg pv_close))',
    '(cs_zscore pv_close)',
    '(ols_residual pv_close pv_close)',
    '(ts_corr pv_close pv_volume 3)',
    '(mul (inv (sub pv_close pv_close)) pv_close)',
    'turnover',
    'trade_amount',
    'hf_ofi',
  ])('%s is NaN', (text) => {
    expect(lastOf(text, closes([1, 2, 3]))).toBeNaN()
  })

  it('−0 is 0, and a sign within rounding of the mean is 0', () => {
    expect(Object.is(lastOf('(neg (sub pv_close pv_close))', closes([1, 2, 3])), 0)).toBe(true)
    expect(lastOf('(diff_sign pv_close 3)', closes([0.1, 0.1, 0.1]))).toBe(0)
    expect(lastOf('(diff_sign pv_close 3)', closes([3, 2, 1]))).toBe(-1)
    expect(lastOf('(ts_std pv_close 3)', closes([0.1, 0.1, 0.1]))).toBe(0)
  })

  it('a cut takes the earlier of days with equal keys', () => {
    expect(lastOf('(rolling_selmean_top pv_close pv_volume 5 2)', closes([1, 2, 4, 8, 16]))).toBe(1.5)
    expect(lastOf('(rolling_selmean_btm pv_close pv_volume 5 1)', closes([1, 2, 4, 8, 16]))).toBe(1)
    expect(lastOf('(rolling_selmean_diff pv_close pv_close 5 2)', closes([1, 2, 4, 8, 16]))).toBe(10.5)
  })

  it('a split is no return, and prices count as of the day', () => {
    const split = closes([10, 10, 5, 5], [1, 1, 2, 2])
    expect(lastOf('(ts_sum ret 3)', split)).toBe(0)
    expect(lastOf('(delay pv_close 3)', split)).toBe(5)
    expect(lastOf('(delay pv_volume 3)', split)).toBe(200)
    expect(lastOf('pv_close', split)).toBe(5)
    expect(lastOf('ret', closes([10, NaN, 11]))).toBeNaN()
  })

  it('refuses a source that does not say who traded, and grids of another size', () => {
    const { PV } = closes([1, 2]).panels
    const silent = { panels: { PV: { ...PV, columns: ['pv_close', 'pv_open'] } } }
    expect(() => lastOf('ret', silent)).toThrow(/pv_volume/)
    expect(() => lastOf('ret', { panels: { PV }, factors: new Float64Array(3) })).toThrow(/2 cells/)
  })
})
