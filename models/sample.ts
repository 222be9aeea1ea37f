/** What passes between inputs, network and training: plain typed arrays, shapes in the comments. */

export const graphNames = ['industry', 'financial', 'flow'] as const
export type GraphName = (typeof graphNames)[number]

/** The ten style returns in the order of SA's input; domain.md §7. */
export const styleNames = [
  'size',
  'beta',
  'momentum',
  'residual_volatility',
  'non_linear_size',
  'book_to_price',
  'liquidity',
  'earnings_yield',
  'growth',
  'leverage',
] as const

/** Days of style returns that SA reads. */
export const styleDays = 20
/** Indicators of the financial head, domain.md §5. */
export const fundamentalCount = 36

/** Directed neighbour lists of one graph: `neighbours[i * k + j]` is an index into the section, -1 = none. */
export interface Graph {
  readonly name: GraphName
  readonly asOf: string
  /** Symbols that the indices of `neighbours` count, sorted. */
  readonly instruments: readonly string[]
  readonly k: number
  readonly neighbours: Int32Array
}

/** Stored values of one set over dates and names, as the store or the panels topic gives them. NaN = no value. */
export interface FeaturePanel {
  readonly set: string
  /** Trading dates, ascending. */
  readonly dates: readonly string[]
  /** Symbols, sorted. */
  readonly instruments: readonly string[]
  /** Catalogue ids. */
  readonly columns: readonly string[]
  /** [dates][columns][instruments] */
  readonly values: Float64Array
  /** PV only, [dates][instruments]: price x factor is comparable across days; without them prices are as they stand. */
  readonly factors?: Float64Array
}

/** The cross-section of one day as the network reads it. */
export interface DaySample {
  readonly date: string
  /** Symbols of the section, sorted; n of them. */
  readonly instruments: readonly string[]
  readonly n: number
  readonly lookback: number
  readonly features: number
  /** [lookback][n][features], scaled; a missing value is 0 here and 0 in the mask. */
  readonly x: Float32Array
  /** [lookback][n]: 1 where the name traded on that day. */
  readonly mask: Float32Array
  /** [n][36] percentile ranks, z-scored; missing 0. Empty where the set has none. */
  readonly fundamentals: Float32Array
  /** [graph][n * k] over the section's own indices, -1 = none; a graph that does not exist is null. */
  readonly graphs: Readonly<Record<GraphName, Int32Array | null>>
  readonly k: number
  /** [20][10] style returns, oldest first, each over its trailing deviation; a masked style is 0. */
  readonly styles: Float32Array
  /** [n] label, scaled over the section; NaN = no label. Empty when the day is only scored. */
  readonly label: Float32Array
}
