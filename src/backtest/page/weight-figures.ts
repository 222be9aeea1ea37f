import * as Plot from '@observablehq/plot'
import type { BacktestResult, MeasuredFactor } from '../result.ts'
import type { WeightSeries } from '../score-factors.ts'
import { dayOf, drawn, strokes } from './chart.ts'
import { figureOf } from './figure.ts'
import { html, type Html } from './html.ts'
import { percent, ratio } from './numbers.ts'

/** Parts of ML_C's weights, by the words their series begin with. */
const parts = [
  ['state-adaptive ', 'state-adaptive weights'],
  ['long-only ', 'long-only-return weights'],
  ['', 'weights'],
] as const

/** Weights over time: of the graphs in a set's network, of the sets in ML_C. */
export function weightFigures(result: BacktestResult): Html {
  const figures = result.factors.flatMap((measured) => {
    const { weights } = measured.factor
    const kinds = parts.map(([prefix, title]) => ({
      title,
      series: weights
        .filter(({ name }) => partOf(name) === prefix)
        .map(({ name, daily }) => ({ name: name.slice(prefix.length), daily })),
    }))
    return kinds
      .filter(({ series }) => series.length > 1)
      .reverse()
      .map(({ title, series }) => weightFigure(measured, result, title, series))
  })
  return html`${figures}`
}

const partOf = (name: string): string => parts.find(([prefix]) => name.startsWith(prefix))?.[0] ?? ''

function weightFigure(
  { factor }: MeasuredFactor,
  { prices }: BacktestResult,
  title: string,
  series: readonly WeightSeries[],
): Html {
  const { dates } = prices
  const kept = [...dates.keys()].filter((day) => series.some(({ daily }) => Number.isFinite(daily[day])))
  const points = kept.flatMap((day) => {
    let below = 0
    return series.map(({ name, daily }) => {
      const weight = Number.isFinite(daily[day]) ? daily[day] : 0
      below += weight
      return { name, x: dayOf(dates[day]), y1: below - weight, y2: below }
    })
  })
  const lastDay = points.slice(-series.length)
  const fills = series.map(({ name }, s) => ({
    name,
    fill: strokes[s % strokes.length].stroke,
    opacity: 0.35 + 0.1 * (s % 3),
  }))
  const labels = lastDay.filter(({ y1, y2 }) => y2 - y1 > 0.04).map((end) => ({ ...end, y: (end.y1 + end.y2) / 2 }))
  const drawing = drawn(`${factor.set} ${title}`, {
    height: 180,
    marginRight: 80,
    x: { label: null, type: 'utc' },
    y: { label: 'weight', domain: [0, 1], ticks: 5 },
    marks: [
      ...fills.map(({ name, fill, opacity }) =>
        Plot.areaY(
          points.filter((point) => point.name === name),
          { x: 'x', y1: 'y1', y2: 'y2', fill, fillOpacity: opacity, stroke: fill, curve: 'step' },
        ),
      ),
      Plot.text(labels, { x: 'x', y: 'y', text: 'name', textAnchor: 'start', dx: 5 }),
    ],
  })
  const means = series.map(({ name, daily }) => {
    const known = kept.map((day) => daily[day]).filter((value) => Number.isFinite(value))
    return `${name} ${percent(known.reduce((sum, value) => sum + value, 0) / known.length, 0)}`
  })
  return figureOf({
    caption: `${factor.set}, ${title}: on average ${means.join(', ')}. Unit: share of 1.`,
    drawing,
    columns: [
      { name: 'date', values: kept.map((day) => dates[day]) },
      ...series.map(({ name, daily }) => ({
        name,
        values: kept.map((day) => daily[day]),
        print: (value: number) => ratio(value, 3),
      })),
    ],
    file: `${factor.set}-${title.replaceAll(' ', '-')}`,
  })
}
