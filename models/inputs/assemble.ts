import { ClosebellError } from '../../schemas/errors.ts'
import { fundamentalCount, graphNames, type DaySample, type Graph, type GraphName } from '../sample.ts'
import { scaleFundamentals, type Fundamentals } from './fundamentals.ts'
import { dateIndex, placesOf } from './panel.ts'
import type { StyleWindow } from './style-window.ts'
import type { Scaler } from './window.ts'

export interface SampleInputs {
  readonly date: string
  /** Days of the window, the date's included. */
  readonly lookback: number
  readonly scaler: Scaler
  /** Names to score, sorted. */
  readonly section: readonly string[]
  /** Each as of the date or an earlier one; one that is absent or null does not exist for the network. */
  readonly graphs: Readonly<Partial<Record<GraphName, Graph | null>>>
  /** Raw indicators as of the date or an earlier one, for sets whose head reads them. */
  readonly fundamentals?: Fundamentals
  readonly styles: StyleWindow
  /** [n] target in the order of the section, scaled; NaN = no label. Absent when the day is only scored. */
  readonly label?: Float32Array
}

/**
 * The sample of one set and date. A name of a graph that is not in the section is dropped from the lists of its
 * neighbours, the others move up. Nothing later than the date is read.
 * @throws CB_NO_HISTORY when the window is not whole, CB_ENGINE_INPUT when the parts do not fit together
 */
export function assembleSample(inputs: SampleInputs): DaySample {
  const { scaler, section, date, lookback } = inputs
  const n = section.length
  const places = placesOf(section, scaler.panel.instruments)
  const absent = section.filter((_, i) => places[i] < 0)
  if (absent.length > 0) {
    throw new ClosebellError('CB_ENGINE_INPUT', `${absent.length} of ${n} names are not in the panel, as ${absent[0]}`)
  }
  if (inputs.label !== undefined && inputs.label.length !== n) {
    throw new ClosebellError('CB_ENGINE_INPUT', `${inputs.label.length} labels for ${n} names`)
  }
  const { x, mask } = scaler.window(dateIndex(scaler.panel, date), lookback, places)
  const known = graphNames.flatMap((name) => inputs.graphs[name] ?? [])
  for (const graph of known) checkAsOf(`graph ${graph.name}`, graph.asOf, date)
  const k = known.reduce((widest, graph) => Math.max(widest, graph.k), 0)
  return {
    date,
    instruments: section,
    n,
    lookback,
    features: scaler.columns.length,
    x,
    mask,
    fundamentals: sectionFundamentals(inputs.fundamentals, section, date),
    graphs: {
      industry: sectionGraph(inputs.graphs.industry, section, k),
      financial: sectionGraph(inputs.graphs.financial, section, k),
      flow: sectionGraph(inputs.graphs.flow, section, k),
    },
    k,
    styles: inputs.styles.values,
    label: inputs.label ?? new Float32Array(0),
  }
}

/** Neighbour lists over the section's own indices, k wide, -1 at the end. */
function sectionGraph(graph: Graph | null | undefined, section: readonly string[], k: number): Int32Array | null {
  if (graph === null || graph === undefined) return null
  const rows = placesOf(section, graph.instruments)
  const places = placesOf(graph.instruments, section)
  const lists = new Int32Array(section.length * k).fill(-1)
  for (let i = 0; i < section.length; i++) {
    let slot = i * k
    for (let at = 0; rows[i] >= 0 && at < graph.k; at++) {
      const neighbour = graph.neighbours[rows[i] * graph.k + at]
      if (neighbour >= 0 && places[neighbour] >= 0) lists[slot++] = places[neighbour]
    }
  }
  return lists
}

/** Ranked anew over the section, so that names outside of it do not count. */
function sectionFundamentals(known: Fundamentals | undefined, section: readonly string[], date: string): Float32Array {
  if (known === undefined) return new Float32Array(0)
  checkAsOf('fundamentals', known.asOf, date)
  const values = new Float64Array(section.length * fundamentalCount).fill(NaN)
  placesOf(section, known.instruments).forEach((place, i) => {
    if (place < 0) return
    values.set(known.values.subarray(place * fundamentalCount, (place + 1) * fundamentalCount), i * fundamentalCount)
  })
  return scaleFundamentals(values)
}

function checkAsOf(what: string, asOf: string, date: string): void {
  if (asOf > date) throw new ClosebellError('CB_ENGINE_INPUT', `${what} is as of ${asOf}, later than ${date}`)
}
