import type { Bus } from '../../ports/bus.ts'
import { dateToEventTime, numbers, type Store } from '../../ports/store.ts'
import { codecs } from '../../wire/index.ts'

/**
 * Date under which the log begins to tell of days before `date` that it has completed and the store has not; null when
 * the store has them all. A sink writes `completed` behind everything else of a day.
 */
export async function missingBefore(bus: Bus, store: Store, date: string): Promise<string | null> {
  const completed: { readonly eventTime: number; readonly revision: number; readonly filed: string }[] = []
  const { first, next } = await bus.offsets('completed', 0)
  if (first === next) return null
  for await (const messages of bus.read('completed', 0, { from: first, until: 'end' })) {
    for (const message of messages) {
      const { date: day, revision } = codecs.completed.decode(message.value)
      if (day < date) completed.push({ eventTime: dateToEventTime(day), revision, filed: message.date })
    }
  }
  const rows = await store.panel({
    table: 'completed',
    columns: ['event_time', 'revision'],
    from: '1970-01-01',
    to: date,
  })
  const [times, revisions] = [numbers(rows, 'event_time'), numbers(rows, 'revision')]
  const stored = new Map(Array.from(times, (time, i) => [time, revisions[i]]))
  const missing = completed.find(({ eventTime, revision }) => (stored.get(eventTime) ?? -1) < revision)
  return missing?.filed ?? null
}
