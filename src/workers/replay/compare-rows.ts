import { profileOf } from '../../../schemas/profiles/index.ts'
import type { FlowSizing } from '../../../schemas/rows.ts'
import type { TopicName } from '../../../schemas/topics.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import { decode } from '../../wire/index.ts'
import { isKeyOf } from '../corrections.ts'
import { encodeOutputs } from '../features/encode-outputs.ts'
import { PartitionStream } from '../features/partition-stream.ts'
import { fingerprints } from '../fingerprints.ts'
import { describeRows, difference, type Difference } from './difference.ts'

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

/** Recomputes a partition's day from the market log and holds every published minute and day record against it. */
export async function compareRows(
  bus: Bus,
  partition: number,
  date: string,
  { profile, isMissing }: RowsOptions,
): Promise<RowsComparison> {
  const published: Published = new Map()
  for (const topic of rowTopics) await collect(bus, topic, partition, date, published)
  const counts = { minutes: 0, days: 0 }
  const sizing = sizingOf(published)
  const place = { topic: 'days' as const, partition, offset: null, date }
  if (sizing === null && isMissing) return { ...counts, difference: null }
  if (sizing === null) return { ...counts, difference: difference(place, 'no row was published') }
  const minuteRows = [...published.keys()].some((key) => key.startsWith('minutes '))
  const stream = new PartitionStream(partition, { profile: profileOf(profile), sizing, fingerprints, minuteRows })
  const from = await bus.offsetOfDate('market', partition, date)
  for await (const messages of bus.read('market', partition, { from, until: 'end' })) {
    for (const message of messages) {
      for (const { topic, message: ours } of encodeOutputs(stream.take(message), partition)) {
        if (!rowTopics.includes(topic)) continue
        if (topic === 'minutes') counts.minutes++
        else counts.days++
        const theirs = take(published, `${topic} ${ours.key}`)
        if (theirs.length === 0 && isMissing) continue
        if (theirs.length === 0) {
          return { ...counts, difference: difference({ ...place, topic }, `record ${ours.key} was not published`) }
        }
        const differs = theirs.find(({ value }) => !Buffer.from(value).equals(Buffer.from(ours.value)))
        if (differs !== undefined) {
          return {
            ...counts,
            difference: describeRows({ ...place, topic, offset: differs.offset }, differs.value, ours.value),
          }
        }
      }
      if (stream.lastClosedDate === date) return { ...counts, difference: surplus(published, partition, date) }
    }
  }
  return {
    ...counts,
    difference: difference({ ...place, topic: 'market' }, 'the log does not reach the cut of the day'),
  }
}

async function collect(bus: Bus, topic: TopicName, partition: number, date: string, into: Published): Promise<void> {
  const from = await bus.offsetOfDate(topic, partition, date)
  if (from >= (await bus.offsets(topic, partition)).next) return
  for await (const messages of bus.read(topic, partition, { from, until: 'end' })) {
    for (const message of messages) {
      if (message.date !== date) return
      if (!isKeyOf({ date, revision: 0 }, message.key)) continue
      const key = `${topic} ${message.key}`
      const known = into.get(key)
      if (known === undefined) into.set(key, [message])
      else known.push(message)
    }
  }
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
