import { shiftDays } from '../../../schemas/calendars/index.ts'
import type { Bus } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import { codecs, kindOf } from '../../wire/index.ts'

/** Last date whose PartitionClosed stands in the days topic of a partition; empty when there is none. */
export async function lastClosedDate(bus: Bus, partition: number): Promise<string> {
  const { first, next } = await bus.offsets('days', partition)
  // PartitionClosed is the last record of a day, so the newest one stands near the end.
  for (let to = next, size = 256; to > first; to -= size) {
    const from = Math.max(first, to - size)
    let last = ''
    for await (const messages of bus.read('days', partition, { from, until: 'end' })) {
      for (const message of messages) {
        if (kindOf(message.value) !== 'partitionClosed') continue
        const { date, revision } = codecs.partitionClosed.decode(message.value)
        // A later revision is of an earlier day than those around it.
        if (revision === 0 && date > last) last = date
      }
    }
    if (last !== '') return last
  }
  return ''
}

/** First date in a partition of the market topic after `after`; empty when the log has none yet. */
async function firstDateAfter(bus: Bus, partition: number, after: string): Promise<string> {
  const { first, next } = await bus.offsets('market', partition)
  const from = after === '' ? first : await bus.offsetOfDate('market', partition, shiftDays(after, 1))
  if (from >= next) return ''
  for await (const messages of bus.read('market', partition, { from, until: 'end' })) {
    const message = messages[0]
    if (message !== undefined) return message.date
  }
  return ''
}

/**
 * The first day that is not closed on every partition; waits until the log has one. Empty when `signal` ended the wait.
 */
export async function firstOpenDate(bus: Bus, clock: Clock, signal?: AbortSignal): Promise<string> {
  for (;;) {
    const partitions = await bus.partitions('market')
    const dates: string[] = []
    for (let p = 0; p < partitions; p++) {
      const date = await firstDateAfter(bus, p, await lastClosedDate(bus, p))
      if (date !== '') dates.push(date)
    }
    if (dates.length > 0) return dates.reduce((a, b) => (a < b ? a : b))
    if (signal?.aborted === true) return ''
    await clock.sleep(100, signal)
  }
}
