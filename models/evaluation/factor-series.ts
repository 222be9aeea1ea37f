import { minimumNames, rankIc } from './correlation.ts'

/** Sections of many days one after another. */
export interface SectionShape {
  readonly days: number
  readonly names: number
}

/**
 * RankIC of each day; NaN on a day with fewer than ten names that have both a score and an outcome.
 * @param scores [days][names]; NaN = none
 * @param outcomes [days][names] raw forward returns; NaN = none
 */
export function rankIcSeries(scores: Float64Array, outcomes: Float64Array, shape: SectionShape): Float64Array {
  return perDay(shape, (from, to) => enough(scores.subarray(from, to), outcomes.subarray(from, to)))
}

/** Spearman correlation of each day's scores with those `lag` days later: how long an order lasts. */
export function rankAutocorrelation(scores: Float64Array, lag: number, shape: SectionShape): Float64Array {
  const { days, names } = shape
  return perDay(shape, (from, to) => {
    if (to + lag * names > days * names) return NaN
    return enough(scores.subarray(from, to), scores.subarray(from + lag * names, to + lag * names))
  })
}

/** Spearman correlation of two factors' scores on each day. */
export const factorCorrelation = (a: Float64Array, b: Float64Array, shape: SectionShape): Float64Array =>
  rankIcSeries(a, b, shape)

/** Names with a score on each day. */
export function scoredNames(scores: Float64Array, shape: SectionShape): Float64Array {
  return perDay(shape, (from, to) => {
    let count = 0
    for (let at = from; at < to; at++) if (!Number.isNaN(scores[at])) count++
    return count
  })
}

function enough(scores: Float64Array, outcomes: Float64Array): number {
  let both = 0
  for (let i = 0; i < scores.length; i++) if (Number.isFinite(scores[i]) && Number.isFinite(outcomes[i])) both++
  return both < minimumNames ? NaN : rankIc(scores, outcomes)
}

function perDay({ days, names }: SectionShape, value: (from: number, to: number) => number): Float64Array {
  return Float64Array.from({ length: days }, (_, day) => value(day * names, (day + 1) * names))
}

/** Means of a daily series by calendar stretch: 7 characters of a date are its month, 4 its year. NaN days are none. */
export function meansBy(
  dates: readonly string[],
  series: ArrayLike<number>,
  characters: 4 | 7,
): readonly { readonly label: string; readonly mean: number; readonly days: number }[] {
  const sums = new Map<string, { sum: number; days: number }>()
  dates.forEach((date, day) => {
    const label = date.slice(0, characters)
    const known = sums.get(label) ?? { sum: 0, days: 0 }
    sums.set(label, known)
    if (Number.isNaN(series[day])) return
    known.sum += series[day]
    known.days++
  })
  return [...sums].map(([label, { sum, days }]) => ({ label, mean: days === 0 ? NaN : sum / days, days }))
}
