import { fundamentalCount, type DaySample } from '../sample.ts'
import type { Random } from './random.ts'

/**
 * A sample in which the indicators of a random share of the names are hidden, as those of a name that reports nothing.
 * Indicators stand still for a quarter and so name their company: a head that always sees them learns what each name
 * earned in the training days by heart.
 * @param share in [0, 1); 0 gives the sample itself and draws nothing
 */
export const hideFundamentals = (sample: DaySample, share: number, random: Random): DaySample => {
  if (share <= 0 || sample.fundamentals.length === 0) return sample
  const fundamentals = sample.fundamentals.slice()
  for (let i = 0; i < sample.n; i++) {
    if (random() < share) fundamentals.fill(0, i * fundamentalCount, (i + 1) * fundamentalCount)
  }
  return { ...sample, fundamentals }
}
