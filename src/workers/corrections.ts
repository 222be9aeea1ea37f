import type { Bus, Logged } from '../ports/bus.ts'
import { codecs } from '../wire/index.ts'

/** A revision of a date. Its records stand in the log under the date on which it was started, or a later one. */
export interface Revision {
  readonly date: string
  /** 0 = the first. */
  readonly revision: number
  readonly startedOn: string
  /** Why there is a later one; '' of the first. */
  readonly cause: string
  /** It has no values: those of the revisions before it hold no longer. */
  readonly isRetraction: boolean
}

export const firstRevision = (date: string): Revision => ({
  date,
  revision: 0,
  startedOn: date,
  cause: '',
  isRetraction: false,
})

export function revisionOf({ date: startedOn, value }: Logged): Revision {
  const { date, revision, cause, retract } = codecs.correction.decode(value)
  return { date, revision, startedOn, cause, isRetraction: retract }
}

/** The corrections that were started, oldest first; of two records of one revision the first counts. */
export async function startedCorrections(bus: Bus): Promise<Revision[]> {
  if ((await bus.partitions('corrections')) === 0) return []
  const { first, next } = await bus.offsets('corrections', 0)
  const started = new Map<string, Revision>()
  if (first === next) return []
  for await (const messages of bus.read('corrections', 0, { from: first, until: 'end' })) {
    for (const message of messages) {
      const found = revisionOf(message)
      const key = `${found.date}|${found.revision}`
      if (!started.has(key)) started.set(key, found)
    }
  }
  return [...started.values()]
}

/** Keys of rows, panels, jobs, results, factors and completed days begin with their date and revision. */
export const isKeyOf = ({ date, revision }: Pick<Revision, 'date' | 'revision'>, key: string): boolean =>
  `${key}|`.startsWith(`${date}|${revision}|`)

/** Whether a revision stands in `completed`. */
export const isCompleted = async (bus: Bus, of: Pick<Revision, 'date' | 'revision'>): Promise<boolean> =>
  (await completedRevisions(bus, of.date)).includes(of.revision)

/** Whether a revision or a later one of its date stands in `completed`: it is closed no more. */
export const isOvertaken = async (bus: Bus, of: Pick<Revision, 'date' | 'revision'>): Promise<boolean> =>
  (await completedRevisions(bus, of.date)).some((revision) => revision >= of.revision)

/** Revisions of a date that stand in `completed`, in the order of the log. */
async function completedRevisions(bus: Bus, date: string): Promise<number[]> {
  const found: number[] = []
  const from = await bus.offsetOfDate('completed', 0, date)
  if (from >= (await bus.offsets('completed', 0)).next) return found
  for await (const messages of bus.read('completed', 0, { from, until: 'end' }))
    for (const { key } of messages) if (key.startsWith(`${date}|`)) found.push(Number(key.slice(date.length + 1)))
  return found
}

/** A revision that was published, and the date under which the last of its records stands. */
export interface PublishedRevision {
  readonly of: Revision
  readonly filed: string
}

/** Later revisions that stand in `completed`, in the order in which they were started. */
export async function completedCorrections(bus: Bus): Promise<PublishedRevision[]> {
  const started = await startedCorrections(bus)
  if (started.length === 0) return []
  const filed = new Map<string, string>()
  const from = await bus.offsetOfDate('completed', 0, started[0].startedOn)
  if (from >= (await bus.offsets('completed', 0)).next) return []
  for await (const messages of bus.read('completed', 0, { from, until: 'end' }))
    for (const { key, date } of messages) if (!filed.has(key)) filed.set(key, date)
  return started.flatMap((of) => {
    const date = filed.get(`${of.date}|${of.revision}`)
    return date === undefined ? [] : [{ of, filed: date }]
  })
}

/** Date of the newest record of a partition; '' when it is empty. */
export async function newestIn(bus: Bus, topic: Logged['topic'], partition = 0): Promise<string> {
  const { first, next } = await bus.offsets(topic, partition)
  let date = ''
  if (first === next) return date
  for await (const messages of bus.read(topic, partition, { from: next - 1, until: 'end' }))
    date = messages.at(-1)?.date ?? date
  return date
}

/** Dates never fall along a topic: a later revision is filed under the newest one that is there. */
export async function filedUnder(bus: Bus, { startedOn, revision }: Revision): Promise<string> {
  if (revision === 0) return startedOn
  const newest = await Promise.all((['inputs', 'panels', 'completed'] as const).map((topic) => newestIn(bus, topic)))
  return [startedOn, ...newest].reduce((a, b) => (a > b ? a : b))
}
