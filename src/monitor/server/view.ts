import type { Status } from '../../../schemas/day.ts'
import { dayStart, type MarketProfile } from '../../../schemas/profiles/index.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import type { Message } from '../../wire/index.ts'
import type { FactorTable, SectionMark, StatusTick } from '../protocol/messages.ts'
import { minuteEnd, sessionPoint, type SessionPoint } from '../protocol/phase.ts'
import { closeCard } from './close-card.ts'
import { FactorDays } from './factor-days.ts'
import { completedBefore, referenceOf, type CompletedDay } from './log-places.ts'
import { MonitoredDay } from './monitored-day.ts'
import { worstOf } from './partition-quality.ts'
import type { StoredFacts } from './stored-facts.ts'

export interface ViewOptions {
  readonly bus: Bus
  readonly facts: StoredFacts
  readonly profile: MarketProfile
  readonly partitions: number
  /** Where the minutes of a day are kept. */
  readonly folder: string
}

/** Days whose close is the measure of the usual one. */
const usualDays = 10

/** What the page shows: the newest day of the log, and the factors of the newest completed one. */
export class View {
  readonly factors = new FactorDays()
  /** Last heartbeat of every worker, by worker, partition and owner. */
  readonly heartbeats = new Map<string, Status>()
  readonly #options: ViewOptions
  #day: MonitoredDay
  #usualSeconds = NaN
  /** Nothing is logged of the date that is shown: any other takes its place. */
  #isPlaceholder: boolean
  messages = 0

  /** `date`: '' shows `today` until something is logged. */
  constructor(options: ViewOptions, date: string, today: string) {
    this.#options = options
    this.#isPlaceholder = date === ''
    this.#day = this.#dayOf(this.#isPlaceholder ? today : date)
  }

  /** The newest date that the log is known to have; '' = none. */
  get loggedDate(): string {
    return this.#isPlaceholder ? '' : this.#day.date
  }

  get day(): MonitoredDay {
    return this.#day
  }

  /** Shows a later date from now on. */
  begin(date: string): void {
    this.#isPlaceholder = false
    if (date === this.#day.date) return
    this.#day.end()
    this.#day = this.#dayOf(date)
  }

  /** What a day needs beside its rows: names, previous closes, how long a close usually takes. */
  async readSurroundings(): Promise<void> {
    const { bus, partitions } = this.#options
    const day = this.#day
    for (let partition = 0; partition < partitions; partition++) {
      const entries = await referenceOf(bus, partition, day.date)
      if (entries !== null) day.reference(partition, entries)
    }
    this.#usualSeconds = median(await completedBefore(bus, day.date, usualDays))
    await this.readNames()
  }

  async readNames(): Promise<void> {
    const { facts } = this.#options
    const day = this.#day
    if (await facts.readInstruments(day.date)) day.section.renamed(facts.factsOf)
  }

  /** One message of an output topic. @returns whether it began a new day */
  take(message: Message, logged: Logged): boolean {
    this.messages++
    const date = dateOf(message, logged)
    const begins = dayKinds.includes(message.kind) && date > this.loggedDate
    if (begins) this.begin(date)
    this.#takeFactors(message, logged)
    this.#takeClose(message, logged)
    if (date === this.#day.date || message.kind === 'status') this.#takeRows(message)
    return begins
  }

  status(now: number, read: number): StatusTick {
    const { profile, facts } = this.#options
    const day = this.#day
    const { point, isToday } = this.#pointAt(now)
    const isTrading = isToday && (point.phase === 'continuous' || point.phase === 'closing-auction')
    const parts = day.quality(now, isTrading)
    const sum = (of: (part: StatusTick['parts'][number]) => number): number =>
      parts.reduce((n, part) => n + of(part), 0)
    return {
      now,
      date: day.date,
      isToday,
      phase: point.phase,
      next: point.next,
      leftSeconds: Math.max(0, Math.ceil(point.left / 1e6)),
      minute: day.minute,
      sealedPartitions: parts.filter(({ minute }) => minute !== null && minute === day.newestMinute).length,
      partitions: parts.length,
      quality: worstOf(parts),
      counts: {
        gaps: sum(({ gapNames }) => gapNames),
        late: sum(({ lateEvents }) => lateEvents),
        quarantined: sum(({ quarantinedEvents }) => quarantinedEvents),
      },
      parts,
      close: closeCard(day.close, {
        now,
        partitions: parts.length,
        usualSeconds: this.#usualSeconds,
        deadline: day.closeDeadline,
        timeText: (at) => day.timeText(at),
      }),
      store: facts.problem,
      read,
      factorsVersion: this.factors.version,
      localTime: (now * 1000 - dayStart(profile, day.date)) / 1e6,
    }
  }

  mark(): SectionMark {
    const { date, minute, isFinal } = this.#day
    return { date, minute, isFinal }
  }

  factorTable(): FactorTable {
    const day = this.#day
    return this.factors.table(
      (at) => day.timeText(at),
      (symbol) => this.#options.facts.factsOf(symbol).name,
    )
  }

  end(): void {
    this.#day.end()
  }

  /** A day that is not today's stands where its last sealed minute ends. */
  #pointAt(now: number): { point: SessionPoint; isToday: boolean } {
    const { profile } = this.#options
    const day = this.#day
    const time = now * 1000 - dayStart(profile, day.date)
    const isToday = time < 86_400e6
    const sealed = day.minute === null ? -1 : minuteEnd(profile, day.minute)
    const point = sessionPoint(profile, isToday ? time : day.minute === null ? 0 : sealed)
    return { point, isToday }
  }

  #dayOf(date: string): MonitoredDay {
    const { profile, partitions, folder, facts } = this.#options
    return new MonitoredDay(date, profile, partitions, folder, facts.factsOf)
  }

  #takeRows(message: Message): void {
    const day = this.#day
    switch (message.kind) {
      case 'minuteRows':
        // A later revision of the day has no news of its minutes.
        return message.value.revision === 0 ? day.minuteRows(message.value) : undefined
      case 'dayRow':
        return day.dayRow(message.value)
      case 'panel':
        return day.panel(message.value)
      case 'late':
        return day.late(message.value)
      case 'quarantined':
        return day.quarantined(message.value)
      case 'status':
        return this.#heartbeat(message.value)
      default:
    }
  }

  #heartbeat(status: Status): void {
    const key = `${status.worker}|${status.partition}|${status.owner}`
    // A worker that ended in order is missed by nobody.
    if (status.stage === 'stopped') this.heartbeats.delete(key)
    else this.heartbeats.set(key, status)
    if (status.worker === 'features') this.#day.partitions[status.partition]?.takeHeartbeat(status)
    if (status.worker === 'close' && status.date === this.#day.date) this.#day.closeDeadline = status.deadline
  }

  #takeFactors(message: Message, { appendedAt }: Logged): void {
    if (message.kind === 'factor') this.factors.factor(message.value)
    else if (message.kind === 'mlC') this.factors.mlC(message.value)
    else if (message.kind === 'result') this.factors.result(message.value)
    else if (message.kind === 'completed') this.factors.completed(message.value, appendedAt)
  }

  #takeClose(message: Message, logged: Logged): void {
    const { close, partitions } = this.#day
    close.take(message, logged)
    if (message.kind !== 'partitionClosed' || message.value.date !== this.#day.date) return
    const part = partitions[message.value.partition]
    if (part !== undefined) part.closed = message.value
  }
}

/** Messages whose date is the one that is traded or closed now. */
const dayKinds: readonly string[] = ['minuteRows', 'dayRow', 'partitionClosed', 'panel']

/** The date that a message is about: a later revision stands under the date on which it was started. */
const dateOf = ({ value }: Message, logged: Logged): string => ('date' in value ? value.date : logged.date)

function median(days: readonly CompletedDay[]): number {
  const sorted = days
    .map(({ seconds }) => seconds)
    .filter(Number.isFinite)
    .sort((a, b) => a - b)
  if (sorted.length === 0) return NaN
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}
