import { fundamentalCount, graphNames, type DaySample, type GraphName } from '../sample.ts'
import { permutation, type Random } from './random.ts'

/**
 * A random share of a section, in the order of the section: what one step of training sees of a full market, at
 * half of the cost, and never the same neighbours twice. A neighbour that was not drawn is masked in its slot.
 * Scaling stays that of the whole section.
 * @param share in (0, 1]; 1 gives the sample itself
 */
export const partOfSection = (sample: DaySample, share: number, random: Random): DaySample => {
  if (share >= 1) return sample
  const drawn = permutation(sample.n, random).subarray(0, Math.max(1, Math.round(sample.n * share)))
  const places = drawn.slice().sort()
  const placeOf = new Int32Array(sample.n).fill(-1)
  places.forEach((place, i) => (placeOf[place] = i))
  const graph = (name: GraphName): Int32Array | null => graphPart(sample.graphs[name], sample.k, places, placeOf)
  return {
    ...sample,
    instruments: Array.from(places, (place) => sample.instruments[place]),
    n: places.length,
    x: rowsOfSteps(sample.x, sample, places, sample.features),
    mask: rowsOfSteps(sample.mask, sample, places, 1),
    fundamentals: sample.fundamentals.length === 0 ? sample.fundamentals : rows(sample.fundamentals, places),
    graphs: Object.fromEntries(graphNames.map((name) => [name, graph(name)])) as DaySample['graphs'],
    label: Float32Array.from(places, (place) => sample.label[place]),
  }
}

/** Chosen names of [lookback][n][width]. */
const rowsOfSteps = (values: Float32Array, sample: DaySample, places: Int32Array, width: number): Float32Array => {
  const part = new Float32Array(sample.lookback * places.length * width)
  let at = 0
  for (let step = 0; step < sample.lookback; step++) {
    for (const place of places) {
      const from = (step * sample.n + place) * width
      for (let c = 0; c < width; c++) part[at++] = values[from + c]
    }
  }
  return part
}

const rows = (values: Float32Array, places: Int32Array): Float32Array => {
  const part = new Float32Array(places.length * fundamentalCount)
  places.forEach((place, i) => {
    part.set(values.subarray(place * fundamentalCount, (place + 1) * fundamentalCount), i * fundamentalCount)
  })
  return part
}

const graphPart = (
  neighbours: Int32Array | null,
  k: number,
  places: Int32Array,
  placeOf: Int32Array,
): Int32Array | null => {
  if (neighbours === null) return null
  const part = new Int32Array(places.length * k)
  let at = 0
  for (const place of places) {
    for (let slot = 0; slot < k; slot++) {
      const neighbour = neighbours[place * k + slot]
      part[at++] = neighbour < 0 ? -1 : placeOf[neighbour]
    }
  }
  return part
}
