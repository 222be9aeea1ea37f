/**
 * How a network is trained. The batch is one day's section, or a random share of it: IC and attention need it whole.
 */
export interface Schedule {
  readonly seeds: readonly number[]
  readonly epochs: number
  /** Epochs without a better validation RankIC after which a seed stops. */
  readonly patience: number
  /** Epochs of each seed that are kept, the best by validation RankIC; their z-scored outputs are averaged. */
  readonly kept: number
  /** An epoch takes every k-th training day from a random first one, and validates on every k-th day. */
  readonly every: number
  /** Share of the section that a step draws, in (0, 1]. */
  readonly sectionShare: number
  /** Share of the names whose indicators a step hides, in [0, 1). */
  readonly hiddenFundamentals: number
  readonly learningRate: number
  /** Steps over which the rate rises in a line. */
  readonly warmUp: number
  readonly clipNorm: number
  /** Decay of all tensors but SA's, per unit of rate. */
  readonly decay: number
  /** Weight of the entropy of SA's weights. */
  readonly entropyBonus: number
  /** Decay of SA's tensors, which see one sample a day. */
  readonly saDecay: number
}

/** What all recipes share; one that needs otherwise says so. */
export const defaultSchedule: Schedule = {
  seeds: [0],
  epochs: 10,
  patience: 4,
  kept: 2,
  every: 1,
  sectionShare: 1,
  hiddenFundamentals: 0,
  learningRate: 1e-3,
  warmUp: 40,
  clipNorm: 1,
  decay: 0,
  entropyBonus: 0.01,
  saDecay: 1e-3,
}
