import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dpRules } from '../../schemas/catalogue/dp.ts'
import { evaluate } from '../../models/expression/evaluate.ts'
import { countsOf, operatorNames, signatureOf } from '../../models/expression/operators.ts'
import type { ExpressionSource } from '../../models/expression/panel.ts'
import { parseExpression } from '../../models/expression/parse.ts'
import { derivedTerminals } from '../../models/expression/terminals.ts'
import type { FeaturePanel } from '../../models/sample.ts'
import { drawSource } from '../expression/drawn-source.ts'
import { uniform } from '../models/drawn-market.ts'
import { seed } from '../seed.ts'

const python = resolve(import.meta.dirname, '../../.python/bin/python')

/** Every operator over a stepped and a smooth feature, in a short and a longer window and with both cuts. */
const operatorCases = operatorNames.flatMap((operator) => {
  const { inputs, window, count } = signatureOf(operator)
  const stepped = inputs === 1 ? 'hf_ofi' : 'hf_ofi c_nbr_l'
  const smooth = inputs === 1 ? 'pv_close' : 'ret pv_volume'
  if (!window) return [`(${operator} ${stepped})`, `(${operator} ${smooth})`]
  return [3, 20].flatMap((days) =>
    (count ? countsOf(days) : ['']).flatMap((taken) =>
      [stepped, smooth].map((features) => `(${operator} ${features} ${days}${taken === '' ? '' : ` ${taken}`})`),
    ),
  )
})

const nested = ['(ts_std (ts_corr pv_high pv_volume 10) 5)', '(ts_mean (cs_zscore (delta pv_vwap 5)) 10)']
const expressions = [...derivedTerminals, ...operatorCases, ...nested, ...dpRules.map((rule) => rule.formula)]

const orNull = (values: Iterable<number>): (number | null)[] =>
  Array.from(values, (value) => (Number.isNaN(value) ? null : value))

const rowsOf = (grid: Float64Array, width: number): (number | null)[][] =>
  Array.from({ length: grid.length / width }, (_, row) => orNull(grid.subarray(row * width, (row + 1) * width)))

function columnsOf({ dates, instruments, columns, values }: FeaturePanel): Record<string, (number | null)[][]> {
  const rows = rowsOf(values, instruments.length)
  return Object.fromEntries(columns.map((id, c) => [id, dates.map((_, day) => rows[day * columns.length + c])]))
}

function askPython(source: ExpressionSource, days: readonly number[]): (number | null)[][] {
  if (!existsSync(python)) throw new Error('no Python for the oracle: run npm run setup:python')
  const width = source.panels.PV.instruments.length
  const panels = Object.fromEntries(
    Object.entries(source.panels).map(([set, panel]) => [
      set,
      { dates: panel.dates, instruments: panel.instruments, columns: columnsOf(panel) },
    ]),
  )
  const input = JSON.stringify({
    panels,
    factors: rowsOf(source.factors ?? new Float64Array(0), width),
    shares: rowsOf(source.floatShares ?? new Float64Array(0), width),
    days,
    expressions,
  })
  const script = resolve(import.meta.dirname, 'expressions.py')
  const output = execFileSync(python, [script], { input, encoding: 'utf8', maxBuffer: 2 ** 28 })
  return JSON.parse(output) as (number | null)[][]
}

describe('the oracle of DP expressions in Python', () => {
  it('agrees on every operator to 1e-9, over gaps, ties, splits and the first days of a history', () => {
    const source = drawSource(uniform(seed), 46, 90)
    const days = [1, 18, 60, 89]
    const expected = askPython(source, days)
    const parsed = expressions.map(parseExpression)
    days.forEach((day, d) => {
      evaluate(parsed, source, source.panels.PV.dates[day]).forEach((values, e) => {
        const wanted = expected[d * expressions.length + e]
        const far = orNull(values).flatMap((value, name) => {
          const other = wanted[name]
          const near =
            value === null || other === null
              ? value === other
              : Math.abs(value - other) <= 1e-9 * Math.max(1e-4, Math.abs(other))
          return near ? [] : [`name ${name}: ${value}, Python ${other}`]
        })
        expect([expressions[e], day, far]).toEqual([expressions[e], day, []])
      })
    })
    const isEmpty = (_: string, e: number): boolean =>
      days.every((_day, d) => expected[d * expressions.length + e].every((value) => value === null))
    // Two days with a long history behind them leave no operator without a value to compare.
    expect(expressions.filter(isEmpty)).toEqual([])
  })
})
