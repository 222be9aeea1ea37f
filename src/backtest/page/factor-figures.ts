import * as Plot from '@observablehq/plot'
import { meansBy } from '../../../models/evaluation/factor-series.ts'
import { drawdowns, netValues } from '../../../models/evaluation/performance.ts'
import { neweyWest } from '../../../models/evaluation/significance.ts'
import type { BacktestResult, MeasuredFactor } from '../result.ts'
import { dayOf, domainOf, drawn, labelledLines, strokes, type Line } from './chart.ts'
import { figureOf, type FigureColumn } from './figure.ts'
import { html, type Html } from './html.ts'
import { percent, ratio } from './numbers.ts'

/** Axes that the figures of all factors share, so that one can be laid beside the other. */
export interface SharedAxes {
  readonly groups: readonly [number, number]
  readonly legs: readonly [number, number]
  readonly drawdown: readonly [number, number]
  readonly monthly: readonly [number, number]
  readonly cumulated: readonly [number, number]
}

export function sharedAxes(result: BacktestResult): SharedAxes {
  const { prices, factors, horizon } = result
  const days = prices.dates.length
  const legs = factors.flatMap(({ raw }) => [raw.longShort, raw.longOnly].flatMap(({ byCost }) => byCost))
  const series = factors.flatMap(({ raw, neutral }) => [raw.rankIc.daily, neutral.rankIc.daily])
  const months = series.flatMap((daily) => meansBy(prices.dates, daily, 7).map(({ mean }) => mean))
  return {
    groups: domainOf(
      factors.flatMap(({ raw }) => groupRows(raw.groupDaily, days).flatMap((row) => [...netValues(row)])),
      [1],
    ),
    legs: domainOf(
      legs.flatMap(({ daily }) => [...netValues(daily)]),
      [1],
    ),
    drawdown: domainOf(
      legs.flatMap(({ daily }) => [...drawdowns(daily)]),
      [0],
    ),
    monthly: domainOf(
      months.flatMap((mean) => [1.4 * mean]),
      [0],
    ),
    cumulated: domainOf(
      series.flatMap((daily) => [...cumulated(daily, horizon)]),
      [0],
    ),
  }
}

const groupRows = (daily: Float64Array, days: number): Float64Array[] =>
  Array.from({ length: daily.length / days }, (_, g) => daily.subarray(g * days, (g + 1) * days))

/** Sum over the days so far, a tenth for each of H days that share their outcome; NaN before the first. */
function cumulated(daily: Float64Array, horizon: number): Float64Array {
  let sum = 0
  return daily.map((value) => {
    if (Number.isNaN(value)) return NaN
    sum += value / horizon
    return sum
  })
}

/** The three figures of one factor. */
export const factorFigures = (measured: MeasuredFactor, result: BacktestResult, axes: SharedAxes): Html =>
  html`${rankIcFigure(measured, result, axes)}${groupFigure(measured, result, axes)}
  ${legFigure(measured, result, axes)}`

function rankIcFigure({ factor, raw, neutral }: MeasuredFactor, result: BacktestResult, axes: SharedAxes): Html {
  const { dates } = result.prices
  const lag = result.horizon - 1
  const months = (daily: Float64Array) =>
    meansBy(dates, daily, 7).map(({ label, mean, days }) => ({
      month: label,
      mean,
      error: neweyWest(
        daily.filter((_, day) => dates[day].startsWith(label)),
        Math.min(lag, Math.max(0, days - 2)),
      ).standardError,
    }))
  const [rawMonths, neutralMonths] = [months(raw.rankIc.daily), months(neutral.rankIc.daily)]
  const shown = rawMonths.filter(({ mean }) => Number.isFinite(mean))
  const bars = [
    ...rawMonths.map((month) => ({ ...month, kind: 'raw' })),
    ...neutralMonths.map((month) => ({ ...month, kind: 'neutral' })),
  ].filter(({ mean }) => Number.isFinite(mean))
  const drawing = html`${monthlyBars(factor.set, bars, shown, axes)}
  ${cumulatedLines(factor.set, raw.rankIc.daily, neutral.rankIc.daily, result, axes)}`
  const positive = shown.filter(({ mean }) => mean > 0).length
  const column = (name: string, values: readonly number[]): FigureColumn => ({
    name,
    values,
    print: (v) => ratio(v, 4),
  })
  return figureOf({
    caption:
      `${factor.set}: RankIC ${ratio(raw.rankIc.byOffset.mean, 4)}, neutral ${ratio(neutral.rankIc.byOffset.mean, 4)}; ` +
      `${positive} of ${shown.length} months above 0. Above: mean of each month, bars raw (solid) and neutral (light), ` +
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

interface MonthBar {
  readonly month: string
  readonly kind: string
  readonly mean: number
  readonly error: number
}

function monthlyBars(
  set: string,
  bars: readonly MonthBar[],
  months: readonly { readonly month: string }[],
  axes: SharedAxes,
): Html {
  const whiskers = bars.filter(({ error }) => Number.isFinite(error))
  const inset = (kind: string) => (kind === 'raw' ? { insetLeft: 2, insetRight: 11 } : { insetLeft: 11, insetRight: 2 })
  const bar = (kind: string, fill: string): Plot.Markish =>
    Plot.barY(
      bars.filter((one) => one.kind === kind),
      { x: 'month', y: 'mean', fill, ...inset(kind) },
    )
  const [low, high] = axes.monthly
  return drawn(`${set} RankIC by month`, {
    height: 180,
    x: { label: null, domain: months.map(({ month }) => month), tickFormat: monthTick },
    y: { label: 'RankIC of the month', grid: true, domain: [low, high], nice: true },
    marks: [
      bar('raw', 'var(--s1)'),
      bar('neutral', 'var(--s1-light)'),
      Plot.ruleX(
        whiskers.filter(({ kind }) => kind === 'raw'),
        {
          x: 'month',
          y1: ({ mean, error }: MonthBar) => Math.max(low, mean - 2 * error),
          y2: ({ mean, error }: MonthBar) => Math.min(high, mean + 2 * error),
          stroke: 'currentColor',
          dx: -4,
        },
      ),
      Plot.ruleY([0]),
    ],
  })
}

const monthTick = (month: string): string => month

function cumulatedLines(
  set: string,
  raw: Float64Array,
  neutral: Float64Array,
  { prices, horizon }: BacktestResult,
  axes: SharedAxes,
): Html {
  const points = (daily: Float64Array): Line['points'] =>
    [...cumulated(daily, horizon)].flatMap((y, day) => (Number.isFinite(y) ? [{ x: dayOf(prices.dates[day]), y }] : []))
  const lines: Line[] = [
    { name: 'raw', points: points(raw), ...strokes[0] },
    { name: 'neutral', points: points(neutral), ...strokes[1] },
  ]
  return drawn(`${set} cumulated RankIC`, {
    height: 150,
    x: { label: null, type: 'utc' },
    y: { label: 'cumulated', grid: true, domain: axes.cumulated, nice: true },
    marks: [Plot.ruleY([0]), ...labelledLines(lines, { domain: axes.cumulated, height: 100 })],
  })
}

function groupFigure({ factor, raw }: MeasuredFactor, { prices }: BacktestResult, axes: SharedAxes): Html {
  const { dates } = prices
  const rows = groupRows(raw.groupDaily, dates.length).map((row) => netValues(row))
  const groups = rows.length - 1
  const kept = [...dates.keys()].filter((day) => rows.some((row) => Number.isFinite(row[day])))
  const nameOf = (g: number): string => (g === groups ? 'all' : `G${g + 1}`)
  const lines = rows.map((row, g): Line => ({
    name: nameOf(g),
    points: kept.map((day) => ({ x: dayOf(dates[day]), y: row[day] })),
    stroke: g === groups ? 'currentColor' : `var(--g${g + 1})`,
    strokeDasharray: g === groups ? '1 3' : g % 2 === 0 ? 'none' : '6 3',
    strokeWidth: g === 0 || g === groups - 1 ? 2.2 : 1.2,
  }))
  const ends = rows.map((row) => row.findLast((value) => Number.isFinite(value)) ?? NaN)
  const isOrdered = ends.slice(1, groups).every((end, g) => end > ends[g])
  const drawing = drawn(`${factor.set} net value of the ten groups`, {
    height: 340,
    x: { label: null, type: 'utc' },
    y: { label: 'net value, log scale', type: 'log', grid: true, domain: axes.groups, tickFormat: '.2f', ticks: 6 },
    marks: [Plot.ruleY([1]), ...labelledLines(lines, { domain: axes.groups, height: 290, isLog: true })],
  })
  return figureOf({
    caption:
      `${factor.set}: 1 invested in the group of the highest scores (G${groups}) became ${ratio(ends[groups - 1], 2)}, ` +
      `of the lowest (G1) ${ratio(ends[0], 2)}, in all names ${ratio(ends[groups], 2)}; ` +
      `the ${groups} groups end ${isOrdered ? 'in the order of their scores' : 'not wholly in the order of their scores'}. ` +
      'Before cost, mean of the rebalance offsets. Unit: net value from 1.',
    drawing,
    columns: [
      { name: 'date', values: kept.map((day) => dates[day]) },
      ...rows.map((row, g) => ({
        name: nameOf(g),
        values: kept.map((day) => row[day]),
        print: (value: number) => ratio(value, 4),
      })),
    ],
    file: `${factor.set}-groups`,
  })
}

function legFigure({ factor, raw }: MeasuredFactor, result: BacktestResult, axes: SharedAxes): Html {
  const { dates } = result.prices
  const { longShort, longOnly } = raw
  const series = [
    ['long-short', longShort.byCost[0].daily],
    [`long-short at ${percent(longShort.byCost[1].cost, 2)}`, longShort.byCost[1].daily],
    ['long excess', longOnly.byCost[0].daily],
    [`long excess at ${percent(longOnly.byCost[1].cost, 2)}`, longOnly.byCost[1].daily],
  ] as const
  const kept = [...dates.keys()].filter((day) => Number.isFinite(series[0][1][day]))
  const linesOf = (value: (daily: Float64Array) => Float64Array): Line[] =>
    series.map(([name, daily], s) => {
      const values = value(daily)
      return { name, points: kept.map((day) => ({ x: dayOf(dates[day]), y: values[day] })), ...strokes[s] }
    })
  const x: Plot.ScaleOptions = { label: null, type: 'utc' }
  const marginRight = 150
  const drawing = html`${drawn(`${factor.set} long-short and long excess`, {
    height: 260,
    marginRight,
    x,
    y: { label: 'net value, log scale', type: 'log', grid: true, domain: axes.legs, tickFormat: '.2f', ticks: 6 },
    marks: [Plot.ruleY([1]), ...labelledLines(linesOf(netValues), { domain: axes.legs, height: 210, isLog: true })],
  })}
  ${drawn(`${factor.set} drawdown`, {
    height: 130,
    marginRight,
    x,
    y: { label: 'drawdown', grid: true, domain: axes.drawdown, tickFormat: '.0%', nice: true, ticks: 4 },
    marks: [
      Plot.ruleY([0]),
      ...linesOf(drawdowns).map(({ points, stroke, strokeDasharray }) =>
        Plot.line(points, { x: 'x', y: 'y', stroke, strokeDasharray, strokeWidth: 1.2 }),
      ),
    ],
  })}`
  const [gross, net] = longShort.byCost
  return figureOf({
    caption:
      `${factor.set}: long-short ${percent(gross.annualReturn.mean)} a year before cost, ` +
      `${percent(net.annualReturn.mean)} at ${percent(net.cost, 2)} a side; ` +
      `it breaks even at ${percent(longShort.breakEven, 2)} a side. Long-short is 100 % long and 100 % short. ` +
      'Below: drawdown from the highest value so far. Unit: net value from 1; %.',
    drawing,
    columns: [
      { name: 'date', values: kept.map((day) => dates[day]) },
      ...series.map(([name, daily]) => {
        const values = netValues(daily)
        return { name, values: kept.map((day) => values[day]), print: (value: number) => ratio(value, 4) }
      }),
    ],
    file: `${factor.set}-long-short`,
  })
}
