import type { DaySample } from '../../models/sample.ts'
import { permutation, type Random } from '../../models/training/random.ts'

/** Labels change places among the names that have one. */
export function shuffledLabels(sample: DaySample, random: Random): DaySample {
  const places = [...sample.label.keys()].filter((i) => !Number.isNaN(sample.label[i]))
  const label = sample.label.slice()
  permutation(places.length, random).forEach((from, to) => {
    label[places[to] as number] = sample.label[places[from] as number] as number
  })
  return { ...sample, label }
}
