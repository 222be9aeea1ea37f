import type { LabelPrice } from '../../models/training/artifact.ts'
import type { Family } from '../../models/network/spec.ts'
import type { KeepSchedule } from './train-and-keep.ts'

/** All that a training is told beside its set, its spans and its data. */
export interface Recipe extends KeepSchedule {
  readonly family: Family
  readonly lookback: number
  readonly hidden: number
  /** Days the label looks ahead. */
  readonly horizon: number
  readonly labelPrice: LabelPrice
}

/** Names from which on a market is a full one: fewer tell too little in one day for the recipe of the real years. */
export const fullMarketNames = 500

export const recipes = {
  /** A small or simulated market of some weeks; ARCHITECTURE.md has what it was measured to give. */
  small: {
    family: 'gru+gat_sa+fin',
    lookback: 10,
    hidden: 16,
    horizon: 1,
    labelPrice: 'vwap',
    epochs: 20,
    patience: 6,
    warmUp: 20,
    sectionShare: 1,
    hiddenFundamentals: 0.5,
    decay: 0.3,
    seeds: 1,
    seed: 0,
    learningRate: 1e-2,
  },
  /** Two years or more of a full market; models/MODEL_CARD.md has what it gave on years that it had not seen. */
  full: {
    family: 'gru+gat',
    lookback: 40,
    hidden: 64,
    horizon: 10,
    labelPrice: 'close',
    epochs: 10,
    patience: 4,
    warmUp: 40,
    every: 5,
    sectionShare: 0.5,
    seeds: 3,
    seed: 0,
    learningRate: 1e-3,
  },
} as const satisfies Record<string, Recipe>

export type RecipeName = keyof typeof recipes
