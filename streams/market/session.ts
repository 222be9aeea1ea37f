import { dayStart, type MarketProfile } from '../../schemas/profiles/index.ts'

/**
 * The clock of one trading day: which bar an event belongs to and when a bar is sealed.
 * Bars are numbered 0 (opening auction), 1..n (continuous minutes), n+1 (closing auction); minute m is bar m+1.
 * All times are epoch µs UTC.
 */
export interface Session {
  readonly date: string
  readonly profile: MarketProfile
  /** Local midnight. */
  readonly midnight: number
  readonly bars: number
  /** First bar of "the last E minutes by the clock". */
  readonly lastEdgeBar: number
  readonly barStart: Float64Array
  readonly barEnd: Float64Array
  /** When the merge has passed this time the bar is sealed. */
  readonly sealTime: Float64Array
}

const minute = 60_000_000
/** Exchanges stamp the last prints of a phase up to a second or two behind its end. */
const endGrace = 5_000_000

export function openSession(profile: MarketProfile, date: string): Session {
  const midnight = dayStart(profile, date)
  const bars = profile.minutes + 2
  const barStart = new Float64Array(bars)
  const barEnd = new Float64Array(bars)
  const sealTime = new Float64Array(bars)
  let bar = 1
  for (const segment of profile.segments) {
    for (let start = segment.start; start < segment.end; start += minute, bar++) {
      barStart[bar] = midnight + start
      barEnd[bar] = midnight + start + minute
      sealTime[bar] = barEnd[bar] + (start + minute >= segment.end ? endGrace : 0)
    }
  }
  const first = midnight + profile.segments[0].start
  barStart[0] = midnight + (profile.openingAuction?.end ?? profile.segments[0].start)
  barEnd[0] = first
  sealTime[0] = first
  const last = bars - 1
  const close = midnight + (profile.closingAuction?.end ?? (profile.segments.at(-1)?.end as number))
  barStart[last] = close
  barEnd[last] = close
  sealTime[last] = close + minute
  const edge = midnight + profile.lastEdgeStart
  return {
    date,
    profile,
    midnight,
    bars,
    lastEdgeBar: barStart.findIndex((start, i) => i > 0 && start >= edge),
    barStart,
    barEnd,
    sealTime,
  }
}

/** Continuous segment that a time lies in, -1 outside: segments are [start, end). */
export function segmentAt(session: Session, time: number): number {
  const local = time - session.midnight
  const segments = session.profile.segments
  for (let i = 0; i < segments.length; i++) if (local >= segments[i].start && local < segments[i].end) return i
  return -1
}

/**
 * Bar of a trade; -1 for after-hours prints. Auction prints are those the feed flags, else by time: before the first
 * segment the opening auction, from the closing auction's start on the closing one. A print that is not an auction's
 * and stands at or after a segment's end belongs to the last minute of that segment.
 */
export function barOfTrade(session: Session, time: number, flagged: boolean, feedStatesAuctions: boolean): number {
  const { segments, closingAuction, afterHoursStart } = session.profile
  const local = time - session.midnight
  if (local >= afterHoursStart) return -1
  if (local < segments[0].start) return 0
  if (flagged || (!feedStatesAuctions && closingAuction !== null && local >= closingAuction.start))
    return session.bars - 1
  let bar = 1
  for (let i = 0; i < segments.length; i++) {
    const { start, end } = segments[i]
    const minutes = (end - start) / minute
    if (local < end) return bar + Math.max(0, Math.floor((local - start) / minute))
    const next = segments[i + 1]
    if (next === undefined || local < next.start) return bar + minutes - 1
    bar += minutes
  }
  return session.bars - 1
}

/**
 * Where the merge is in the day. Bar and segment are the same throughout a minute, since every phase begins and ends on
 * one, so they are looked up once a minute and not once an event.
 */
export class SessionClock {
  /** Continuous segment of the minute, -1 outside. */
  segment = -1
  /** Bar of a trade in the minute by its auction bits: flagged 1, the feed states auctions 2. */
  readonly bars = new Int32Array(4)
  private readonly session: Session
  /** The minute, from and to. */
  private readonly span = new Float64Array(2)

  constructor(session: Session) {
    const { segments, openingAuction, closingAuction, afterHoursStart } = session.profile
    const phases = [...segments, openingAuction, closingAuction].flatMap((phase) => (phase === null ? [] : [phase]))
    const edges = [afterHoursStart, ...phases.flatMap(({ start, end }) => [start, end])]
    if (edges.some((edge) => edge % minute !== 0 && edge !== Number.POSITIVE_INFINITY))
      throw new RangeError(`a phase of profile ${session.profile.name} begins or ends within a minute`)
    this.session = session
  }

  /** Goes to the time of row `i`, which is given by its place, since a number may need memory of its own. */
  seek(batch: { readonly baseTime: number; readonly time: Int32Array }, i: number): void {
    const now = batch.baseTime + batch.time[i]
    if (now < this.span[0] || now >= this.span[1]) this.enter(now)
  }

  private enter(now: number): void {
    const { session, span, bars } = this
    span[0] = session.midnight + Math.floor((now - session.midnight) / minute) * minute
    span[1] = span[0] + minute
    this.segment = segmentAt(session, now)
    for (let bits = 0; bits < bars.length; bits++)
      bars[bits] = barOfTrade(session, now, (bits & 1) !== 0, (bits & 2) !== 0)
  }
}
