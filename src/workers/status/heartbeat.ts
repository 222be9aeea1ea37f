import type { Status } from '../../../schemas/day.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { Bus } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { codecs } from '../../wire/index.ts'

/** What a worker knows of itself; what it leaves out is 0, empty or -1. */
export type Report = Partial<Omit<Status, 'worker' | 'owner' | 'reportedAt' | 'interval'>> & { readonly stage: string }

/** What a worker answers at `now`, ms UTC. */
export type Reports = (now: number) => readonly Report[] | Promise<readonly Report[]>

/** Whoever runs work tells through this when its state has changed. */
export interface Heartbeat {
  /** Name of the process. */
  readonly owner: string
  /** Who is asked at every beat, until the next call. */
  watch(reports: Reports): void
  /** The state has changed: readers need not wait for the next beat. */
  beat(): void
  /** A last beat, which says that the worker stopped. */
  stop(): Promise<void>
}

export interface HeartbeatOptions {
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Log
  readonly worker: string
  /** Name of the process, such as `features@host:4211`. */
  readonly owner: string
  readonly intervalMs: number
}

/** What a report leaves out. */
export const unreported: Omit<Status, 'worker' | 'owner' | 'reportedAt' | 'interval' | 'stage'> = {
  date: '',
  partition: -1,
  offset: 0,
  lag: 0,
  markTime: 0,
  detail: '',
  events: 0,
  rate: 0,
  late: 0,
  quarantined: 0,
  names: 0,
  gaps: 0,
  sealedTime: 0,
  snapshotAt: 0,
  done: 0,
  total: 0,
  deadline: 0,
  waiting: [],
  behind: 0,
}

/**
 * Publishes a worker's state to `status` every interval and at each change. It is for people who watch, and for a close
 * worker that must not be the second: nothing that is computed reads it, a failed beat costs no work, and it says so
 * once. On a tape one process may write the topic; the others stay silent, and readers take what the other topics say.
 */
export function startHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { clock, intervalMs } = options
  const publisher = new StatusPublisher(options)
  const stopping = new AbortController()
  let wake = new AbortController()
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      wake = new AbortController()
      await publisher.publish()
      if (stopping.signal.aborted) return
      // A clock may answer an aborted sleep by a rejection.
      await clock.sleep(intervalMs, AbortSignal.any([wake.signal, stopping.signal])).catch(() => undefined)
    }
  }
  const running = run()
  return {
    owner: options.owner,
    watch: (reports) => {
      publisher.reports = reports
      wake.abort()
    },
    beat: () => wake.abort(),
    stop: async () => {
      stopping.abort()
      await running
      await publisher.publish({ stage: stoppedStage, rate: 0 })
    },
  }
}

class StatusPublisher {
  reports: Reports = () => []
  readonly #options: HeartbeatOptions
  #trouble: 'none' | 'failed' | 'silenced' = 'none'
  /** Events of each partition at an earlier beat, and the rate since then. */
  readonly #before = new Map<string, { readonly events: number; readonly at: number; readonly rate: number }>()

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  async publish(last: Partial<Report> = {}): Promise<void> {
    const { bus, clock, log, worker, owner } = this.#options
    try {
      const reports = await this.reports(clock.now())
      if (reports.length === 0) return
      // Taken last: the doctor compares it with the broker's own stamp.
      const reportedAt = clock.now()
      // Filed under the day of the report: along a partition dates never fall, whichever past day is worked on.
      const date = new Date(reportedAt).toISOString().slice(0, 10)
      await bus.publish(
        'status',
        reports.map((report) => {
          const key = `${worker}|${report.partition ?? -1}|${owner}`
          return {
            partition: 0,
            date,
            key,
            value: codecs.status.encode(this.#statusOf({ ...report, ...last }, key, reportedAt)),
          }
        }),
      )
      this.#trouble = 'none'
    } catch (error) {
      const isSilenced = error instanceof ClosebellError && error.code === 'CB_BUS_CONFLICT'
      const trouble = isSilenced ? 'silenced' : 'failed'
      if (trouble === this.#trouble) return
      this.#trouble = trouble
      if (isSilenced) log.info('no heartbeats: another process writes them on this tape')
      else log.warn('a heartbeat was not published', { reason: (error as Error).message })
    }
  }

  #statusOf(report: Report, key: string, reportedAt: number): Status {
    const { worker, owner, intervalMs } = this.#options
    const rate = this.#rateOf(key, report.events ?? 0)
    return { ...unreported, rate, ...report, worker, owner, reportedAt, interval: intervalMs / 1000 }
  }

  /** Beats at changes may follow each other at once: over less than a second the rate before them stands. */
  #rateOf(key: string, events: number): number {
    const at = this.#options.clock.elapsed()
    const before = this.#before.get(key)
    if (before !== undefined && at - before.at < 1000) return before.rate
    const rate = before === undefined ? 0 : Math.max(0, (1000 * (events - before.events)) / (at - before.at))
    this.#before.set(key, { events, at, rate })
    return rate
  }
}

/** Time between two beats unless something changes. */
export const heartbeatIntervalMs = 2000

/** Stage of the last beat of a worker that ended in order. */
export const stoppedStage = 'stopped'
