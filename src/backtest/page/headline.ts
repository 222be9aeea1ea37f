import type { FactorEvaluation, Leg } from '../../../models/evaluation/factor-evaluation.ts'
import type { Performance, Spread } from '../../../models/evaluation/performance.ts'
import type { BacktestResult, MeasuredFactor } from '../result.ts'
import { html, type Html } from './html.ts'
import { percent, ratio } from './numbers.ts'
import { published } from './published.ts'

/** One of the seven metrics. */
interface Cell {
  readonly value: string
  readonly error: string
  readonly range: string
}

/** Factor x seven metrics, ours with standard errors and the range over the offsets; the published row below. */
export function headlineTable({ factors, rules, horizon }: BacktestResult): Html {
  const head = [
    'factor',
    `${horizon}-day RankIC`,
    'RankICIR a year',
    'long-short a year',
    'long-short IR',
    'long-short drawdown',
    'long excess a year',
    'long excess IR',
  ]
  const body = factors.map(
    (measured) =>
      html`${row(measured.factor.set, 'raw', cellsOf(measured.raw, rules.daysPerYear, horizon))}
      ${row('', 'neutral', cellsOf(measured.neutral, rules.daysPerYear, horizon))}${publishedRow(measured)}`,
  )
  return html`<div class="wide" tabindex="0">
    <table class="headline">
      <thead>
        <tr>
          ${head.map((name, i) => html`<th scope="col" class="${i === 0 ? '' : 'n'}">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div>`
}

const row = (set: string, version: string, cells: readonly Cell[]): Html =>
  html`<tr class="${version}">
    <th scope="row">${set === '' ? '' : html`<b>${set}</b> `}${version}</th>
    ${cells.map(
      ({ value, error, range }) =>
        html`<td class="n">
          ${value}${error === '' ? '' : html`<span class="se"> ± ${error}</span>`}<br /><small>${range}</small>
        </td>`,
    )}
  </tr>`

function cellsOf(evaluation: FactorEvaluation, daysPerYear: number, horizon: number): Cell[] {
  const { rankIc, longShort, longOnly } = evaluation
  const { byOffset, test, ratio: annual } = rankIc
  const periods = test.n / horizon
  return [
    {
      value: ratio(byOffset.mean, 4),
      error: ratio(test.standardError, 4),
      range: rangeOf(byOffset, (value) => ratio(value, 3)),
    },
    {
      value: ratio(annual.ratio, 2),
      error: ratio(ratioError(annual.ratio, periods, daysPerYear / horizon), 2),
      range: Number.isFinite(annual.spread) ? `offsets ± ${ratio(annual.spread, 1)}` : '',
    },
    ...legCells(longShort, daysPerYear),
    ...legCells(longOnly, daysPerYear).filter((_, place) => place !== 2),
  ]
}

/** Annual return, ratio and drawdown before cost. */
function legCells(leg: Leg, daysPerYear: number): Cell[] {
  const { annualReturn, informationRatio, maxDrawdown, byOffset } = leg.byCost[0]
  const days = byOffset.reduce((most, one) => Math.max(most, one.days), 0)
  return [
    {
      value: percent(annualReturn.mean),
      error: percent(returnError(byOffset, daysPerYear)),
      range: rangeOf(annualReturn, (value) => percent(value, 0)),
    },
    {
      value: ratio(informationRatio.mean, 2),
      error: ratio(ratioError(informationRatio.mean, days, daysPerYear), 2),
      range: rangeOf(informationRatio, (value) => ratio(value, 1)),
    },
    {
      value: percent(maxDrawdown.mean),
      error: '',
      range: rangeOf(maxDrawdown, (value) => percent(value, 1)),
    },
  ]
}

const rangeOf = ({ lowest, highest, count }: Spread, print: (value: number) => string): string =>
  count > 1 ? `${print(lowest)} to ${print(highest)}` : ''

/** Of a ratio annualised from n periods: Lo (2002), independent periods. */
function ratioError(annual: number, periods: number, periodsPerYear: number): number {
  const own = annual / Math.sqrt(periodsPerYear)
  return Math.sqrt(((1 + own ** 2 / 2) / periods) * periodsPerYear)
}

/** Deviation of a year's return, return over ratio, by the root of the years; mean over the offsets. */
function returnError(offsets: readonly Performance[], daysPerYear: number): number {
  const known = offsets.filter(({ informationRatio }) => Number.isFinite(informationRatio) && informationRatio !== 0)
  const errors = known.map(({ annualReturn, informationRatio, days }) =>
    Math.abs(annualReturn / informationRatio / Math.sqrt(days / daysPerYear)),
  )
  return errors.length === 0 ? NaN : errors.reduce((sum, error) => sum + error, 0) / errors.length
}

function publishedRow({ factor }: MeasuredFactor): Html | string {
  const known = Object.hasOwn(published, factor.set) ? published[factor.set] : undefined
  if (known === undefined) return ''
  const { rankIc, rankIcIr, longShort, longOnly } = known
  const cells = [
    ratio(rankIc, 3),
    ratio(rankIcIr, 1),
    percent(longShort.annualReturn),
    ratio(longShort.informationRatio, 1),
    percent(longShort.maxDrawdown),
    percent(longOnly.annualReturn),
    ratio(longOnly.informationRatio, 1),
  ]
  return html`<tr class="published">
    <th scope="row">published, other data</th>
    ${cells.map((cell) => html`<td class="n">${cell}</td>`)}
  </tr>`
}
