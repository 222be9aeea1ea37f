import { fundamentalCount, graphNames, styleDays, styleNames } from '../sample.ts'

/** What the network is made of: its family, its sizes, and where each tensor lies among the flat parameters. */

export const families = ['gru', 'gru+gat', 'gru+gat_sa', 'gru+gat_sa+fin'] as const
export type Family = (typeof families)[number]

export interface NetworkSpec {
  readonly family: Family
  /** F: columns of the set. */
  readonly features: number
  /** T: days in the window. */
  readonly lookback: number
  /** H: width of the state; a multiple of `heads`. */
  readonly hidden: number
  readonly heads: number
  /** Width of SA's hidden layer. */
  readonly saHidden: number
  /** Width of the embedding of the 36 indicators. */
  readonly finHidden: number
  /** Width of the hidden layer of the financial head. */
  readonly headHidden: number
  /** Slope of LeakyReLU in the attention score. */
  readonly slope: number
  /** Graphs are replaced by self loops: what is left when neighbours tell nothing. */
  readonly selfLoopsOnly: boolean
}

/** Widths of the published description: SA 200 -> 32 -> 3, indicators 36 -> 16, head -> 32 -> 1, slope 0.2. */
export const networkSpec = (
  sizes: Pick<NetworkSpec, 'family' | 'features' | 'lookback' | 'hidden'> & Partial<NetworkSpec>,
): NetworkSpec => ({
  heads: 4,
  saHidden: 32,
  finHidden: 16,
  headHidden: 32,
  slope: 0.2,
  selfLoopsOnly: false,
  ...sizes,
})

export interface ParameterSlot {
  readonly name: string
  readonly shape: readonly number[]
  /** First element among the flat parameters. */
  readonly offset: number
  readonly size: number
}

export const hasGraphs = (family: Family): boolean => family !== 'gru'
export const hasSa = (family: Family): boolean => family === 'gru+gat_sa' || family === 'gru+gat_sa+fin'
export const hasFundamentals = (family: Family): boolean => family === 'gru+gat_sa+fin'

const shapesOf = (spec: NetworkSpec): [string, number[]][] => {
  const { family, features, hidden, heads, saHidden, finHidden, headHidden } = spec
  const shapes: [string, number[]][] = [
    ['gru.weight_ih', [3 * hidden, features]],
    ['gru.weight_hh', [3 * hidden, hidden]],
    ['gru.bias_ih', [3 * hidden]],
    ['gru.bias_hh', [3 * hidden]],
  ]
  if (hasGraphs(family)) {
    for (const graph of graphNames) {
      shapes.push([`gat.${graph}.weight`, [hidden, hidden]])
      shapes.push([`gat.${graph}.left`, [heads, hidden / heads]])
      shapes.push([`gat.${graph}.right`, [heads, hidden / heads]])
    }
  }
  if (hasSa(family)) {
    shapes.push(['sa.0.weight', [saHidden, styleDays * styleNames.length]], ['sa.0.bias', [saHidden]])
    shapes.push(['sa.1.weight', [graphNames.length, saHidden]], ['sa.1.bias', [graphNames.length]])
  }
  const embedding = hasGraphs(family) ? 2 * hidden : hidden
  if (hasFundamentals(family)) {
    shapes.push(['fin.weight', [finHidden, fundamentalCount]], ['fin.bias', [finHidden]])
    shapes.push(['head.0.weight', [headHidden, embedding + finHidden]], ['head.0.bias', [headHidden]])
    shapes.push(['head.1.weight', [1, headHidden]], ['head.1.bias', [1]])
  } else {
    shapes.push(['head.weight', [1, embedding]], ['head.bias', [1]])
  }
  return shapes
}

/** The tensors of a network in the order in which they lie among its flat parameters. */
export const parameterSlots = (spec: NetworkSpec): ParameterSlot[] => {
  let offset = 0
  return shapesOf(spec).map(([name, shape]) => {
    const size = shape.reduce((product, extent) => product * extent, 1)
    const slot = { name, shape, offset, size }
    offset += size
    return slot
  })
}

export const parameterCount = (spec: NetworkSpec): number =>
  parameterSlots(spec).reduce((count, slot) => count + slot.size, 0)
