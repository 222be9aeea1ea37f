import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { ClosebellError } from '../../schemas/errors.ts'
import type { SetName } from '../../schemas/topics.ts'
import type { StateWeightModel } from '../../models/composite/state-weights.ts'
import { decodeArtifact, encodeArtifact, type Artifact } from '../../models/training/artifact.ts'
import { sha256 } from '../wire/index.ts'

/** SA weights of the composite, with the artifacts that they were trained over. */
export interface CompositeModel {
  /** Hash of the promoted artifact of each set, in the order of the model's sets. */
  readonly artifacts: Readonly<Record<string, string>>
  readonly horizon: number
  readonly model: StateWeightModel
}

const hashForm = /^[0-9a-f]{64}$/
const hash = z.string().regex(hashForm)
const promotionsShape = z.array(hash)
const compositeShape: z.ZodType<CompositeModel> = z.object({
  artifacts: z.record(z.string(), hash),
  horizon: z.int().positive(),
  model: z.object({
    sets: z.array(z.string()).max(16),
    hidden: z.int().positive().max(4096),
    parameters: z.array(z.number()),
    days: z.int().nonnegative(),
  }),
})

/**
 * A folder of artifacts: `<set>/<hash>/manifest.json` and `weights.f32`, `<set>/promoted.json` with the history of
 * promotions (the last is in force), `ML_C/state-weights.json`.
 */
export class ModelsFolder {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  async save(artifact: Artifact): Promise<string> {
    const { set, hash } = artifact.manifest
    const folder = join(this.folder, set, hash)
    await mkdir(folder, { recursive: true })
    const { manifest, weights } = encodeArtifact(artifact)
    await replace(join(folder, 'weights.f32'), weights)
    await replace(join(folder, 'manifest.json'), manifest)
    return hash
  }

  /**
   * The hash may come from a message: only one in its form names a folder.
   * @throws ClosebellError CB_ABSENT, CB_ARTIFACT
   */
  async load(set: SetName, hash: string): Promise<Artifact> {
    if (!hashForm.test(hash)) throw new ClosebellError('CB_ARTIFACT', `${JSON.stringify(hash.slice(0, 80))} is no hash`)
    const folder = join(this.folder, set, hash)
    const [manifest, weights] = await Promise.all([
      this.read(join(folder, 'manifest.json')),
      this.read(join(folder, 'weights.f32')),
    ])
    if (manifest === null || weights === null) throw new ClosebellError('CB_ABSENT', `no artifact ${hash} of ${set}`)
    const artifact = decodeArtifact({ manifest: manifest.toString('utf8'), weights }, sha256)
    if (artifact.manifest.hash !== hash)
      throw new ClosebellError('CB_ARTIFACT', `folder ${hash} holds artifact ${artifact.manifest.hash}`)
    return artifact
  }

  /** How an artifact of the folder came about, beside it. */
  async saveRun(set: SetName, hash: string, record: object): Promise<void> {
    await replace(join(this.folder, set, hash, 'run.json'), `${JSON.stringify(record, null, 2)}\n`)
  }

  /** State of a training that has not ended; null when there is none. */
  async trainingState(run: string): Promise<Uint8Array | null> {
    return this.read(join(this.folder, 'training', `${run}.state`))
  }

  /** Replaced as a whole: whoever reads it after a kill finds one state or the one before. */
  async saveTrainingState(run: string, state: Uint8Array): Promise<void> {
    await mkdir(join(this.folder, 'training'), { recursive: true })
    await replace(join(this.folder, 'training', `${run}.state`), state)
  }

  async removeTrainingState(run: string): Promise<void> {
    await rm(join(this.folder, 'training', `${run}.state`), { force: true })
  }

  /** Hashes of a set's artifacts. */
  async list(set: SetName): Promise<string[]> {
    try {
      const entries = await readdir(join(this.folder, set), { withFileTypes: true })
      return entries
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
        .sort()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }

  async promotions(set: SetName): Promise<string[]> {
    return (await this.readJson(join(set, 'promoted.json'), promotionsShape)) ?? []
  }

  /** The promoted artifact of a set; null when there is none. */
  async promoted(set: SetName): Promise<Artifact | null> {
    const hash = (await this.promotions(set)).at(-1)
    return hash === undefined ? null : this.load(set, hash)
  }

  async promote(set: SetName, hash: string): Promise<void> {
    await this.load(set, hash)
    await replace(join(this.folder, set, 'promoted.json'), JSON.stringify([...(await this.promotions(set)), hash]))
  }

  /** Takes the last promotion back; gives the hash that is in force now. @throws ClosebellError CB_ABSENT */
  async rollBack(set: SetName): Promise<string> {
    const promotions = await this.promotions(set)
    const before = promotions.at(-2)
    if (before === undefined)
      throw new ClosebellError('CB_ABSENT', `${set} has ${promotions.length} promotions, none to go back to`)
    await this.load(set, before)
    await replace(join(this.folder, set, 'promoted.json'), JSON.stringify(promotions.slice(0, -1)))
    return before
  }

  async saveComposite(composite: CompositeModel): Promise<void> {
    await mkdir(join(this.folder, 'ML_C'), { recursive: true })
    await replace(join(this.folder, 'ML_C', 'state-weights.json'), JSON.stringify(composite, null, 1))
  }

  async composite(): Promise<CompositeModel | null> {
    return this.readJson(join('ML_C', 'state-weights.json'), compositeShape)
  }

  /** @throws ClosebellError CB_ARTIFACT when the file is not in its form */
  private async readJson<T>(place: string, shape: z.ZodType<T>): Promise<T | null> {
    const bytes = await this.read(join(this.folder, place))
    if (bytes === null) return null
    let written: unknown
    try {
      written = JSON.parse(bytes.toString('utf8'))
    } catch (cause) {
      throw new ClosebellError('CB_ARTIFACT', `${place} is no JSON: ${(cause as Error).message}`, { cause })
    }
    const { data, error } = shape.safeParse(written)
    if (data !== undefined) return data
    const [issue] = error?.issues ?? []
    throw new ClosebellError('CB_ARTIFACT', `${place}: ${issue?.path.join('.') || 'it'}: ${issue?.message}`)
  }

  private async read(file: string): Promise<Buffer | null> {
    try {
      return await readFile(file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }
}

async function replace(file: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${file}.tmp`
  await writeFile(temporary, content)
  await rename(temporary, file)
}
