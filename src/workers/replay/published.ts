import type { TopicName } from '../../../schemas/topics.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import { isKeyOf, type PublishedRevision } from '../corrections.ts'

/** What was published of a revision, in the order of the log. */
export async function recordsOf(
  bus: Bus,
  topic: TopicName,
  { of, filed }: PublishedRevision,
  partition = 0,
): Promise<Logged[]> {
  const records = await recordsFrom(bus, topic, of.startedOn, filed, partition)
  return records.filter(({ key }) => isKeyOf(of, key))
}

/** All that stands under the dates [from, to], in the order of the log. */
export async function recordsFrom(
  bus: Bus,
  topic: TopicName,
  from: string,
  to: string,
  partition = 0,
): Promise<Logged[]> {
  const offset = await bus.offsetOfDate(topic, partition, from)
  const found: Logged[] = []
  if (offset >= (await bus.offsets(topic, partition)).next) return found
  for await (const messages of bus.read(topic, partition, { from: offset, until: 'end' })) {
    for (const message of messages) {
      if (message.date > to) return found
      found.push(message)
    }
  }
  return found
}

/** Where a record stands. */
export const placeOf = ({ topic, partition, offset, date }: Logged) => ({ topic, partition, offset, date })
