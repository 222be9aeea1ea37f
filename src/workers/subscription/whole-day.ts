import type { Completed } from '../../../schemas/day.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import { factorTopic, type SetName, type TopicName } from '../../../schemas/topics.ts'
import type { Bus } from '../../ports/bus.ts'
import { codecs, sha256 } from '../../wire/index.ts'

export type FactorName = SetName | 'ML_C'

/** The cross-section of one factor; `raw` and `neutral` stand in the order of `instruments`. */
export interface FactorValues {
  readonly instruments: readonly string[]
  /** Output of the network; for ML_C the weighted sum of the neutral factors. */
  readonly raw: Float64Array
  /** Industry- and size-neutral z-score. */
  readonly neutral: Float64Array
  /** Days that the label looks ahead. */
  readonly horizon: number
  /** Names with a value / listed names. */
  readonly coverage: number
  /** Hash of the artifact; null for ML_C, which is made of several. */
  readonly artifact: string | null
}

export interface FactorWeight {
  readonly weight: number
  readonly sa: number
  readonly longOnly: number
}

/** A whole day: every factor that `completed` names was read, and has the hash that it names. */
export interface DayEvent {
  readonly type: 'day'
  readonly date: string
  readonly revision: number
  readonly degraded: boolean
  /** Why it is degraded or a later revision; else empty. */
  readonly cause: string
  /** The factors of the sets that were asked for and are there. */
  readonly factors: Readonly<Partial<Record<FactorName, FactorValues>>>
  /** Weights in ML_C by set; empty when the day has no ML_C. */
  readonly weights: Readonly<Partial<Record<SetName, FactorWeight>>>
  /** What is to be known of the weights, e.g. `equal-long-only` when no period had ended. */
  readonly flags: readonly string[]
  readonly exclusions: Completed['exclusions']
  readonly completed: Completed
}

/** The date has no valid values any more. */
export interface RetractedEvent {
  readonly type: 'retracted'
  readonly date: string
  readonly revision: number
  readonly cause: string
}

/**
 * What a `completed` record says, with the factors that it names.
 * @param filed date under which the record stands: its own, or for a later revision that of a later session
 * @throws ClosebellError CB_WIRE_CRC when a factor has another hash than the one named, CB_BUS_GAP when it is missing
 */
export async function eventOf(
  bus: Bus,
  completed: Completed,
  wanted: readonly FactorName[],
  filed: string,
): Promise<DayEvent | RetractedEvent> {
  const { date, revision, cause } = completed
  if (completed.retracted) return { type: 'retracted', date, revision, cause }
  const factors: Partial<Record<FactorName, FactorValues>> = {}
  for (const { set, present, hash } of completed.sets) {
    if (!present || !wanted.includes(set as SetName)) continue
    const bytes = await readNamed(bus, factorTopic(set as SetName), completed, filed, hash)
    const { instruments, raw, neutral, horizon, coverage, artifactHash } = codecs.factor.decode(bytes)
    factors[set as SetName] = { instruments, raw, neutral, horizon, coverage, artifact: artifactHash }
  }
  const weights: Partial<Record<SetName, FactorWeight>> = {}
  let flags: readonly string[] = []
  if (completed.mlCHash !== '') {
    const mlC = codecs.mlC.decode(await readNamed(bus, 'ml-c', completed, filed, completed.mlCHash))
    const { instruments, raw, neutral, horizon, coverage } = mlC
    if (wanted.includes('ML_C')) factors.ML_C = { instruments, raw, neutral, horizon, coverage, artifact: null }
    flags = mlC.flags
    mlC.sets.forEach((set, k) => {
      weights[set as SetName] = { weight: mlC.weights[k], sa: mlC.saWeights[k], longOnly: mlC.longOnlyWeights[k] }
    })
  }
  const { degraded, exclusions } = completed
  return { type: 'day', date, revision, degraded, cause, factors, weights, flags, exclusions, completed }
}

/** The message that has a hash, among those from a date on up to where `completed` names it. */
async function readNamed(
  bus: Bus,
  topic: TopicName,
  { date }: Completed,
  filed: string,
  hash: string,
): Promise<Uint8Array> {
  const from = await bus.offsetOfDate(topic, 0, date)
  const others: string[] = []
  reading: for await (const messages of bus.read(topic, 0, { from, until: 'end' })) {
    for (const message of messages) {
      if (message.date > filed) break reading
      const found = sha256(message.value)
      if (found === hash) return message.value
      others.push(found)
    }
  }
  if (others.length === 0) throw new ClosebellError('CB_BUS_GAP', `${topic} has no message of ${date}`)
  throw new ClosebellError(
    'CB_WIRE_CRC',
    `completed of ${date} names sha256 ${hash} in ${topic}, which has ${others.join(', ')}`,
  )
}
