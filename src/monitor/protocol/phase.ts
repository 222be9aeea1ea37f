import type { MarketProfile } from '../../../schemas/profiles/index.ts'

/** Where a session stands by the clock of its profile. */
export type Phase = 'before' | 'opening-auction' | 'pre-open' | 'continuous' | 'break' | 'closing-auction' | 'after'

export interface SessionPoint {
  readonly phase: Phase
  /** What the countdown runs to; null after the close. */
  readonly next: 'open' | 'resume' | 'close' | null
  /** Until then, µs; 0 after the close. */
  readonly left: number
}

const minute = 60_000_000

const closeOf = (profile: MarketProfile): number =>
  profile.closingAuction?.end ?? (profile.segments.at(-1)?.end as number)

/** Phase and countdown at a time of day, µs since local midnight; before midnight of the date it is negative. */
export function sessionPoint(profile: MarketProfile, time: number): SessionPoint {
  const { segments, openingAuction, closingAuction } = profile
  const close = closeOf(profile)
  const until = (next: SessionPoint['next'], at: number, phase: Phase): SessionPoint => ({
    phase,
    next,
    left: at - time,
  })
  const open = segments[0].start
  if (time >= close) return { phase: 'after', next: null, left: 0 }
  if (time < open) {
    if (openingAuction === null || time < openingAuction.start) return until('open', open, 'before')
    return until('open', open, time < openingAuction.end ? 'opening-auction' : 'pre-open')
  }
  for (const { start, end } of segments) {
    if (time < start) return until('resume', start, 'break')
    if (time < end) return until('close', close, 'continuous')
  }
  return until('close', close, closingAuction === null ? 'break' : 'closing-auction')
}

/** µs since local midnight at which a minute of the session begins: -1 the opening auction's, n the closing one's. */
export function minuteStart(profile: MarketProfile, index: number): number {
  if (index < 0) return profile.openingAuction?.end ?? profile.segments[0].start
  let left = index
  for (const { start, end } of profile.segments) {
    const minutes = (end - start) / minute
    if (left < minutes) return start + left * minute
    left -= minutes
  }
  return closeOf(profile)
}

/** When a minute is over, µs since local midnight; that of an auction is over as it begins. */
export const minuteEnd = (profile: MarketProfile, index: number): number =>
  minuteStart(profile, index) + (index < 0 || index >= profile.minutes ? 0 : minute)

/** `HH:MM` of a time of day in µs. */
export function clockText(time: number): string {
  const minutes = Math.floor(time / minute)
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

export const minuteLabel = (profile: MarketProfile, index: number): string => clockText(minuteStart(profile, index))
