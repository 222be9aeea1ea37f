import { ClosebellError } from '../../schemas/errors.ts'
import { sets } from '../../schemas/topics.ts'
import type { Bus, Logged } from '../ports/bus.ts'
import { codecs, sha256 } from '../wire/index.ts'
import { eventOf, type DayEvent, type FactorName, type RetractedEvent } from '../workers/subscription/whole-day.ts'

/** A record of `completed`, without its lists: some hundred bytes for each day, so that years of them are kept. */
export interface CompletedEntry {
  readonly offset: number
  readonly date: string
  readonly revision: number
  readonly isRetracted: boolean
  /** Append time of the record, ms UTC. */
  readonly completedAt: number
  readonly hash: string
}

export const factorNames: readonly FactorName[] = [...sets, 'ML_C']

/** Whole days that are kept; older ones are read from the bus again. */
const keptDays = 4

/**
 * The days of a deployment as its readers see them: the index follows `completed`, the first record of a date and
 * revision counts, and a day is read and its hashes are checked, by the code of subscribe(), when somebody asks for it.
 */
export class CompletedDays {
  readonly #bus: Bus
  readonly #entries: CompletedEntry[] = []
  readonly #known = new Set<string>()
  readonly #days = new Map<number, Promise<DayEvent | RetractedEvent>>()
  readonly #listeners = new Set<() => void>()
  #id = ''

  constructor(bus: Bus) {
    this.#bus = bus
  }

  get entries(): readonly CompletedEntry[] {
    return this.#entries
  }

  /** Names this log: another one, or one that was restored, has another id. Empty as long as nothing is completed. */
  get id(): string {
    return this.#id
  }

  /** The last date that was completed; empty when there is none. */
  get lastDate(): string {
    return this.latest()?.date ?? ''
  }

  /** Reads the index to the end, then on, until the signal. `onCaughtUp` is called once the end was reached. */
  async follow(signal: AbortSignal, onCaughtUp: () => void): Promise<void> {
    const { first, next } = await this.#bus.offsets('completed', 0)
    if (first === next) onCaughtUp()
    for await (const messages of this.#bus.read('completed', 0, { from: first, until: 'never', signal })) {
      for (const message of messages) this.#take(message)
      const offset = messages.at(-1)?.offset ?? -1
      if (offset === next - 1) onCaughtUp()
      for (const listener of this.#listeners) listener()
    }
  }

  /** Calls back whenever there are more entries, until the function it answers is called. */
  onMore(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  revisionsOf(date: string): readonly CompletedEntry[] {
    return this.#entries.filter((entry) => entry.date === date)
  }

  /** The newest revision of the newest date; a correction of an earlier date may have come behind it. */
  latest(): CompletedEntry | undefined {
    const isNewer = (a: CompletedEntry, b: CompletedEntry): boolean =>
      a.date === b.date ? a.revision > b.revision : a.date > b.date
    return this.#entries.reduce<CompletedEntry | undefined>(
      (newest, entry) => (newest === undefined || isNewer(entry, newest) ? entry : newest),
      undefined,
    )
  }

  /** Index of the first entry of the newest date. */
  latestIndex(): number {
    return this.#entries.findIndex(({ date }) => date === this.lastDate)
  }

  /**
   * The day of an entry, whole.
   * @throws ClosebellError CB_WIRE_CRC, CB_BUS_GAP as subscribe() does
   */
  day(entry: CompletedEntry): Promise<DayEvent | RetractedEvent> {
    const kept = this.#days.get(entry.offset)
    const day = kept ?? this.#read(entry)
    // Asked for again, it is the newest of those that are kept.
    this.#days.delete(entry.offset)
    this.#days.set(entry.offset, day)
    const [oldest] = this.#days.keys()
    if (this.#days.size > keptDays && oldest !== undefined) this.#days.delete(oldest)
    if (kept === undefined) {
      day.catch(() => {
        if (this.#days.get(entry.offset) === day) this.#days.delete(entry.offset)
      })
    }
    return day
  }

  #take({ offset, appendedAt, value }: Logged): void {
    if (this.#id === '') this.#id = sha256(`${offset} ${appendedAt} `, value).slice(0, 12)
    const { date, revision, retracted } = codecs.completed.decode(value)
    const key = `${date}|${revision}`
    if (this.#known.has(key)) return
    this.#known.add(key)
    const hash = sha256(value)
    this.#entries.push({ offset, date, revision, isRetracted: retracted, completedAt: appendedAt, hash })
  }

  async #read({ offset }: CompletedEntry): Promise<DayEvent | RetractedEvent> {
    for await (const [message] of this.#bus.read('completed', 0, { from: offset, until: 'end' })) {
      if (message !== undefined)
        return eventOf(this.#bus, codecs.completed.decode(message.value), factorNames, message.date)
    }
    throw new ClosebellError('CB_BUS_GAP', `offset ${offset} of completed is missing`)
  }
}
