import { ClosebellError } from '../../schemas/errors.ts'
import type { SetName } from '../../schemas/topics.ts'
import type { Family } from '../../models/network/spec.ts'
import type { Artifact, ArtifactManifest } from '../../models/training/artifact.ts'
import type { ModelsFolder } from '../workers/models-folder.ts'

export interface Wanted {
  readonly set: SetName
  /** Absent: whichever is promoted, or newest. */
  readonly family?: Family
  readonly from: string
  readonly to: string
  readonly horizon: number
  /** Days that an artifact was fitted or chosen on may be scored. */
  readonly inSample: boolean
}

/**
 * The artifact that scores a span: the promoted one when it is of the family, else the one whose validation ends last.
 * @throws ClosebellError CB_ABSENT without one, CB_USAGE when the span lies in its own training or validation
 */
export async function chooseArtifact(models: ModelsFolder, wanted: Wanted): Promise<Artifact> {
  const { set, family, horizon } = wanted
  const isWanted = ({ manifest }: Artifact): boolean =>
    (family === undefined || manifest.spec.family === family) && manifest.horizon === horizon
  const promoted = await models.promoted(set)
  const chosen = promoted !== null && isWanted(promoted) ? promoted : await newest(models, set, isWanted)
  if (chosen === null) {
    const what = family === undefined ? 'artifact' : `${family} artifact`
    throw new ClosebellError('CB_ABSENT', `no ${what} of ${set} with horizon ${horizon} among the models`, {
      remedy: 'Run closebell train, or name another --family, --horizon or --models.',
    })
  }
  if (!wanted.inSample) refuseOwnDays(chosen.manifest, wanted)
  return chosen
}

async function newest(
  models: ModelsFolder,
  set: SetName,
  isWanted: (artifact: Artifact) => boolean,
): Promise<Artifact | null> {
  let best: Artifact | null = null
  for (const hash of await models.list(set)) {
    const artifact = await models.load(set, hash)
    if (!isWanted(artifact)) continue
    if (best === null || artifact.manifest.validate.to > best.manifest.validate.to) best = artifact
  }
  return best
}

/** A model has seen the outcomes of its own spans, and the days between them are its embargo. */
function refuseOwnDays({ set, hash, train, validate }: ArtifactManifest, { from, to }: Wanted): void {
  if (to < train.from || from > validate.to) return
  throw new ClosebellError(
    'CB_USAGE',
    `${set} ${hash.slice(0, 12)} was trained and validated on ${train.from} to ${validate.to}, ` +
      `which ${from} to ${to} touches`,
    { remedy: 'Choose later days, or pass --in-sample to have them flagged.' },
  )
}
