import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { escaped, markup, type Html } from './html.ts'
import { ratio } from './numbers.ts'

/** Where the library draws: a document without a browser. */
const { document } = parseHTML('<html><body></body></html>')

export const chartWidth = 920

/** A drawing as static SVG in the colours of the page, so that it reads by day and by night and on paper. */
export function drawn(title: string, options: Plot.PlotOptions): Html {
  const plot = Plot.plot({
    document: document as unknown as NonNullable<Plot.PlotOptions['document']>,
    width: chartWidth,
    marginLeft: 52,
    marginRight: 64,
    style: { fontSize: '11px', background: 'none' },
    ...options,
  })
  // The library's own style element names a class of each drawing; the page has one rule for all.
  // Its labels of single marks say less than the title, and a drawing is one image to whoever cannot see it.
  const svg = plot.outerHTML.replace(/<style>[^<]*<\/style>/g, '').replace(/ aria-[a-z]+="[^"]*"/g, '')
  return markup(shortened(svg).replace('<svg', `<svg role="img" aria-label="${escaped(title)}"`))
}

/** A tenth of a pixel is not seen, and fifteen digits of it are most of a drawing; what is written stays as it is. */
const shortened = (svg: string): string =>
  svg.replace(/="[^"]*"/g, (attribute) =>
    attribute.replace(/-?\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1)))),
  )

/** Series of the figures: told apart by dashes as well as by colour. */
export const strokes = [
  { stroke: 'var(--s1)', strokeDasharray: 'none' },
  { stroke: 'var(--s2)', strokeDasharray: '6 3' },
  { stroke: 'var(--s3)', strokeDasharray: '2 2' },
  { stroke: 'var(--s4)', strokeDasharray: '8 3 2 3' },
  { stroke: 'var(--s5)', strokeDasharray: '1 3' },
  { stroke: 'var(--s6)', strokeDasharray: '12 3' },
] as const

export interface Line {
  readonly name: string
  readonly points: readonly { readonly x: Date | number; readonly y: number }[]
  readonly stroke: string
  readonly strokeDasharray: string
  readonly strokeWidth?: number
}

/** Lines with their names at their ends, moved apart where they would lie on each other. */
export function labelledLines(lines: readonly Line[], scale: EndScale): Plot.Markish[] {
  const ends = lines.flatMap(({ name, points, stroke }) => {
    const last = points.findLast(({ y }) => Number.isFinite(y))
    return last === undefined ? [] : [{ name, stroke, x: last.x, y: last.y, at: last.y }]
  })
  spreadEnds(ends, scale)
  return [
    ...lines.map(({ points, stroke, strokeDasharray, strokeWidth = 1.5 }) =>
      Plot.line(points, { x: 'x', y: 'y', stroke, strokeDasharray, strokeWidth }),
    ),
    Plot.text(ends, { x: 'x', y: 'at', text: 'name', fill: 'stroke', textAnchor: 'start', dx: 5 }),
  ]
}

/** What the vertical axis of a drawing shows. */
export interface EndScale {
  readonly domain: readonly [low: number, high: number]
  readonly height: number
  readonly isLog?: boolean
}

const labelHeight = 11

/** Round values that a logarithmic axis may name. */
const roundValues = [
  0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.75, 2, 2.5, 3, 4, 5, 7, 10, 15, 20, 30, 50,
  100,
]

/** Grid and names of a logarithmic axis: the library's own leave names out. */
export function logAxis(domain: readonly [number, number], label: string): Plot.Markish[] {
  const ticks = logTicks(domain)
  return [Plot.gridY(ticks), Plot.axisY(ticks, { label, text: (value: number) => ratio(value, 2) })]
}

/** Round values within a domain, at most about eight of them. */
function logTicks([low, high]: readonly [number, number]): number[] {
  const inside = roundValues.filter((value) => value >= low * 0.999 && value <= high * 1.001)
  const step = Math.ceil(inside.length / 8)
  const one = Math.max(0, inside.indexOf(1))
  return inside.filter((_, place) => (place - one) % step === 0)
}

/** Puts labels from the lowest up at least a line apart. */
function spreadEnds(ends: { at: number }[], { domain, height, isLog = false }: EndScale): void {
  const to = (value: number): number => (isLog ? Math.log(value) : value)
  const from = (value: number): number => (isLog ? Math.exp(value) : value)
  const gap = ((to(domain[1]) - to(domain[0])) / height) * labelHeight
  const sorted = ends.sort((a, b) => a.at - b.at)
  for (let i = 1; i < sorted.length; i++) {
    sorted[i].at = from(Math.max(to(sorted[i].at), to(sorted[i - 1].at) + gap))
  }
}

/** Lowest and highest finite value, with some room. */
export function domainOf(values: Iterable<number>, include: readonly number[] = []): [number, number] {
  let [low, high] = [Math.min(...include, Infinity), Math.max(...include, -Infinity)]
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (!(low <= high)) return [0, 1]
  return low === high ? [low - 1, high + 1] : [low, high]
}

export const dayOf = (date: string): Date => new Date(`${date}T00:00:00Z`)
