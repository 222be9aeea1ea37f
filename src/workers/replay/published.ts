import type { TopicName } from '../../../schemas/topics.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import { isKeyOf } from '../corrections.ts'

/** What was published of the first revision of a date, in the order of the log; of `inputs` all that is under it. */
export async function recordsOn(bus: Bus, topic: TopicName, date: string, partition = 0): Promise<Logged[]> {
  const from = await bus.offsetOfDate(topic, partition, date)
  const found: Logged[] = []
  if (from >= (await bus.offsets(topic, partition)).next) return found
  for await (const messages of bus.read(topic, partition, { from, until: 'end' })) {
    for (const message of messages) {
      if (message.date !== date) return found
      if (topic === 'inputs' || isKeyOf({ date, revision: 0 }, message.key)) found.push(message)
    }
  }
  return found
}

/** Where a record stands. */
export const placeOf = ({ topic, partition, offset, date }: Logged) => ({ topic, partition, offset, date })
