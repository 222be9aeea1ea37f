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
 * What of the day that a worker is to begin with is gone; null when its opening stands where reading begins, or its
 * rows are there already. `target` is the day that is wanted, empty = whichever comes.
 */
export async function lostBeginning(bus: Bus, partition: number, from: number, target: string): Promise<string | null> {
  const { first, next } = await bus.offsets('market', partition)
  if (from !== first || first === 0 || first >= next) return null
  const closed = await lastClosedDate(bus, partition)
  if (target !== '' && closed >= target) return null
  for await (const [message] of bus.read('market', partition, { from, until: 'end' })) {
    if (message === undefined) continue
    const { date, value } = message
    const isOpening = kindOf(value) === 'dayOpened'
    if (isOpening ? target === '' || date <= target : date <= closed) return null
    const place = `market/${partition} begins at offset ${first}, ${isOpening ? 'with' : 'in the middle of'} ${date}`
    return isOpening ? `${place}: the log of ${target} is gone` : `${place}: its opening is gone`
  }
  return null
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
