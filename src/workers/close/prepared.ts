import { sets, type SetName } from '../../../schemas/topics.ts'
import type { Artifact } from '../../../models/training/artifact.ts'
import type { Store } from '../../ports/store.ts'
import type { ModelsFolder } from '../models-folder.ts'
import { EarlierFactors } from './composite.ts'

export type Artifacts = ReadonlyMap<SetName, Artifact>

interface Reading {
  readonly store: Store
  readonly profile: string
  readonly models: ModelsFolder | null
}

export interface Prepared {
  readonly promoted: Artifacts
  readonly earlier: EarlierFactors
}

/** What is known before the day ends is read before it does; what cannot be read then is read again at the close. */
export async function prepareClose({ models, store, profile }: Reading, date: string): Promise<Prepared> {
  const promoted = await promotedArtifacts(models).catch((): Artifacts => new Map())
  const earlier = new EarlierFactors(store, profile, date)
  for (const { manifest } of promoted.values()) earlier.of(manifest.horizon).catch(() => undefined)
  return { promoted, earlier }
}

/** Those in force, of which some may have been loaded before. */
export async function promotedArtifacts(models: ModelsFolder | null, loaded?: Artifacts): Promise<Artifacts> {
  const found = new Map<SetName, Artifact>()
  for (const set of models === null ? [] : sets) {
    const hash = (await models?.promotions(set))?.at(-1)
    const known = loaded?.get(set)
    const artifact = known?.manifest.hash === hash ? known : await models?.promoted(set)
    if (artifact !== undefined && artifact !== null) found.set(set, artifact)
  }
  return found
}
