import { dayStart, type MarketProfile } from '../../../schemas/profiles/index.ts'
import type { Bus, Outgoing } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { codecs } from '../../wire/index.ts'
import { ChainWatch, type WatchedPartition } from './chain-watch.ts'

/** When a close stops waiting. */
export interface GivingUp {
  /** Partitions that have not closed by then are ended, µs since local midnight. */
  readonly deadline: number
  /**
   * A chain that was silent so long within the session is lost, ms. Null where past days are closed: their chains are
   * at rest, and the deadline holds whenever the day was opened. Else it holds for days that were opened before it.
   */
  readonly chainTimeoutMs: number | null
}

export interface GuardOptions extends GivingUp {
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Log
  readonly profile: MarketProfile
  readonly date: string
}

const lookMs = 1000
/** A look that came later than this could not have heard anybody meanwhile: more is not counted as silence. */
const stepMaxMs = 5 * lookMs
/** So long a partition has to close behind its deadline before the day goes without it. */
const closingMs = 60_000

/** When the day goes without the partitions that are missing, ms UTC. */
export const overdueAt = (profile: MarketProfile, date: string, deadline: number): number =>
  (dayStart(profile, date) + deadline) / 1000 + closingMs

/**
 * Ends what does not end by itself: appends ChainLost for a chain that fell silent, and Deadline to partitions that
 * have not closed in time. What it decides stands in the market log, where features workers and replays obey it.
 */
export class DayGuard {
  readonly #options: GuardOptions
  readonly #watch: ChainWatch
  readonly #closed = new Set<number>()
  /** Silence of each living chain within the session, ms. */
  readonly #silence = new Map<string, number>()

  constructor(options: GuardOptions) {
    this.#options = options
    this.#watch = new ChainWatch(options.bus, options.date)
  }

  partitionClosed(partition: number): void {
    this.#closed.add(partition)
  }

  /** Resolves when the day is to be closed without what is missing, or with the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    let before = clock.elapsed()
    while (!signal.aborted) {
      const partitions = await this.#watch.look(signal)
      if (signal.aborted) return
      const step = Math.min(clock.elapsed() - before, stepMaxMs)
      before = clock.elapsed()
      const open = partitions.filter(({ partition }) => !this.#closed.has(partition))
      await this.#loseChains(open, step)
      if (await this.#isOverdue(partitions, open)) return
      // A clock may answer an aborted sleep by a rejection.
      await clock.sleep(lookMs, signal).catch(() => undefined)
    }
  }

  async #loseChains(open: readonly WatchedPartition[], step: number): Promise<void> {
    const { chainTimeoutMs, date, log } = this.#options
    if (chainTimeoutMs === null || !this.#isInSession()) return
    const lost: Outgoing[] = []
    for (const { partition, living, heard, begun, deadlineAt, isPast } of open) {
      if (isPast || !Number.isNaN(deadlineAt)) continue
      for (const [name, chain] of living) {
        const key = `${partition} ${name}`
        const silence = heard.has(name) || !begun.has(name) ? 0 : (this.#silence.get(key) ?? 0) + step
        this.#silence.set(key, silence)
        if (silence < chainTimeoutMs) continue
        living.delete(name)
        log.error('a chain is given up for the day', { date, partition, chain: name, silentSeconds: silence / 1000 })
        lost.push(this.#record(partition, codecs.chainLost.encode({ date, partition, ...chain })))
      }
    }
    if (lost.length > 0) await this.#options.bus.publish('market', lost)
  }

  async #isOverdue(partitions: readonly WatchedPartition[], open: readonly WatchedPartition[]): Promise<boolean> {
    const { clock, date, profile, deadline, chainTimeoutMs, log } = this.#options
    const due = overdueAt(profile, date, deadline)
    const now = clock.now()
    if (now < due - closingMs) return false
    if (chainTimeoutMs !== null && !partitions.some(({ openedAt }) => openedAt < due - closingMs)) return false
    const unended = open.filter(({ deadlineAt, isPast }) => Number.isNaN(deadlineAt) && !isPast)
    if (unended.length > 0) {
      log.error('the deadline has come', { date, partitions: unended.map(({ partition }) => partition) })
      const record = ({ partition }: WatchedPartition): Outgoing =>
        this.#record(partition, codecs.deadline.encode({ date, partition }))
      await this.#options.bus.publish('market', unended.map(record))
      return false
    }
    const ended = partitions.flatMap(({ deadlineAt }) => (Number.isNaN(deadlineAt) ? [] : [deadlineAt]))
    return now >= Math.max(due - closingMs, ...ended) + closingMs
  }

  #isInSession(): boolean {
    const { clock, profile, date } = this.#options
    const local = clock.now() * 1000 - dayStart(profile, date)
    const start = profile.openingAuction?.start ?? profile.segments[0].start
    return local >= start && local < profile.sessionEnd
  }

  #record(partition: number, value: Uint8Array): Outgoing {
    return { partition, date: this.#options.date, key: 'session', value }
  }
}
