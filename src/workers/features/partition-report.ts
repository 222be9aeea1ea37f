import type { ClosebellError } from '../../../schemas/errors.ts'
import type { PartitionClosed } from '../../../schemas/rows.ts'
import type { PartitionDay } from '../../../streams/index.ts'
import type { Report } from '../status/heartbeat.ts'
import type { PartitionStream } from './partition-stream.ts'

/** So many of the chains that hold the merge back are named. */
const waitingMax = 5

/** What the worker knows of a partition beside its stream; times in ms UTC, 0 = never. */
export interface Surroundings {
  /** Of its last closed day. */
  readonly closed: PartitionClosed | undefined
  readonly snapshotAt: number
  /** Next offset of its log, append time of the message taken in last, and the clock. */
  readonly nextOffset: number
  readonly takenAt: number
  /** Why the partition stands still. */
  readonly lost: ClosebellError | undefined
  readonly now: number
}

/** What a partition's stream is at. */
export function reportOf(stream: PartitionStream, around: Surroundings): Report {
  const { day, partition } = stream
  const { closed, snapshotAt, nextOffset, takenAt, lost, now } = around
  const offset = Math.max(stream.nextOffset, 0)
  const lag = Math.max(0, nextOffset - offset)
  const behind = lag === 0 || takenAt === 0 ? 0 : Math.max(0, now - takenAt)
  const place = { partition, offset, lag, behind, snapshotAt }
  if (lost !== undefined)
    return {
      ...place,
      ...(day === null ? {} : reportOfDay(day)),
      stage: 'halted',
      detail: `${lost.code}: ${lost.fact}`,
    }
  if (day !== null) return { ...place, ...reportOfDay(day) }
  if (closed === undefined) return { ...place, stage: 'waiting', date: stream.lastClosedDate }
  return {
    ...place,
    stage: 'closed',
    date: closed.date,
    events: closed.eventsIn,
    late: closed.eventsLate,
    quarantined: closed.eventsQuarantined,
    rate: 0,
    waiting: closed.missing,
  }
}

function reportOfDay(day: PartitionDay): Report {
  const { counts, merge, nextBar, reducer } = day
  const living = merge.chains.filter((chain) => !chain.isOver).sort((a, b) => a.markTime - b.markTime)
  return {
    stage: 'streaming',
    date: day.date,
    markTime: Number.isFinite(merge.mark) ? merge.mark : 0,
    sealedTime: nextBar === 0 ? 0 : reducer.session.barEnd[nextBar - 1],
    events: counts.eventsIn,
    late: counts.eventsLate,
    quarantined: counts.eventsQuarantined,
    names: reducer.state.count,
    gaps: day.gaps,
    done: merge.chains.length - living.length,
    total: merge.chains.length,
    waiting: living.slice(0, waitingMax).map((chain) => `${chain.producer}/${chain.channel}`),
  }
}
