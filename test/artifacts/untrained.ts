import { createArtifact, type Artifact, type ArtifactContent } from '../../models/training/artifact.ts'
import { initialParameters } from '../../models/training/initial.ts'
import { seededRandom } from '../../models/training/random.ts'
import { defaultSchedule } from '../../models/training/train.ts'
import { sha256 } from '../../src/wire/index.ts'

type Named = Pick<ArtifactContent, 'set' | 'spec' | 'columns'>

const span = (from: string, to: string) => ({ from, to, days: 20 })

/** What an artifact says of itself where a test does not care. */
export const untrainedContent = (named: Named & Partial<ArtifactContent>): ArtifactContent => ({
  catalogue: 'abc',
  sizing: 'order',
  horizon: 1,
  label: 'next day',
  labelPrice: 'close',
  train: span('2023-01-03', '2023-02-10'),
  validate: span('2023-02-14', '2023-02-20'),
  embargo: 2,
  scaling: [],
  masked: [],
  schedule: { ...defaultSchedule, seeds: [1] },
  engine: { name: 'reference', device: 'cpu', kernelBuild: 'test' },
  ...named,
})

/**
 * Networks as they are before training, one for each seed: what they say is noise, and the same noise each time, which
 * is enough wherever only the bytes of an artifact matter.
 */
export function untrainedArtifact(named: Named & Partial<ArtifactContent>, seeds: readonly number[] = [1]): Artifact {
  const content = untrainedContent({ schedule: { ...defaultSchedule, seeds: [...seeds] }, ...named })
  const members = seeds.map((seed) => ({
    seed,
    epoch: 1,
    rankIc: 0.125,
    parameters: initialParameters(content.spec, seededRandom(seed)),
  }))
  return createArtifact(content, members, sha256)
}
