import { cn } from '../../schemas/profiles/index.ts'

/** Times of a simulated day, ms since local midnight. */
const ms = (microseconds: number): number => microseconds / 1000
const opening = cn.openingAuction ?? { start: 0, cancelUntil: 0, end: 0 }
const closing = cn.closingAuction ?? { start: 0, end: 0 }

export const openingStart = ms(opening.start)
export const openingCancelEnd = ms(opening.cancelUntil)
export const openingPrint = ms(opening.end)
export const closingStart = ms(closing.start)
/** The closing print bears a stamp just after the auction's end. */
export const closingPrint = ms(closing.end) + 10
/** The last snapshot, with the closing print in it. */
export const lastSnapshot = ms(closing.end) + 3_000
export const continuousMinutes = cn.minutes

/** Start of continuous minute m, ms; m = continuousMinutes is the end of the last one. */
export function minuteStart(m: number): number {
  let left = m
  for (const segment of cn.segments) {
    const minutes = (segment.end - segment.start) / 60e6
    if (left < minutes) return ms(segment.start) + left * 60_000
    left -= minutes
  }
  return closingStart
}

/** Activity of each continuous minute, mean 1: high after the open, low at noon, higher again towards the close. */
export const minuteActivity = Float64Array.from({ length: continuousMinutes }, (_, m) => {
  const open = 2.2 * Math.exp(-m / 18)
  const close = 0.9 * Math.exp((m - continuousMinutes + 1) / 22)
  return 0.75 + open + close
})
const meanActivity = minuteActivity.reduce((sum, value) => sum + value, 0) / continuousMinutes
minuteActivity.forEach((value, m) => (minuteActivity[m] = value / meanActivity))

/** Times of a day's snapshots: in the auctions and the continuous segments, ends included, and one after the close. */
export function snapshotTimes(seconds: number): Int32Array {
  const spans = [[openingStart, openingPrint], ...cn.segments.map(({ start, end }) => [ms(start), ms(end)])]
  spans[spans.length - 1][1] = ms(closing.end)
  const times: number[] = []
  for (const [start, end] of spans) for (let time = start; time <= end; time += seconds * 1000) times.push(time)
  times.push(lastSnapshot)
  return Int32Array.from(times)
}
