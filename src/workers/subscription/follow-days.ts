import { shiftDays } from '../../../schemas/calendars/index.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { Bus, Logged, Membership } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import { codecs } from '../../wire/index.ts'
import { Handover } from './handover.ts'
import { Pulse, stageAfter, type Stage } from './pulse.ts'
import { eventOf, type DayEvent, type FactorName, type RetractedEvent } from './whole-day.ts'

/** Nothing new for a while, and a worker has reported meanwhile. */
export interface HeartbeatEvent {
  readonly type: 'heartbeat'
  /** `waiting`: no later day has begun; `trading`: one has; `closing`: its panels stand in the log. */
  readonly stage: Stage
  /** The last date that was completed; empty when there is none. */
  readonly lastDate: string
  /** ms UTC. */
  readonly at: number
}

export type SubscriptionEvent = DayEvent | RetractedEvent | HeartbeatEvent

export interface FollowOptions {
  readonly bus: Bus
  readonly clock: Clock
  readonly group?: string
  readonly from: string
  readonly sets: readonly FactorName[]
  readonly signal?: AbortSignal
}

/** Days in which the newest date that was completed stands, whatever was corrected meanwhile. */
const sessionsBack = 14

export const heartbeatMs = 10_000
/** So long no worker may report before a reader is told that the deployment is dead. */
export const silentMs = 30_000

/**
 * Whole days in the order of `completed`, once per (date, revision), and a heartbeat after each ten seconds of quiet.
 * With a group, asking for the next event commits the last one; a group that has committed goes on behind it.
 * @throws ClosebellError CB_SILENT after thirty seconds without a day and without a worker's report
 */
export async function* followDays(options: FollowOptions): AsyncGenerator<SubscriptionEvent, void, undefined> {
  const { bus, clock, signal } = options
  if ((await bus.partitions('completed')) === 0) {
    throw new ClosebellError('CB_ABSENT', 'the bus has no topic of completed days', {
      remedy: 'Run closebell open or a feed first: they create the topics.',
    })
  }
  const follower = new Follower(options)
  const stop = (): void => follower.stop()
  signal?.addEventListener('abort', stop, { once: true })
  if (signal?.aborted === true) stop()
  const running = follower.run()
  try {
    const pulse = new Pulse(bus, clock)
    let pending = follower.next()
    await within(clock, pulse.look(), silentMs)
    for (;;) {
      const event = await within(clock, pending, heartbeatMs)
      if (event === null) return
      if (event !== 'quiet') {
        yield event
        pending = follower.next()
        pulse.restart()
        continue
      }
      // A bus that does not answer is as silent as a dead worker.
      const isHeard = await within(clock, pulse.look(), silentMs - pulse.silence())
      if (isHeard === true) yield { type: 'heartbeat', ...(await follower.whereabouts()), at: clock.now() }
      else if (pulse.silence() >= silentMs) throw silent(follower.lastDate)
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    stop()
    await running
  }
}

const silent = (lastDate: string): ClosebellError =>
  new ClosebellError(
    'CB_SILENT',
    `no worker has reported for ${silentMs / 1000} s; the last day that was completed is ${lastDate || 'none'}`,
  )

async function within<T>(clock: Clock, pending: Promise<T>, ms: number): Promise<T | 'quiet'> {
  const over = new AbortController()
  // A clock may end an aborted sleep by throwing; by then nobody waits for it.
  const quiet = clock.sleep(ms, over.signal).then(
    () => 'quiet' as const,
    () => 'quiet' as const,
  )
  try {
    return await Promise.race([pending, quiet])
  } finally {
    over.abort()
  }
}

/** Reads `completed` as a member of a group or alone, and hands over what is not a repeat. */
class Follower {
  private readonly options: FollowOptions
  private readonly handover = new Handover<DayEvent | RetractedEvent>()
  private readonly stopping = new AbortController()
  /** (date, revision) of the records before the next one, as far back as a repeat of them may follow. */
  private seen = new Set<string>()
  /** The last date that was completed; empty when there is none. */
  lastDate = ''

  constructor(options: FollowOptions) {
    this.options = options
  }

  next(): Promise<DayEvent | RetractedEvent | null> {
    const next = this.handover.next()
    // It may fail while a heartbeat is worked on; whoever awaits it next gets the error.
    next.catch(() => undefined)
    return next
  }

  stop(): void {
    this.handover.close()
    this.stopping.abort()
  }

  async run(): Promise<void> {
    try {
      await (this.options.group === undefined ? this.readAlone() : this.readInGroup(this.options.group))
    } catch (error) {
      this.handover.fail(error)
    }
  }

  async whereabouts(): Promise<Pick<HeartbeatEvent, 'stage' | 'lastDate'>> {
    const { lastDate } = this
    return { stage: await stageAfter(this.options.bus, lastDate), lastDate }
  }

  private async readAlone(): Promise<void> {
    const { bus, from } = this.options
    const start = await this.startAt(from)
    const { signal } = this.stopping
    for await (const messages of bus.read('completed', 0, { from: start, until: 'never', signal })) {
      for (const message of messages) if (!(await this.handOver(message))) return
    }
  }

  private async readInGroup(group: string): Promise<void> {
    const { bus, from } = this.options
    const { signal } = this.stopping
    const membership: Membership = await bus.join('completed', group, {
      assigned: async (assignments) => {
        const positions = new Map<number, number>()
        for (const { partition, committed } of assignments) {
          positions.set(partition, await this.startAt(committed?.offset ?? from))
        }
        return positions
      },
      messages: async (partition, messages) => {
        for (const message of messages) {
          if (!(await this.handOver(message))) return
          await membership.commit(partition, { offset: message.offset + 1, metadata: '' })
        }
      },
    })
    const leave = (): void => void membership.leave()
    signal.addEventListener('abort', leave, { once: true })
    if (signal.aborted) leave()
    await membership.done
  }

  /** Resolves with false when nobody takes events any more. */
  private async handOver({ date: filed, value }: Logged): Promise<boolean> {
    const completed = codecs.completed.decode(value)
    const key = `${completed.date}|${completed.revision}`
    if (!this.seen.has(key)) {
      const { bus, sets } = this.options
      if (!(await this.handover.offer(await eventOf(bus, completed, sets, filed)))) return false
      this.seen.add(key)
    }
    if (completed.date > this.lastDate) this.lastDate = completed.date
    return true
  }

  /**
   * The offset to begin at: as committed, the first of a date, or the first of the newest completed date. Dates never
   * fall along a partition, so that only records of the last sessions before the start can be repeated behind it.
   */
  private async startAt(place: number | string): Promise<number> {
    const { bus } = this.options
    const { first, next } = await bus.offsets('completed', 0)
    const start =
      typeof place === 'number'
        ? place
        : place !== 'latest'
          ? await bus.offsetOfDate('completed', 0, place)
          : first === next
            ? next
            : await bus.offsetOfDate('completed', 0, await this.dateAt(next - 1))
    this.seen = new Set()
    if (start <= first) return start
    const from = await bus.offsetOfDate('completed', 0, shiftDays(await this.dateAt(start - 1), -sessionsBack))
    for await (const messages of bus.read('completed', 0, { from, until: 'end' })) {
      for (const { offset, value } of messages) {
        if (offset >= start) return start
        const { date, revision } = codecs.completed.decode(value)
        this.seen.add(`${date}|${revision}`)
        if (date > this.lastDate) this.lastDate = date
      }
    }
    return start
  }

  private async dateAt(offset: number): Promise<string> {
    for await (const messages of this.options.bus.read('completed', 0, { from: offset, until: 'end' })) {
      if (messages[0] !== undefined) return messages[0].date
    }
    throw new ClosebellError('CB_BUS_GAP', `offset ${offset} of completed is missing`)
  }
}
