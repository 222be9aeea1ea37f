import * as Plot from '@observablehq/plot'
import { meansBy } from '../../../models/evaluation/factor-series.ts'
import { neweyWest } from '../../../models/evaluation/significance.ts'
import type { BacktestResult, MeasuredFactor } from '../result.ts'
import { chartWidth, dayOf, drawn, labelledLines, strokes, type Line } from './chart.ts'
import type { SharedAxes } from './factor-figures.ts'
import { figureOf, type FigureColumn } from './figure.ts'
import { html, type Html } from './html.ts'
import { ratio } from './numbers.ts'

/** Sum over the days so far, a tenth for each of H days that share their outcome; NaN before the first. */
export function cumulated(daily: Float64Array, horizon: number): Float64Array {
  let sum = 0
  return daily.map((value) => {
    if (Number.isNaN(value)) return NaN
    sum += value / horizon
    return sum
  })
}

interface Month {
  readonly month: string
  readonly mean: number
  readonly error: number
}

/** Mean of each month with its Newey-West error. */
export function monthlyRankIc(daily: Float64Array, { prices, horizon }: BacktestResult): Month[] {
  const { first, last } = prices
  const dates = prices.dates.slice(first, last + 1)
  const own = daily.subarray(first, last + 1)
  return meansBy(dates, own, 7).map(({ label, mean, days }) => ({
    month: label,
    mean,
    error: neweyWest(
      own.filter((_, day) => dates[day].startsWith(label)),
      Math.min(horizon - 1, Math.max(0, days - 2)),
    ).standardError,
  }))
}

/** RankIC month by month, raw beside neutral, and cumulated. */
export function rankIcFigure(measured: MeasuredFactor, result: BacktestResult, axes: SharedAxes): Html {
  const { factor, raw, neutral } = measured
  const [rawMonths, neutralMonths] = [
    monthlyRankIc(raw.rankIc.daily, result),
    monthlyRankIc(neutral.rankIc.daily, result),
  ]
  const shown = rawMonths.filter(({ mean }) => Number.isFinite(mean))
  const bars = [
    ...rawMonths.map((month) => ({ ...month, kind: 'raw' })),
    ...neutralMonths.map((month) => ({ ...month, kind: 'neutral' })),
  ].filter(({ mean }) => Number.isFinite(mean))
  const drawing = html`${monthlyBars(factor.set, bars, shown, axes)} ${cumulatedLines(measured, result, axes)}`
  const positive = shown.filter(({ mean }) => mean > 0).length
  const column = (name: string, values: readonly number[]): FigureColumn => ({
    name,
    values,
    print: (v) => ratio(v, 4),
  })
  return figureOf({
    caption:
      `${factor.set}: RankIC ${ratio(raw.rankIc.byOffset.mean, 4)}, ` +
      `neutral ${ratio(neutral.rankIc.byOffset.mean, 4)}; ` +
      `${positive} of ${shown.length} months above 0. ` +
      'Above: mean of each month, bars raw (solid) and neutral (light), ' +
      `whiskers ±2 standard errors; below: cumulated, divided by the ${result.horizon} days that share an outcome. ` +
      'Unit: rank correlation.',
    drawing,
    columns: [
      { name: 'month', values: rawMonths.map(({ month }) => month) },
      column(
        'rank_ic',
        rawMonths.map(({ mean }) => mean),
      ),
      column(
        'standard_error',
        rawMonths.map(({ error }) => error),
      ),
      column(
        'rank_ic_neutral',
        neutralMonths.map(({ mean }) => mean),
      ),
      column(
        'standard_error_neutral',
        neutralMonths.map(({ error }) => error),
      ),
    ],
    file: `${factor.set}-rank-ic`,
  })
}

interface MonthBar extends Month {
  readonly kind: string
}

/** Month names that fit below the axis. */
const mostTicks = 14

function monthlyBars(
  set: string,
  bars: readonly MonthBar[],
  months: readonly { readonly month: string }[],
  axes: SharedAxes,
): Html {
  const names = months.map(({ month }) => month)
  // Each month is a band; raw has its left half, neutral its right one.
  const half = (0.9 * (chartWidth - 116)) / Math.max(1, names.length) / 2
  const [low, high] = axes.monthly
  const marksOf = (kind: string, fill: string, side: -1 | 1): Plot.Markish[] => {
    const own = bars.filter((one) => one.kind === kind)
    return [
      Plot.barY(own, { x: 'month', y: 'mean', fill, [side < 0 ? 'insetRight' : 'insetLeft']: half }),
      Plot.ruleX(
        own.filter(({ error }) => Number.isFinite(error)),
        {
          x: 'month',
          y1: ({ mean, error }: MonthBar) => Math.max(low, mean - 2 * error),
          y2: ({ mean, error }: MonthBar) => Math.min(high, mean + 2 * error),
          stroke: 'currentColor',
          dx: (side * half) / 2,
        },
      ),
    ]
  }
  const step = Math.ceil(names.length / mostTicks)
  return drawn(`${set} RankIC by month`, {
    height: 190,
    x: { label: null, domain: names, ticks: names.filter((_, place) => place % step === 0) },
    y: { label: 'RankIC of the month', grid: true, domain: [low, high], nice: true, ticks: 6 },
    marks: [...marksOf('raw', 'var(--s1)', -1), ...marksOf('neutral', 'var(--s1-light)', 1), Plot.ruleY([0])],
  })
}

function cumulatedLines(
  { factor, manifest, raw, neutral }: MeasuredFactor,
  { prices, horizon }: BacktestResult,
  axes: SharedAxes,
): Html {
  const points = (daily: Float64Array): Line['points'] =>
    [...cumulated(daily, horizon)].flatMap((y, day) => (Number.isFinite(y) ? [{ x: dayOf(prices.dates[day]), y }] : []))
  const lines: Line[] = [
    { name: 'raw', points: points(raw.rankIc.daily), ...strokes[0] },
    { name: 'neutral', points: points(neutral.rankIc.daily), ...strokes[1] },
  ]
  const shades = manifest === null ? [] : ownDays(manifest.train.from, manifest.validate.to, prices)
  return drawn(`${factor.set} cumulated RankIC`, {
    height: 150,
    x: { label: null, type: 'utc' },
    y: { label: 'cumulated', grid: true, domain: axes.cumulated, nice: true, ticks: 5 },
    marks: [
      Plot.rectX(shades, { x1: 'x1', x2: 'x2', fill: 'currentColor', fillOpacity: 0.1 }),
      Plot.ruleY([0]),
      ...labelledLines(lines, { domain: axes.cumulated, height: 100 }),
    ],
  })
}

/** The part of the span that the model was trained or validated on: shaded, for it proves nothing. */
function ownDays(from: string, to: string, { dates, first, last }: BacktestResult['prices']): { x1: Date; x2: Date }[] {
  const [start, end] = [from > dates[first] ? from : dates[first], to < dates[last] ? to : dates[last]]
  return start <= end ? [{ x1: dayOf(start), x2: dayOf(end) }] : []
}
