import type { Status } from '../../../schemas/day.ts'
import { isTradingDay } from '../../../schemas/calendars/index.ts'
import { healthOf } from '../../../schemas/limits.ts'
import { dayStart, localDate, profileOf, type MarketProfile } from '../../../schemas/profiles/index.ts'
import { sessionPoint } from '../../monitor/protocol/phase.ts'
import type { Bus } from '../../ports/bus.ts'
import { newestDate } from '../../workers/close/close-worker.ts'
import { firstRevision } from '../../workers/corrections.ts'
import { CloseWatch } from '../../workers/status/close-watch.ts'
import { livenessOf, readStatusBoard, StatusBoard } from '../../workers/status/status-board.ts'
import { EventTail } from './events.ts'
import type { CloseLine, Judged, PartitionLine, TopView, WorkerLine } from './view.ts'

const dayMs = 86_400_000

/** Reads what the topics say of a running system; each look reads only what is new. */
export class TopReader {
  readonly #bus: Bus
  readonly #deployment: string
  readonly #profile: MarketProfile
  readonly #board = new StatusBoard()
  readonly #events: EventTail
  #close: CloseWatch | null = null

  constructor(bus: Bus, deployment: string, profile: string) {
    this.#bus = bus
    this.#deployment = deployment
    this.#profile = profileOf(profile)
    this.#events = new EventTail(bus)
  }

  /** `now` ms UTC. */
  async look(now: number): Promise<TopView> {
    await readStatusBoard(this.#bus, this.#board)
    const date = await newestDate(this.#bus)
    const partitions = await this.#bus.partitions('market')
    const context = { now, profile: this.#profile, date }
    const lines = Array.from({ length: partitions }, (_, partition) => {
      const status = this.#board.reports('features').find((report) => report.partition === partition)
      return status === undefined ? absentPartition(partition) : partitionLine(status, context)
    })
    const workers = this.#board.reports().filter(({ worker }) => worker !== 'features')
    return {
      deployment: this.#deployment,
      at: now,
      utcOffsetMinutes: this.#profile.utcOffsetMinutes,
      date,
      ...sessionOf(this.#profile, now),
      partitions: lines,
      workers: workers.map((status) => workerLine(status, now)),
      close: date === '' ? null : await this.#closeLine(date, workers),
      events: await this.#events.look(this.#board.reports(), now),
    }
  }

  async #closeLine(date: string, workers: readonly Status[]): Promise<CloseLine> {
    if (this.#close?.of.date !== date) this.#close = new CloseWatch(this.#bus, firstRevision(date))
    const progress = await this.#close.look()
    const told = workers.find((status) => status.worker === 'close' && status.date === date && status.deadline > 0)
    return { ...progress, deadline: progress.completed === null ? (told?.deadline ?? null) : null }
  }
}

interface Surroundings {
  readonly now: number
  readonly profile: MarketProfile
  readonly date: string
}

function sessionOf(profile: MarketProfile, now: number): Pick<TopView, 'phase' | 'countdown'> {
  const date = localDate(profile, now)
  if (!isTradingDay(profile, date)) return { phase: 'closed', countdown: null }
  const { phase, next, left } = sessionPoint(profile, now * 1000 - dayStart(profile, date))
  return { phase, countdown: next === null ? null : { to: next, seconds: Math.floor(left / 1e6) } }
}

const known = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** A count, judged by its share of all; where nothing came in there is nothing to judge. */
const counted = (measure: 'late' | 'quarantined' | 'gaps', count: number, all: number): Judged => ({
  value: count,
  health: healthOf(measure, count === 0 ? 0 : all > 0 ? count / all : NaN),
})

function partitionLine(status: Status, { now, profile }: Surroundings): PartitionLine {
  const { partition, stage, date, markTime, events, late, quarantined, names, gaps, snapshotAt } = status
  const liveness = livenessOf(status, now)
  const lag = lagSeconds(status, now, profile)
  return {
    partition,
    stage,
    date,
    mark: markTime > 0 ? markTime / 1000 : null,
    lagSeconds: { value: known(lag), health: healthOf('lag', lag) },
    messagesBehind: status.lag,
    eventsPerSecond: liveness === 'live' ? status.rate : 0,
    events,
    late: counted('late', late, events),
    gaps: counted('gaps', gaps, names),
    quarantined: counted('quarantined', quarantined, events),
    owner: status.owner,
    liveness,
    snapshotAgeSeconds: snapshotAt > 0 ? (now - snapshotAt) / 1000 : null,
    waiting: status.waiting,
  }
}

/** The mark behind the clock on the day itself; on past days, whose clock is over, how long the log has waited. */
function lagSeconds({ stage, date, markTime, lag, behind }: Status, now: number, profile: MarketProfile): number {
  if (stage !== 'streaming') return NaN
  const sinceMidnight = now - dayStart(profile, date) / 1000
  if (sinceMidnight >= 0 && sinceMidnight < dayMs) {
    const { phase } = sessionPoint(profile, sinceMidnight * 1000)
    return phase === 'before' || phase === 'break' || markTime === 0 ? NaN : (now - markTime / 1000) / 1000
  }
  return lag === 0 ? NaN : behind / 1000
}

const nothing: Judged = { value: null, health: 'unknown' }

const absentPartition = (partition: number): PartitionLine => ({
  partition,
  stage: '',
  date: '',
  mark: null,
  lagSeconds: nothing,
  messagesBehind: 0,
  eventsPerSecond: 0,
  events: 0,
  late: nothing,
  gaps: nothing,
  quarantined: nothing,
  owner: '',
  liveness: 'absent',
  snapshotAgeSeconds: null,
  waiting: [],
})

function workerLine(status: Status, now: number): WorkerLine {
  const { worker, stage, date, lag, behind, detail, owner, reportedAt, waiting } = status
  const isSink = worker === 'sink'
  return {
    worker,
    stage,
    date,
    messagesBehind: lag,
    behindSeconds: isSink ? { value: behind / 1000, health: healthOf('store', behind / 1000) } : nothing,
    detail,
    owner,
    liveness: livenessOf(status, now),
    reportedAt,
    waiting,
  }
}
