import type { Bus } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import { dateToEventTime, numbers, type Store } from '../../ports/store.ts'
import { codecs } from '../../wire/index.ts'
import type { Revision } from '../corrections.ts'

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
  const stored = await storedRevisions(store, '1970-01-01', date)
  const missing = completed.find(({ eventTime, revision }) => (stored.get(eventTime) ?? -1) < revision)
  return missing?.filed ?? null
}

/** Newest revision of each completed day, by its event time. */
async function storedRevisions(store: Store, from: string, to: string): Promise<ReadonlyMap<number, number>> {
  const rows = await store.panel({ table: 'completed', columns: ['event_time', 'revision'], from, to })
  const revisions = numbers(rows, 'revision')
  return new Map(Array.from(numbers(rows, 'event_time'), (time, i) => [time, revisions[i]]))
}

interface Waiting {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly forMs: number
}

const pollMs = 500

/** Waits until a sink has brought a day; false when none has in so long a time, or `signal` ended the wait. */
export async function awaitStored(
  store: Store,
  { date, revision }: Pick<Revision, 'date' | 'revision'>,
  { clock, signal, forMs }: Waiting,
): Promise<boolean> {
  const isStored = async (): Promise<boolean> => {
    const stored = await storedRevisions(store, date, date)
    return (stored.get(dateToEventTime(date)) ?? -1) >= revision
  }
  const until = clock.elapsed() + forMs
  // A store that is away has the day when it is back, or lacks it then.
  while (!(await isStored().catch(() => false))) {
    if (clock.elapsed() >= until || signal.aborted) return false
    await clock.sleep(pollMs, signal).catch(() => undefined)
  }
  return true
}
