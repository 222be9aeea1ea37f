import type { Bus, Logged } from '../../src/ports/bus.ts'
import type { Random } from '../../src/simulator/random.ts'
import { codecs } from '../../src/wire/index.ts'
import { MemoryBus } from '../feeds/memory-bus.ts'
import { fed, smallMarket } from '../faults/simulated-day.ts'
import { messagesOf } from '../integration/logged-rows.ts'
import { lateLog, renumbered } from './late-log.ts'

export const partitions = 2

/** The market log of a small simulated day by partition, as it came in time. */
export async function inTimeLog(seed: number): Promise<{ date: string; log: Logged[][] }> {
  const market = smallMarket(seed, 8)
  const bus = new MemoryBus()
  await fed(market, bus, partitions)
  return { date: market.dates[0], log: bus.log }
}

export const late = (log: readonly (readonly Logged[])[], random: Random): Logged[][] =>
  log.map((messages) => renumbered(lateLog(messages, random)))

export async function append(bus: Bus, log: readonly (readonly Logged[])[]): Promise<void> {
  await bus.createTopics(partitions)
  for (const messages of log) await bus.publish('market', messages)
}

/** Appends a correction as the command does, under the newest date. */
export const correctionRecords = (date: string, revision: number, filed = date, retract = false) =>
  Array.from({ length: partitions }, (_, partition) => ({
    partition,
    date: filed,
    key: 'session',
    value: codecs.correction.encode({ date, partition, revision, cause: `cause of r${revision}`, retract }),
  }))

/** Bytes of the rows of one revision, by topic, partition and key; rows that came twice must be the same. */
export async function rowsOf(bus: Bus, date: string, revision: number): Promise<Map<string, string>> {
  const rows = new Map<string, string>()
  for (const topic of ['minutes', 'days'] as const) {
    for (const { partition, key, value } of await messagesOf(bus, topic)) {
      if (!key.startsWith(`${date}|${revision}|`)) continue
      const place = `${topic} ${partition} ${key.slice(date.length + 3)}`
      const bytes = Buffer.from(value).toString('base64')
      if (rows.has(place) && rows.get(place) !== bytes) throw new RangeError(`${place} came with other bytes`)
      rows.set(place, bytes)
    }
  }
  return rows
}
