import type { Input } from '../../../schemas/day.ts'
import type { Exposures } from '../../../models/inputs/exposures.ts'
import type { Fundamentals } from '../../../models/inputs/fundamentals.ts'
import { fundamentalCount, styleNames, type Graph, type GraphName } from '../../../models/sample.ts'
import { asBytes, sha256 } from '../../wire/index.ts'

/** The records of the inputs topic, made from and turned back into what the models read. */

interface Content {
  readonly kind: string
  readonly date: string
  readonly asOf: string
  readonly instruments: readonly string[]
  readonly columns: readonly string[]
  readonly values?: Float64Array
  readonly neighbours?: Int32Array
}

function inputOf(content: Content): Input {
  const { kind, date, asOf, values = new Float64Array(0), neighbours = new Int32Array(0) } = content
  const instruments = [...content.instruments]
  const columns = [...content.columns]
  const head = JSON.stringify([kind, asOf, instruments, columns])
  const hash = sha256(head, asBytes(values), asBytes(neighbours))
  return {
    kind,
    id: `${kind}|${date}`,
    asOf,
    date,
    hash,
    count: Math.max(1, instruments.length),
    instruments,
    columns,
    values,
    neighbours,
    crc: 0,
    revision: 0,
  }
}

export const graphInput = (graph: Graph, date: string): Input =>
  inputOf({
    kind: `graph-${graph.name}`,
    date,
    asOf: graph.asOf,
    instruments: graph.instruments,
    columns: Array.from({ length: graph.k }, (_, j) => `neighbour_${j + 1}`),
    neighbours: graph.neighbours,
  })

export const graphOf = (input: Input): Graph => ({
  name: input.kind.slice('graph-'.length) as GraphName,
  asOf: input.asOf,
  instruments: input.instruments,
  k: input.columns.length,
  neighbours: input.neighbours,
})

/** Columns of the exposures record behind the ten styles: what neutralisation needs. */
const capColumns = ['float_cap', 'total_cap', 'industry'] as const

/**
 * Style exposures, caps and the industry (as a number: only who shares one matters, −1 = unknown) of every name that
 * may be scored.
 */
export function exposuresInput(exposures: Exposures, floatCap: Float64Array, date: string): Input {
  const n = exposures.instruments.length
  const industries = [...new Set(exposures.industries)].filter((industry) => industry !== '').sort()
  const values = new Float64Array((styleNames.length + capColumns.length) * n)
  values.set(exposures.values)
  values.set(floatCap, styleNames.length * n)
  values.set(exposures.cap, (styleNames.length + 1) * n)
  exposures.industries.forEach(
    (industry, i) => (values[(styleNames.length + 2) * n + i] = industries.indexOf(industry)),
  )
  return inputOf({
    kind: 'exposures',
    date,
    asOf: exposures.date,
    instruments: exposures.instruments,
    columns: [...styleNames, ...capColumns],
    values,
  })
}

/** The exposures that a record holds; industries are numbers, '' = unknown. */
export function exposuresOf({ asOf, instruments, columns, values }: Input): Exposures {
  const n = instruments.length
  const column = (name: string): Float64Array => {
    const at = columns.indexOf(name)
    return at < 0 ? new Float64Array(n).fill(Number.NaN) : values.slice(at * n, (at + 1) * n)
  }
  const styles = new Float64Array(styleNames.length * n)
  styleNames.forEach((name, style) => styles.set(column(name), style * n))
  return {
    date: asOf,
    instruments,
    industries: Array.from(column('industry'), (industry) => (industry >= 0 ? String(industry) : '')),
    cap: column('total_cap'),
    values: styles,
  }
}

/** What neutralisation reads: ln float cap and industry of the names asked for. */
export function neutralisers(
  exposures: Input,
  instruments: readonly string[],
): { lnFloatCap: Float64Array; industries: string[] } {
  const placeOf = new Map(exposures.instruments.map((symbol, i) => [symbol, i]))
  const n = exposures.instruments.length
  const at = (column: string, symbol: string): number =>
    exposures.values[exposures.columns.indexOf(column) * n + (placeOf.get(symbol) ?? Number.NaN)] ?? Number.NaN
  return {
    lnFloatCap: Float64Array.from(instruments, (symbol) => Math.log(at('float_cap', symbol))),
    industries: instruments.map((symbol) => String(at('industry', symbol))),
  }
}

export function fundamentalsInput(fundamentals: Fundamentals, date: string): Input {
  const n = fundamentals.instruments.length
  const values = new Float64Array(fundamentals.values.length)
  for (let i = 0; i < n; i++)
    for (let f = 0; f < fundamentalCount; f++) values[f * n + i] = fundamentals.values[i * fundamentalCount + f]
  const columns = Array.from({ length: fundamentalCount }, (_, f) => `f${String(f + 1).padStart(2, '0')}`)
  return inputOf({
    kind: 'fundamentals',
    date,
    asOf: fundamentals.asOf,
    instruments: fundamentals.instruments,
    columns,
    values,
  })
}

export function fundamentalsOf(input: Input): Fundamentals {
  const n = input.instruments.length
  const values = new Float64Array(input.values.length)
  for (let i = 0; i < n; i++)
    for (let f = 0; f < fundamentalCount; f++) values[i * fundamentalCount + f] = input.values[f * n + i]
  return { asOf: input.asOf, instruments: input.instruments, values }
}

/** Style returns of the market on `asOf`; `date` is the session that publishes them. */
export const stylesInput = (asOf: string, returns: Float64Array, date: string): Input => ({
  ...inputOf({ kind: 'styles', date, asOf, instruments: [], columns: styleNames, values: returns }),
  id: `styles|${asOf}`,
})
