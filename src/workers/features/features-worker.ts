import { join } from 'node:path'
import { from, lastValueFrom, map, reduce, takeWhile, tap } from 'rxjs'
import { shiftDays } from '../../../schemas/calendars/index.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import { profileOf } from '../../../schemas/profiles/index.ts'
import type { FlowSizing } from '../../../schemas/rows.ts'
import type { TopicName } from '../../../schemas/topics.ts'
import { restoreDay, saveDay, type DaySettings } from '../../../streams/index.ts'
import type { Assignment, Bus, Logged, Membership, Outgoing } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Disk } from '../../ports/disk.ts'
import type { Log } from '../../ports/log.ts'
import { allSchemas, sha256 } from '../../wire/index.ts'
import type { PartitionClosed } from '../../../schemas/rows.ts'
import { codeVersion, fingerprints } from '../fingerprints.ts'
import type { Heartbeat, Report } from '../status/heartbeat.ts'
import { encodeOutputs, type Addressed } from './encode-outputs.ts'
import { localDisk } from './local-disk.ts'
import { reportOf } from './partition-report.ts'
import { PartitionStream, type StreamOutput } from './partition-stream.ts'
import { firstOpenDate, lastClosedDate, lostBeginning } from './positions.ts'
import { Revisions } from './revisions.ts'
import { encodeSnapshot, isShortage, readSnapshot, writeSnapshot, type SnapshotIdentity } from './snapshot.ts'

export interface FeaturesOptions {
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Log
  readonly profile: string
  readonly sizing: FlowSizing
  /** Folder of the snapshots; without one the worker re-reads the day after a restart. */
  readonly state?: string
  /** Where that folder lies; this machine's disk unless given. */
  readonly disk?: Disk
  /** A snapshot is written when this much time has passed since the last one, ms. */
  readonly snapshotIntervalMs: number
  /**
   * `until-close`: leave when `date` (without one: the first day that is not closed) is closed on every partition, and
   * the corrections are made that stood behind it when an own one was assigned.
   */
  readonly end: 'until-close' | 'never'
  readonly date?: string
  /** With `date`: days from here on are worked on, up to `date`. */
  readonly firstDate?: string
  readonly minuteRows: boolean
  readonly signal?: AbortSignal
  /** Is told what each partition is at; rows do not depend on it. */
  readonly heartbeat?: Heartbeat
}

export interface FeaturesSummary {
  date: string
  messages: number
  events: number
  rows: number
  quarantined: number
  late: number
  /** Dates that were closed on a partition. */
  closed: string[]
  /** Later revisions of closed dates, as `date r2`. */
  corrected: string[]
  /** Where the next start reads on, by partition. */
  resumesAt: Record<number, number>
  /** Snapshots that the disk had no room for. */
  snapshotsMissed: number
}

const schemasHash = sha256(JSON.stringify(allSchemas), JSON.stringify(fingerprints)).slice(0, 16)

/** Of a worker that has done nothing yet. */
export const emptySummary = (): FeaturesSummary => ({
  date: '',
  messages: 0,
  events: 0,
  rows: 0,
  quarantined: 0,
  late: 0,
  closed: [],
  corrected: [],
  resumesAt: {},
  snapshotsMissed: 0,
})

/** How often the partitions of others are looked at. */
const othersPollMs = 200

/** Order in which topics are written: PartitionClosed, in `days`, may only follow everything else of its day. */
const publishOrder: readonly TopicName[] = ['quarantine', 'late', 'minutes', 'days']

/**
 * The features worker: owns partitions of the market topic, reduces them, emits rows, keeps snapshots.
 * The state of a partition is a pure function of its log, so it stays good however often partitions move.
 */
export class FeaturesWorker {
  private readonly options: FeaturesOptions
  private readonly settings: DaySettings
  private readonly disk: Disk
  private readonly streams = new Map<number, PartitionStream>()
  private readonly closed = new Set<number>()
  /** Partitions that stand still, since records that they had not read are gone. */
  private readonly lost = new Map<number, ClosebellError>()
  private readonly keptAt = new Map<number, number>()
  /** For the heartbeat: counts of the last closed day; when a snapshot was written and a message appended, ms UTC. */
  private readonly closings = new Map<number, PartitionClosed>()
  private readonly snapshotAt = new Map<number, number>()
  private readonly takenAt = new Map<number, number>()
  private readonly revisions: Revisions
  /** With an end: up to where a partition was read, and is to be read at least. */
  private readonly readUpTo = new Map<number, number>()
  private readonly readToEnd = new Map<number, number>()
  private failure: { readonly error: unknown } | null = null
  /** null until the first assignment. */
  private owned: readonly number[] | null = null
  private membership: Membership | null = null
  private isAwaitingOthers = false
  private target = ''
  readonly summary = emptySummary()

  constructor(options: FeaturesOptions) {
    this.options = options
    const { sizing, minuteRows, disk = localDisk } = options
    this.disk = disk
    this.settings = { profile: profileOf(options.profile), sizing, fingerprints, minuteRows }
    this.revisions = new Revisions({
      ...options,
      settings: this.settings,
      publish: (addressed) => this.publish(addressed),
      onSettled: (failure) => this.settled(failure),
    })
    this.summary.corrected = this.revisions.made
  }

  async run(): Promise<FeaturesSummary> {
    const { bus, clock, date, firstDate, end, signal } = this.options
    if (end === 'until-close') this.target = date ?? (await firstOpenDate(bus, clock, signal))
    this.summary.date = this.target
    if (signal?.aborted === true) return this.summary
    const membership = await bus.join(
      'market',
      date === undefined ? 'features' : `features-${firstDate === undefined ? '' : `${firstDate}-`}${date}`,
      {
        assigned: (assignments) => this.assigned(assignments),
        messages: (partition, messages) => this.messages(partition, messages),
        lost: (partition, { fact }) => this.lose(partition, fact),
      },
    )
    this.membership = membership
    const leave = (): void => void membership.leave()
    signal?.addEventListener('abort', leave, { once: true })
    this.leaveWhenClosed()
    await membership.done
    signal?.removeEventListener('abort', leave)
    await this.revisions.settled()
    if (this.failure !== null) throw this.failure.error
    const [lost] = this.lost.values()
    if (lost !== undefined) throw lost
    return this.summary
  }

  private settled(failure?: { readonly error: unknown }): void {
    if (failure === undefined) return this.leaveWhenClosed()
    this.failure = failure
    void this.membership?.leave()
  }

  private lose(partition: number, fact: string): void {
    if (this.lost.has(partition)) return
    const error = new ClosebellError('CB_OFFSET_LOST', fact)
    this.lost.set(partition, error)
    this.options.log.error('a partition stands still', { partition, code: error.code, fact })
    this.options.heartbeat?.beat()
    this.leaveWhenClosed()
  }

  private async assigned(assignments: readonly Assignment[]): Promise<ReadonlyMap<number, number>> {
    const positions = new Map<number, number>()
    for (const assignment of assignments) {
      const offset = await this.position(assignment)
      positions.set(assignment.partition, offset)
      this.readUpTo.set(assignment.partition, offset)
      if (this.target !== '') this.readToEnd.set(assignment.partition, await this.endOfTarget(assignment.partition))
      const isFresh = this.streams.get(assignment.partition)?.nextOffset === -1
      const lost = isFresh ? await lostBeginning(this.options.bus, assignment.partition, offset, this.target) : null
      if (lost !== null) this.lose(assignment.partition, lost)
      this.summary.resumesAt[assignment.partition] ??= offset
    }
    this.owned = [...positions.keys()]
    this.options.heartbeat?.watch((now) => this.reports(now))
    this.leaveWhenClosed()
    return positions
  }

  /** Where a partition is read from: its state in memory, its snapshot, or the record that opened its day. */
  private async position({ partition, committed }: Assignment): Promise<number> {
    const { bus, date, firstDate } = this.options
    if (this.target !== '' && (await lastClosedDate(bus, partition)) >= this.target) this.closed.add(partition)
    const known = this.streams.get(partition)
    if (known !== undefined && known.nextOffset >= 0) return known.nextOffset
    const stream = new PartitionStream(partition, this.settings)
    this.streams.set(partition, stream)
    this.keptAt.set(partition, this.options.clock.elapsed())
    const snapshot = await this.restore(partition)
    if (snapshot !== null && snapshot.nextOffset >= (committed?.offset ?? 0)) {
      stream.resume(snapshot.day, snapshot.openedOffset, snapshot.past, snapshot.nextOffset)
      return snapshot.nextOffset
    }
    if (committed !== null) return committed.metadata === '' ? committed.offset : Number(committed.metadata)
    if (date !== undefined) return bus.offsetOfDate('market', partition, firstDate ?? date)
    return (await bus.offsets('market', partition)).first
  }

  /** Where the session of the target ends, as far as it is logged. */
  private async endOfTarget(partition: number): Promise<number> {
    const { bus } = this.options
    const { next } = await bus.offsets('market', partition)
    return Math.min(next, await bus.offsetOfDate('market', partition, shiftDays(this.target, 1)))
  }

  private async restore(partition: number) {
    const file = this.snapshotFile(partition)
    if (file === null) return null
    try {
      const snapshot = await readSnapshot(this.disk, file, this.identity(partition))
      if (snapshot === null) return null
      return { ...snapshot, day: snapshot.day === null ? null : restoreDay(snapshot.day, this.settings) }
    } catch (error) {
      this.options.log.warn('snapshot not used, the day is read again', { partition, reason: (error as Error).message })
      return null
    }
  }

  private snapshotFile(partition: number): string | null {
    const { state, date } = this.options
    return state === undefined
      ? null
      : join(state, `market-${partition}${date === undefined ? '' : `-${date}`}.snapshot`)
  }

  private identity(partition: number): SnapshotIdentity {
    return {
      partition,
      sizing: this.options.sizing,
      codeVersion,
      engine: process.versions.v8.split('.')[0],
      schemas: schemasHash,
    }
  }

  private async messages(partition: number, messages: readonly Logged[]): Promise<void> {
    const stream = this.streams.get(partition)
    const last = messages.at(-1)
    if (stream === undefined || last === undefined || this.lost.has(partition)) return
    await this.revisions.before(partition, last.date)
    const isOpen = !this.closed.has(partition)
    if (isOpen) await this.reduce(partition, stream, messages)
    this.revisions.start(partition, messages, stream.day?.date ?? stream.lastClosedDate)
    this.readUpTo.set(partition, last.offset + 1)
    if (isOpen && !this.revisions.isPending(partition)) await this.keep(partition, stream)
    this.leaveWhenClosed()
  }

  private async reduce(partition: number, stream: PartitionStream, messages: readonly Logged[]): Promise<void> {
    const addressed = await lastValueFrom(
      from(messages).pipe(
        map((message) => stream.take(message)),
        tap((outputs) => this.count(partition, outputs)),
        takeWhile(() => !this.closed.has(partition), true),
        reduce((all: StreamOutput[], outputs) => (all.push(...outputs), all), []),
        map((outputs) => encodeOutputs(outputs, partition)),
      ),
    )
    await this.publish(addressed)
    this.takenAt.set(partition, messages.at(-1)?.appendedAt ?? 0)
  }

  private count(partition: number, outputs: readonly StreamOutput[]): void {
    const { summary } = this
    summary.messages += 1
    for (const output of outputs) {
      if (output.kind === 'minuteRows') summary.rows += output.value.count
      else if (output.kind === 'dayRow') summary.rows += 1
      else if (output.kind === 'late') summary.late += 1
      else if (output.kind === 'partitionClosed') {
        this.closings.set(partition, output.value)
        if (!summary.closed.includes(output.value.date)) summary.closed.push(output.value.date)
        this.options.heartbeat?.beat()
        summary.events += output.value.eventsIn
        summary.quarantined += output.value.eventsQuarantined
        if (this.target !== '' && output.value.date >= this.target) this.closed.add(partition)
      }
    }
  }

  private async publish(addressed: readonly Addressed[]): Promise<void> {
    for (const topic of publishOrder) {
      const messages: Outgoing[] = addressed.filter((entry) => entry.topic === topic).map((entry) => entry.message)
      if (messages.length > 0) await this.options.bus.publish(topic, messages)
    }
  }

  /**
   * Once everything that was emitted is acknowledged: a snapshot when one is due, then the commit. Without room for the
   * snapshot the last one and its offset stay, and the next is tried an interval later.
   */
  private async keep(partition: number, stream: PartitionStream): Promise<void> {
    const { clock, log, snapshotIntervalMs } = this.options
    const file = this.snapshotFile(partition)
    const isBetweenDays = stream.day === null
    const isDue = isBetweenDays || clock.elapsed() - (this.keptAt.get(partition) ?? 0) >= snapshotIntervalMs
    if (!isDue) return
    const { nextOffset, past } = stream
    // Also between days: what follows a cut is judged by what stands before it.
    const openedOffset = stream.openedOffset < 0 ? nextOffset : stream.openedOffset
    this.keptAt.set(partition, clock.elapsed())
    if (file !== null) {
      const day = stream.day === null ? null : saveDay(stream.day)
      const snapshot = encodeSnapshot(this.identity(partition), { nextOffset, openedOffset, past, day })
      try {
        await writeSnapshot(this.disk, file, snapshot)
      } catch (error) {
        if (!isShortage(error)) throw error
        this.summary.snapshotsMissed += 1
        log.warn('no room for a snapshot, the last one stays', { partition, reason: (error as Error).message })
        return
      }
      this.snapshotAt.set(partition, clock.now())
    }
    const offset = file === null ? openedOffset : nextOffset
    await this.membership?.commit(partition, { offset, metadata: String(openedOffset) })
    this.summary.resumesAt[partition] = offset
  }

  private reports(now: number): Promise<Report[]> {
    const reports = (this.owned ?? []).map(async (partition) => {
      const stream = this.streams.get(partition) ?? new PartitionStream(partition, this.settings)
      const { next } = await this.options.bus.offsets('market', partition)
      return reportOf(stream, {
        closed: this.closings.get(partition),
        snapshotAt: this.snapshotAt.get(partition) ?? 0,
        nextOffset: next,
        takenAt: this.takenAt.get(partition) ?? 0,
        lost: this.lost.get(partition),
        now,
      })
    })
    return Promise.all(reports)
  }

  /**
   * A service goes on for as long as one of its partitions can; a day's worker ends when none has more to do, those of
   * others among them: while members come and go a partition may be nobody's.
   */
  private leaveWhenClosed(): void {
    if (this.options.end === 'never') {
      if (this.lost.size > 0 && this.isIdle()) void this.membership?.leave()
    } else if (!this.isAwaitingOthers && this.isIdle()) {
      this.isAwaitingOthers = true
      this.leaveAfterOthers().catch((error: unknown) => this.settled({ error }))
    }
  }

  private async leaveAfterOthers(): Promise<void> {
    const { bus, clock, signal } = this.options
    const partitions = await bus.partitions('market')
    while (this.isIdle() && signal?.aborted !== true) {
      let open = 0
      for (let p = 0; p < partitions; p++) {
        if (this.closed.has(p) || this.lost.has(p)) continue
        if ((await lastClosedDate(bus, p)) >= this.target) this.closed.add(p)
        else open++
      }
      if (open === 0 && this.isIdle()) return this.membership?.leave()
      await clock.sleep(othersPollMs, signal)
    }
    this.isAwaitingOthers = false
  }

  /** Whether no partition of its own has more to do. */
  private isIdle(): boolean {
    const isService = this.options.end === 'never'
    const isOver = (partition: number): boolean => this.lost.has(partition) || (!isService && this.isDone(partition))
    return this.membership !== null && this.owned !== null && this.owned.every(isOver)
  }

  private isDone(partition: number): boolean {
    const isRead = (this.readUpTo.get(partition) ?? -1) >= (this.readToEnd.get(partition) ?? 0)
    return this.closed.has(partition) && isRead && !this.revisions.isPending(partition)
  }
}
