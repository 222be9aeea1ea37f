import { profileOf } from '../../../schemas/profiles/index.ts'
import type { FlowSizing } from '../../../schemas/rows.ts'
import type { TopicName } from '../../../schemas/topics.ts'
import type { DaySettings } from '../../../streams/index.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import { decode } from '../../wire/index.ts'
import type { PublishedRevision, Revision } from '../corrections.ts'
import { encodeOutputs } from '../features/encode-outputs.ts'
import { PartitionStream, type StreamOutput } from '../features/partition-stream.ts'
import { correctionOf, revisedRows, type LoggedCorrection } from '../features/revised-day.ts'
import { fingerprints } from '../fingerprints.ts'
import { describeRows, difference, type Difference } from './difference.ts'
import { recordsOf } from './published.ts'

export interface RowsComparison {
  readonly minutes: number
  readonly days: number
  readonly difference: Difference | null
}

type Published = Map<string, Logged[]>

const rowTopics: readonly TopicName[] = ['minutes', 'days']

export interface RowsOptions {
  readonly profile: string
  /** Whether the day was closed without the partition: then its records may end anywhere. */
  readonly isMissing: boolean
}

/** Recomputes a partition's revision from the market log and holds every published minute and day record against it. */
export async function compareRows(
  bus: Bus,
  partition: number,
  revision: PublishedRevision,
  { profile, isMissing }: RowsOptions,
): Promise<RowsComparison> {
  const { date } = revision.of
  const published: Published = new Map()
  for (const topic of rowTopics) {
    for (const record of await recordsOf(bus, topic, revision, partition)) {
      const key = `${topic} ${record.key}`
      published.set(key, [...(published.get(key) ?? []), record])
    }
  }
  const counts = { minutes: 0, days: 0 }
  const sizing = sizingOf(published)
  const place = { topic: 'days' as const, partition, offset: null, date }
  if (sizing === null && isMissing) return { ...counts, difference: null }
  if (sizing === null) return { ...counts, difference: difference(place, 'no row was published') }
  const minuteRows = [...published.keys()].some((key) => key.startsWith('minutes '))
  const settings = { profile: profileOf(profile), sizing, fingerprints, minuteRows }
  for await (const outputs of recomputed(bus, partition, revision.of, settings)) {
    for (const { topic, message: ours } of encodeOutputs(outputs, partition)) {
      if (!rowTopics.includes(topic)) continue
      if (topic === 'minutes') counts.minutes++
      else counts.days++
      const theirs = take(published, `${topic} ${ours.key}`)
      if (theirs.length === 0 && isMissing) continue
      if (theirs.length === 0)
        return { ...counts, difference: difference({ ...place, topic }, `record ${ours.key} was not published`) }
      const differs = theirs.find(({ value }) => !Buffer.from(value).equals(Buffer.from(ours.value)))
      if (differs !== undefined) {
        const at = { ...place, topic, offset: differs.offset }
        return { ...counts, difference: describeRows(at, differs.value, ours.value) }
      }
    }
    if (outputs.some(({ kind }) => kind === 'partitionClosed'))
      return { ...counts, difference: surplus(published, partition, date) }
  }
  return {
    ...counts,
    difference: difference({ ...place, topic: 'market' }, 'the log does not reach the cut of the day'),
  }
}

/** The outputs of a revision of a date, the last of them PartitionClosed where the log reaches as far. */
async function* recomputed(
  bus: Bus,
  partition: number,
  of: Revision,
  settings: DaySettings,
): AsyncGenerator<readonly StreamOutput[], void, undefined> {
  if (of.revision > 0) {
    const correction = await loggedCorrection(bus, partition, of)
    if (correction !== null) yield* revisedRows(bus, partition, settings, correction)
    return
  }
  const stream = new PartitionStream(partition, settings)
  const from = await bus.offsetOfDate('market', partition, of.date)
  for await (const messages of bus.read('market', partition, { from, until: 'end' }))
    for (const message of messages) yield stream.take(message)
}

/** The record that started a revision of a partition. */
async function loggedCorrection(bus: Bus, partition: number, of: Revision): Promise<LoggedCorrection | null> {
  const from = await bus.offsetOfDate('market', partition, of.startedOn)
  for await (const messages of bus.read('market', partition, { from, until: 'end' })) {
    for (const message of messages) {
      const found = correctionOf(message)
      if (found?.value.date === of.date && found.value.revision === of.revision) return found
    }
  }
  return null
}

function sizingOf(published: Published): FlowSizing | null {
  for (const records of published.values()) {
    const [{ value }] = records
    const decoded = decode(value)
    if (decoded.kind === 'partitionClosed' || decoded.kind === 'dayRow' || decoded.kind === 'minuteRows')
      return decoded.value.sizing as FlowSizing
  }
  return null
}

function take(published: Published, key: string): readonly Logged[] {
  const found = published.get(key) ?? []
  published.delete(key)
  return found
}

function surplus(published: Published, partition: number, date: string): Difference | null {
  const [first] = published
  if (first === undefined) return null
  const [key, [record]] = first
  const [topic = ''] = key.split(' ')
  const place = { topic: topic as TopicName, partition, offset: record?.offset ?? null, date }
  return difference(place, `record ${record?.key ?? key} is not what the log gives`)
}
