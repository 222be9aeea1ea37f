import { element, svg } from './elements.ts'

export interface Line {
  readonly label: string
  /** One value per place of the axis; null breaks the line. */
  readonly values: readonly (number | null)[]
  readonly look: string
}

export interface ChartOptions {
  readonly title: string
  readonly lines: readonly Line[]
  /** Bars from the bottom, at their own scale; null = none. */
  readonly bars?: readonly (number | null)[]
  /** Places along the axis that are hatched: there was a gap. */
  readonly gaps?: readonly number[]
  /** Texts below the first and the last place. */
  readonly from: string
  readonly to: string
  /** Places that the axis has; a day in progress leaves the rest empty. */
  readonly places: number
  readonly format: (value: number) => string
}

const width = 360
const height = 96

/** A small chart with its unit in the title, the range at its side and the last value beside each label. */
export function chart(options: ChartOptions): HTMLElement {
  const { title, lines, bars, gaps = [], from, to, places, format } = options
  const x = (place: number): number => (places < 2 ? 0 : (place * width) / (places - 1))
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null))
  const low = Math.min(...values)
  const high = Math.max(...values)
  const y = (value: number): number => (high === low ? height / 2 : height - ((value - low) * height) / (high - low))
  const marks = [
    ...gaps.map((place) =>
      svg('rect', { class: 'gap', x: `${x(place)}`, y: '0', width: `${width / places}`, height: `${height}` }),
    ),
    ...barMarks(bars ?? [], x, width / places),
    ...lines.map((line) => svg('path', { class: `line ${line.look}`, d: pathOf(line.values, x, y) })),
    ...(low < 0 && high > 0 ? [svg('path', { class: 'zero', d: `M0 ${y(0)}H${width}` })] : []),
  ]
  const picture = svg(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    ...marks,
  )
  const legend = lines.map(({ label, look, values: own }) => {
    const last = own.findLast((value) => value !== null)
    return element('span', { class: `legend ${look}` }, `${label} ${typeof last === 'number' ? format(last) : '–'}`)
  })
  const range = values.length === 0 ? '' : `${format(low)} … ${format(high)}`
  return element(
    'figure',
    { class: 'chart' },
    element('figcaption', {}, element('span', {}, title), element('span', { class: 'range' }, range)),
    picture,
    element('div', { class: 'axis' }, element('span', {}, from), ...legend, element('span', {}, to)),
  )
}

function pathOf(
  values: readonly (number | null)[],
  x: (place: number) => number,
  y: (value: number) => number,
): string {
  let path = ''
  let isDown = false
  values.forEach((value, place) => {
    if (value !== null) path += `${isDown ? 'L' : 'M'}${x(place).toFixed(1)} ${y(value).toFixed(1)}`
    isDown = value !== null
  })
  return path
}

function barMarks(bars: readonly (number | null)[], x: (place: number) => number, step: number): SVGElement[] {
  const most = Math.max(0, ...bars.filter((value) => value !== null))
  if (most === 0) return []
  const path = bars
    .map((value, place) => {
      const tall = ((value ?? 0) * height) / (3 * most)
      return tall === 0 ? '' : `M${x(place).toFixed(1)} ${height}v${(-tall).toFixed(1)}`
    })
    .join('')
  return [svg('path', { class: 'volume', d: path, 'stroke-width': `${Math.max(0.5, step * 0.8).toFixed(2)}` })]
}

/** A labelled bar of a share in 0..1. */
export function shareBar(label: string, share: number | null, text: string): HTMLElement {
  const fill = svg('rect', { x: '0', y: '0', width: `${100 * Math.max(0, share ?? 0)}`, height: '10', class: 'fill' })
  const picture = svg('svg', { viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, fill)
  return element(
    'div',
    { class: 'share' },
    element('span', {}, label),
    picture,
    element('span', { class: 'number' }, text),
  )
}
