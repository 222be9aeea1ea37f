import type { DaySample } from '../sample.ts'

/** Samples of a span in time order, each built when it is asked for: a full market's years do not fit in memory. */
export interface DaySeries {
  readonly count: number
  /** @param day 0 … count − 1 */
  sample(day: number): DaySample
}

/** Samples that are there already, as a series. */
export const seriesOf = (days: readonly DaySample[] | DaySeries): DaySeries =>
  'sample' in days ? days : { count: days.length, sample: (day) => days[day] }

/** Every k-th day of a series. */
export const everyOf = (days: DaySeries, every: number, first: number): DaySeries => ({
  count: Math.max(0, Math.ceil((days.count - first) / every)),
  sample: (day) => days.sample(first + day * every),
})
