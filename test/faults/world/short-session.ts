import { clock, cn, type MarketProfile } from '../../../schemas/profiles/index.ts'

/**
 * In this process a session has four minutes in two halves with a lunch between them: all that a day is made of, at a
 * fiftieth of its rows. The simulated exchange keeps the times that it was loaded with; they are put into the short
 * session, each phase into its own.
 */
const phases: readonly (readonly [from: number, to: number])[] = [
  [clock(0), clock(0)],
  [clock(9, 15), clock(9, 27)],
  [clock(9, 25), clock(9, 29)],
  [clock(9, 30), clock(9, 30)],
  [clock(11, 30), clock(9, 32)],
  [clock(13), clock(9, 34)],
  [clock(14, 57), clock(9, 36)],
  [clock(15), clock(9, 37)],
  [clock(24), clock(24)],
]

const short: Partial<MarketProfile> = {
  segments: [
    { start: clock(9, 30), end: clock(9, 32) },
    { start: clock(9, 34), end: clock(9, 36) },
  ],
  minutes: 4,
  edgeMinutes: 1,
  lastEdgeStart: clock(9, 35),
  openingAuction: { start: clock(9, 27), cancelUntil: clock(9, 28), end: clock(9, 29) },
  closingAuction: { start: clock(9, 36), end: clock(9, 37) },
  afterHoursStart: clock(9, 38),
  sessionEnd: clock(9, 40),
}

const long = { ...cn }

/** From here on. */
export function setSession(length: 'long' | 'short'): void {
  Object.assign(cn, length === 'short' ? short : long)
}

/** Where a time of the long session, µs since midnight, lies in the short one; order is kept. */
export function shortTime(time: number): number {
  const next = phases.findIndex(([from]) => from > time)
  const [[from, to], [nextFrom, nextTo]] = [phases[next - 1], phases[next]]
  return to + Math.floor(((time - from) * (nextTo - to)) / (nextFrom - from))
}
