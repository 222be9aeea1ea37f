import * as Plot from '@observablehq/plot'
import { drawdowns, netValues } from '../../../models/evaluation/performance.ts'
import type { BacktestResult, MeasuredFactor } from '../result.ts'
import { dayOf, domainOf, drawn, labelledLines, logAxis, strokes, type Line } from './chart.ts'
import { figureOf } from './figure.ts'
import { html, type Html } from './html.ts'
import { percent, ratio } from './numbers.ts'
import { cumulated, monthlyRankIc, rankIcFigure } from './rank-ic-figure.ts'

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
  const months = series.flatMap((daily) => monthlyRankIc(daily, result))
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
      months.flatMap(({ mean, error }) => [mean, mean - 2 * error, mean + 2 * error]),
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

/** The three figures of one factor. */
export const factorFigures = (measured: MeasuredFactor, result: BacktestResult, axes: SharedAxes): Html =>
  html`${rankIcFigure(measured, result, axes)}${groupFigure(measured, result, axes)}
  ${legFigure(measured, result, axes)}`

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
    y: { type: 'log', domain: axes.groups, axis: null },
    marks: [
      ...logAxis(axes.groups, 'net value, log scale'),
      Plot.ruleY([1]),
      ...labelledLines(lines, { domain: axes.groups, height: 290, isLog: true }),
    ],
  })
  return figureOf({
    caption:
      `${factor.set}: 1 invested in the group of the highest scores (G${groups}) became ` +
      `${ratio(ends[groups - 1], 2)}, ` +
      `of the lowest (G1) ${ratio(ends[0], 2)}, in all names ${ratio(ends[groups], 2)}; ` +
      `the ${groups} groups end ${isOrdered ? '' : 'not wholly '}in the order of their scores. ` +
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
    y: { type: 'log', domain: axes.legs, axis: null },
    marks: [
      ...logAxis(axes.legs, 'net value, log scale'),
      Plot.ruleY([1]),
      ...labelledLines(linesOf(netValues), { domain: axes.legs, height: 210, isLog: true }),
    ],
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
