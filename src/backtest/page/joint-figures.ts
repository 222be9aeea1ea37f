import * as Plot from '@observablehq/plot'
import type { BacktestResult, MeasuredFactor } from '../result.ts'
import { dayOf, domainOf, drawn, labelledLines, strokes, type Line } from './chart.ts'
import { figureOf } from './figure.ts'
import { html, type Html } from './html.ts'
import { count, percent, ratio } from './numbers.ts'

/** Figures that show all factors at once. */
export const jointFigures = (result: BacktestResult): Html =>
  html`${decayFigure(result)}${turnoverFigure(result)}${coverageFigure(result)}
  ${result.factors.length > 1 ? correlationFigure(result) : ''}`

const strokeOf = (place: number) => strokes[place % strokes.length]

export function decayFigure({ factors, horizon }: BacktestResult): Html {
  const points = factors.flatMap(({ factor, raw }, place) =>
    raw.decay.map(({ horizon: days, test }) => ({
      set: factor.set,
      days,
      mean: test.mean,
      low: test.mean - 2 * test.standardError,
      high: test.mean + 2 * test.standardError,
      error: test.standardError,
      stroke: strokeOf(place).stroke,
      shift: 5 * (place - (factors.length - 1) / 2),
    })),
  )
  const lines = factors.map(({ factor, raw }, place): Line => ({
    name: factor.set,
    points: raw.decay.map(({ horizon: days, test }) => ({ x: days, y: test.mean })),
    ...strokeOf(place),
  }))
  const domain = domainOf(
    points.flatMap(({ low, high }) => [low, high]),
    [0],
  )
  const horizons = [...new Set(points.map(({ days }) => days))]
  const drawing = drawn('RankIC by days ahead', {
    height: 240,
    x: { label: 'days ahead', type: 'log', ticks: horizons, tickFormat: String, domain: domainOf(horizons) },
    y: { label: 'RankIC', grid: true, domain, nice: true },
    marks: [
      Plot.ruleY([0]),
      ...points
        .filter(({ error }) => Number.isFinite(error))
        .map(({ days, low, high, stroke, shift }) =>
          Plot.ruleX([{ days, low, high }], { x: 'days', y1: 'low', y2: 'high', stroke, dx: shift }),
        ),
      Plot.dot(points, { x: 'days', y: 'mean', fill: 'stroke', r: 2.5 }),
      ...labelledLines(lines, { domain, height: 190 }),
    ],
  })
  const first = factors.map(({ factor, raw }) => {
    const best = raw.decay.reduce((a, b) => (b.test.mean > a.test.mean ? b : a))
    return `${factor.set} is strongest at ${best.horizon} days (${ratio(best.test.mean, 3)})`
  })
  return figureOf({
    caption:
      `Decay: ${first.join('; ')}. Models were trained for ${horizon} days. Whiskers ±2 standard errors ` +
      '(Newey-West, lag = days ahead − 1). Unit: rank correlation.',
    drawing,
    columns: [
      { name: 'factor', values: points.map(({ set }) => set) },
      { name: 'days', values: points.map(({ days }) => days) },
      { name: 'rank_ic', values: points.map(({ mean }) => mean), print: (value) => ratio(value, 4) },
      { name: 'standard_error', values: points.map(({ error }) => error), print: (value) => ratio(value, 4) },
    ],
    file: 'decay',
  })
}

export function turnoverFigure({ factors, prices, horizon }: BacktestResult): Html {
  const kept = daysWith(
    prices.dates,
    factors.map(({ raw }) => raw.turnoverDaily),
  )
  const lines = factors.map(({ factor, raw }, place): Line => ({
    name: factor.set,
    points: pointsOf(prices.dates, raw.turnoverDaily),
    ...strokeOf(place),
  }))
  const drawing = drawn('One-way turnover of the top group', {
    height: 180,
    x: { label: null, type: 'utc' },
    y: { label: 'one-way turnover', grid: true, domain: [0, 1], tickFormat: '.0%', ticks: 5 },
    marks: [Plot.ruleY([0]), ...labelledLines(lines, { domain: [0, 1], height: 130 })],
  })
  const means = factors.map(
    ({ factor, raw }) =>
      `${factor.set} ${percent(raw.turnover, 0)}, its ranks correlating ${ratio(raw.autocorrelation, 2)} ` +
      `with those ${horizon} days on`,
  )
  return figureOf({
    caption: `Turnover of the top group at a rebalance, every ${horizon} days: ${means.join('; ')}. Unit: %, one way.`,
    drawing,
    columns: [
      { name: 'date', values: kept.map((day) => prices.dates[day]) },
      ...factors.map(({ factor, raw }) => ({
        name: factor.set,
        values: kept.map((day) => raw.turnoverDaily[day]),
        print: (value: number) => percent(value),
      })),
    ],
    file: 'turnover',
  })
}

export function coverageFigure({ factors, prices }: BacktestResult): Html {
  const series = factors.map(({ raw }) => raw.names)
  const kept = daysWith(prices.dates, series)
  const lines = factors.map(({ factor, raw }, place): Line => ({
    name: factor.set,
    points: pointsOf(prices.dates, raw.names),
    ...strokeOf(place),
  }))
  const universe = universeOf(factors, prices.dates.length)
  lines.push({
    name: 'could be',
    points: pointsOf(prices.dates, universe),
    stroke: 'currentColor',
    strokeDasharray: '1 3',
  })
  const domain = domainOf([...universe], [0])
  const drawing = drawn('Names scored a day', {
    height: 180,
    x: { label: null, type: 'utc' },
    y: { label: 'names', grid: true, domain, tickFormat: (value: number) => count(value), nice: true, ticks: 5 },
    marks: [Plot.ruleY([0]), ...labelledLines(lines, { domain, height: 130 })],
  })
  const lowest = factors.map(({ factor, raw }) => {
    const names = kept.map((day) => raw.names[day]).filter((value) => value > 0)
    return `${factor.set} ${count(Math.min(...names))} to ${count(Math.max(...names))}`
  })
  return figureOf({
    caption: `Coverage: names scored a day, ${lowest.join('; ')}. Unit: names.`,
    drawing,
    columns: [
      { name: 'date', values: kept.map((day) => prices.dates[day]) },
      ...factors.map(({ factor, raw }) => ({
        name: factor.set,
        values: kept.map((day) => raw.names[day]),
        print: count,
      })),
      { name: 'could_be', values: kept.map((day) => universe[day]), print: count },
    ],
    file: 'coverage',
  })
}

function correlationFigure({ factors, correlation }: BacktestResult): Html {
  const names = factors.map(({ factor }) => factor.set)
  const cells = names.flatMap((a, i) => names.map((b, j) => ({ a, b, value: correlation[i][j] })))
  const drawing = drawn('Correlation of the factors', {
    height: 60 + 42 * names.length,
    width: 90 + 70 * names.length,
    marginLeft: 60,
    marginRight: 20,
    x: { label: null, domain: names, axis: 'top' },
    y: { label: null, domain: names },
    marks: [
      Plot.cell(cells, {
        x: 'b',
        y: 'a',
        fill: 'var(--s1)',
        fillOpacity: ({ value }: { value: number }) => (Number.isFinite(value) ? 0.75 * Math.abs(value) : 0),
        inset: 1,
      }),
      Plot.text(cells, {
        x: 'b',
        y: 'a',
        text: ({ value }: { value: number }) => ratio(value, 2),
        fill: 'currentColor',
      }),
    ],
  })
  const pairs = cells.filter(({ a, b, value }) => names.indexOf(a) < names.indexOf(b) && Number.isFinite(value))
  const highest = pairs.reduce((most, pair) => (pair.value > most.value ? pair : most), pairs[0])
  return figureOf({
    caption:
      (highest === undefined
        ? 'No two factors share enough names. '
        : `${highest.a} and ${highest.b} are most alike (${ratio(highest.value, 2)}). `) +
      'Rank correlation of the raw scores, mean over the days. Unit: correlation.',
    drawing,
    columns: [
      { name: 'factor', values: names },
      ...names.map((name, j) => ({
        name,
        values: names.map((_, i) => correlation[i][j]),
        print: (value: number) => ratio(value, 2),
      })),
    ],
    file: 'correlation',
  })
}

const daysWith = (dates: readonly string[], series: readonly Float64Array[]): number[] =>
  [...dates.keys()].filter((day) => series.some((one) => Number.isFinite(one[day])))

const pointsOf = (dates: readonly string[], series: Float64Array): Line['points'] =>
  [...series].flatMap((y, day) => (Number.isFinite(y) ? [{ x: dayOf(dates[day]), y }] : []))

/** The widest universe that any of the factors had on a day. */
function universeOf(factors: readonly MeasuredFactor[], days: number): Float64Array {
  return Float64Array.from({ length: days }, (_, day) => {
    const known = factors.map(({ factor }) => factor.universe[day]).filter((value) => Number.isFinite(value))
    return known.length === 0 ? NaN : Math.max(...known)
  })
}
