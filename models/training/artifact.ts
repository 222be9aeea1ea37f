import { z } from 'zod'
import { ClosebellError } from '../../schemas/errors.ts'
import { families, parameterCount, parameterSlots } from '../network/spec.ts'

/**
 * An artifact is what training hands to scoring: a JSON manifest, and the raw f32 weights of its members one after
 * another, little-endian. Both carry hashes; whatever does not fit is refused by name.
 */

const size = z.int().positive()
const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/)
const span = z.strictObject({ from: date, to: date, days: size })
const sha = z.string().regex(/^[0-9a-f]{64}$/)

const contentShape = z.strictObject({
  set: z.enum(['PV', 'G', 'C', 'HF', 'DP']),
  spec: z.strictObject({
    family: z.enum(families),
    features: size,
    lookback: size,
    hidden: size,
    heads: size,
    saHidden: size,
    finHidden: size,
    headHidden: size,
    slope: z.number(),
    selfLoopsOnly: z.boolean(),
  }),
  /** Catalogue ids in the order of x. */
  columns: z.array(z.string()),
  /** Fingerprint of the catalogue of the set. */
  catalogue: z.string(),
  /** Sizing of the flow buckets the rows were made with. */
  sizing: z.string(),
  /** Days the label looks ahead. */
  horizon: size,
  label: z.string(),
  /** Price that the label buys and sells at. */
  labelPrice: z.enum(['close', 'vwap']),
  train: span,
  validate: span,
  /** Trading days left out between the two spans. */
  embargo: z.int().nonnegative(),
  /** How the inputs are scaled, in words. */
  scaling: z.array(z.string()),
  /** Inputs of the network that the data lacked, in words: it has learned nothing about them. */
  masked: z.array(z.string()),
  schedule: z.strictObject({
    seeds: z.array(z.int()),
    epochs: size,
    patience: size,
    kept: size,
    every: size,
    sectionShare: z.number(),
    hiddenFundamentals: z.number().optional(),
    learningRate: z.number(),
    warmUp: size,
    clipNorm: z.number(),
    decay: z.number(),
    entropyBonus: z.number(),
    saDecay: z.number(),
  }),
  /** The engine that trained it. */
  engine: z.strictObject({ name: z.string(), device: z.string(), kernelBuild: z.string() }),
})

const manifestShape = contentShape.extend({
  format: z.literal('closebell-artifact-1'),
  /** Kept epochs; outputs are z-scored per member, then averaged. */
  members: z.array(z.strictObject({ seed: z.int(), epoch: size, rankIc: z.number().nullable() })).min(1),
  /** Tensors of one member; offsets count its f32 values. */
  tensors: z.array(z.strictObject({ name: z.string(), shape: z.array(size), offset: z.int().nonnegative() })),
  weightsHash: sha,
  /** sha256 over the manifest without this field, keys sorted. */
  hash: sha,
})

export type ArtifactContent = z.infer<typeof contentShape>
export type LabelPrice = ArtifactContent['labelPrice']
export type ArtifactManifest = z.infer<typeof manifestShape>

export interface Artifact {
  readonly manifest: ArtifactManifest
  /** Parameters of all members, one after another. */
  readonly weights: Float32Array
}

export interface EncodedArtifact {
  /** JSON text */
  readonly manifest: string
  readonly weights: Uint8Array
}

/** sha256 in lower-case hex, of bytes or of a text in UTF-8. */
export type Sha256 = (content: Uint8Array | string) => string

const refuse = (fact: string): never => {
  throw new ClosebellError('CB_ARTIFACT', fact)
}

/** JSON with sorted keys: one text for one content, however a file was formatted. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )

const hashOf = (manifest: Omit<ArtifactManifest, 'hash'>, sha256: Sha256): string =>
  sha256(canonical({ ...manifest, hash: undefined }))

const weightBytes = (weights: Float32Array): Uint8Array => {
  const view = new DataView(new ArrayBuffer(weights.length * 4))
  weights.forEach((value, p) => view.setFloat32(p * 4, value, true))
  return new Uint8Array(view.buffer)
}

const weightsOf = (bytes: Uint8Array): Float32Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float32Array.from({ length: bytes.byteLength / 4 }, (_, p) => view.getFloat32(p * 4, true))
}

/** The kept epochs of a training run; models/training/train.ts makes them. */
export interface TrainedMember {
  readonly seed: number
  readonly epoch: number
  readonly rankIc: number
  readonly parameters: Float32Array
}

const tensorsOf = (spec: ArtifactContent['spec']): ArtifactManifest['tensors'] =>
  parameterSlots(spec).map(({ name, shape, offset }) => ({ name, shape: [...shape], offset }))

/** Puts an artifact together from what was trained and what it was trained on. */
export const createArtifact = (
  content: ArtifactContent,
  members: readonly TrainedMember[],
  sha256: Sha256,
): Artifact => {
  const each = parameterCount(content.spec)
  const weights = new Float32Array(each * members.length)
  members.forEach(({ parameters }, m) => weights.set(parameters, m * each))
  const manifest = {
    format: 'closebell-artifact-1' as const,
    ...content,
    members: members.map(({ seed, epoch, rankIc }) => ({ seed, epoch, rankIc: Number.isNaN(rankIc) ? null : rankIc })),
    tensors: tensorsOf(content.spec),
    weightsHash: sha256(weightBytes(weights)),
  }
  const artifact = { manifest: { ...manifest, hash: hashOf(manifest, sha256) }, weights }
  checkWhole(artifact, sha256)
  return artifact
}

const expectEqual = (field: string, actual: unknown, expected: unknown): void => {
  const [got, wanted] = [canonical(actual), canonical(expected)]
  if (got !== wanted) refuse(`${field} is ${got.slice(0, 200)}, expected ${wanted.slice(0, 200)}`)
}

/** An artifact that fits itself: sizes, tensors, finite weights, both hashes. */
const checkWhole = ({ manifest, weights }: Artifact, sha256: Sha256): void => {
  const { hash, ...rest } = manifest
  expectEqual('hash', hash, hashOf(rest, sha256))
  expectEqual('columns.length', manifest.columns.length, manifest.spec.features)
  expectEqual('tensors', manifest.tensors, tensorsOf(manifest.spec))
  expectEqual('weights.length', weights.length, parameterCount(manifest.spec) * manifest.members.length)
  expectEqual('weightsHash', manifest.weightsHash, sha256(weightBytes(weights)))
  weights.forEach((value, p) => {
    if (!Number.isFinite(value)) refuse(`weights[${p}] is ${value}`)
  })
}

export const encodeArtifact = ({ manifest, weights }: Artifact): EncodedArtifact => ({
  manifest: `${JSON.stringify(manifest, null, 2)}\n`,
  weights: weightBytes(weights),
})

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ClosebellError('CB_ARTIFACT', `the manifest of ${text.length} characters is no JSON`, { cause })
  }
}

/** Reads an artifact back; CB_ARTIFACT names the field that does not fit. */
export const decodeArtifact = (encoded: EncodedArtifact, sha256: Sha256): Artifact => {
  const parsed = manifestShape.safeParse(parse(encoded.manifest))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return refuse(`manifest field ${issue.path.join('.') || '(whole)'}: ${issue.message}`)
  }
  if (encoded.weights.byteLength % 4 !== 0)
    refuse(`weights.length: ${encoded.weights.byteLength} bytes are no f32 values`)
  const artifact = { manifest: parsed.data, weights: weightsOf(encoded.weights) }
  checkWhole(artifact, sha256)
  return artifact
}

/** What the day to be scored has; every field given must be the artifact's own. */
export type Expected = Partial<Pick<ArtifactManifest, 'set' | 'columns' | 'catalogue' | 'sizing' | 'horizon' | 'hash'>>

/** Refuses to score with an artifact that was trained on something else. */
export const checkArtifact = (artifact: Artifact, expected: Expected): void => {
  for (const field of Object.keys(expected) as (keyof Expected)[]) {
    expectEqual(field, artifact.manifest[field], expected[field])
  }
}
