import { shiftDays } from '../../../schemas/calendars/index.ts'
import type { ReferenceEntry } from '../../../schemas/market.ts'
import type { TopicName } from '../../../schemas/topics.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import { codecs, kindOf } from '../../wire/index.ts'

/** Where in the log the things stand that a page begins with. */

/** Null where nothing stands at an offset any more. */
async function messageAt(bus: Bus, topic: TopicName, partition: number, offset: number): Promise<Logged | null> {
  const { first, next } = await bus.offsets(topic, partition)
  if (offset < first || offset >= next) return null
  for await (const messages of bus.read(topic, partition, { from: offset, until: 'end' })) return messages[0] ?? null
  return null
}

async function lastOf(bus: Bus, topic: TopicName): Promise<Logged | null> {
  if ((await bus.partitions(topic)) === 0) return null
  return messageAt(bus, topic, 0, (await bus.offsets(topic, 0)).next - 1)
}

/** Newest date that the log knows of; empty when it is empty. */
export async function newestDate(bus: Bus): Promise<string> {
  const dates = await Promise.all(
    (['market', 'minutes', 'days', 'completed'] as const).map(async (topic) => (await lastOf(bus, topic))?.date ?? ''),
  )
  return dates.reduce((a, b) => (a > b ? a : b))
}

/** The date that `market` goes on with after a date; empty while there is none. */
export async function dateAfter(bus: Bus, date: string): Promise<string> {
  const offset = await bus.offsetOfDate('market', 0, shiftDays(date, 1))
  return (await messageAt(bus, 'market', 0, offset))?.date ?? ''
}

/** Records of a session stand at its beginning: no more messages than these are looked through for Reference. */
const openingMessagesMax = 64

/** Reference of a partition; null when the date is not open there, or was opened by a file feed without one. */
export async function referenceOf(
  bus: Bus,
  partition: number,
  date: string,
): Promise<readonly ReferenceEntry[] | null> {
  const from = await bus.offsetOfDate('market', partition, date)
  if (from >= (await bus.offsets('market', partition)).next) return null
  let seen = 0
  for await (const messages of bus.read('market', partition, { from, until: 'end' })) {
    for (const { value } of messages) {
      if (kindOf(value) === 'reference') return codecs.reference.decode(value).instruments
      if (++seen >= openingMessagesMax) return null
    }
  }
  return null
}

export interface CompletedDay {
  readonly date: string
  /** Last PartitionClosed to `completed`; NaN when the log does not tell. */
  readonly seconds: number
}

/** Days completed before a date, ascending, the newest `max`, with how long each close took. */
export async function completedBefore(bus: Bus, date: string, max: number): Promise<CompletedDay[]> {
  const end = await bus.offsetOfDate('completed', 0, date)
  const { first } = await bus.offsets('completed', 0)
  const at = new Map<string, number>()
  if (end > first) {
    // Revisions of one day are few: twice as many messages as days are enough.
    const from = Math.max(first, end - 2 * max)
    for await (const messages of bus.read('completed', 0, { from, until: 'end' })) {
      for (const message of messages) {
        if (message.offset < end && !at.has(message.date)) at.set(message.date, message.appendedAt)
      }
    }
  }
  const days = [...at].slice(-max)
  return Promise.all(
    days.map(async ([day, done]) => ({ date: day, seconds: (done - (await closedAt(bus, day))) / 1000 })),
  )
}

/** When the last partition had closed a date, ms UTC. */
async function closedAt(bus: Bus, date: string): Promise<number> {
  const after = shiftDays(date, 1)
  const partitions = await bus.partitions('days')
  const last = await Promise.all(
    Array.from({ length: partitions }, async (_, partition) => {
      const message = await messageAt(bus, 'days', partition, (await bus.offsetOfDate('days', partition, after)) - 1)
      return message?.date === date ? message.appendedAt : NaN
    }),
  )
  return Math.max(...last)
}
