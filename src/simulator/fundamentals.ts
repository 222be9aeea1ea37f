import { nextTradingDay } from '../../schemas/calendars/index.ts'
import { Random } from './random.ts'
import { standardise } from './section.ts'
import { fundamentalWeights } from './signal.ts'
import type { Instrument } from './universe.ts'

export const indicatorCount = 36

/** One quarterly report as it became known. */
export interface FundamentalReport {
  readonly instrument: number
  /** Quarter that it reports, as 2023Q4. */
  readonly period: string
  /** Day of the announcement, after the close. */
  readonly announced: string
  /** First trading day on which it may be used. */
  readonly usable: string
  /** The 36 indicators in their order, NaN = the statement lacks the line. */
  readonly values: Float64Array
}

/**
 * Indicators of each of the nine dimensions, in their order: growth, profitability, quality, solvency, capital
 * structure, turnover, goodwill, R&D, valuation.
 */
const dimensionSizes = [5, 5, 4, 4, 4, 4, 2, 3, 5]
const dimensionOf = dimensionSizes.flatMap((size, dimension) => Array.from({ length: size }, () => dimension))

/** Typical value and spread of each indicator. */
const scales: readonly (readonly [mean: number, spread: number])[] = [
  [0.08, 0.2], [0.06, 0.3], [0.05, 0.3], [0.05, 0.5], [0.07, 0.12],
  [0.08, 0.08], [0.04, 0.04], [0.28, 0.15], [0.08, 0.09], [0.07, 0.06],
  [0.9, 0.8], [0.01, 0.06], [0.85, 0.15], [-0.02, 0.2],
  [1.8, 0.8], [1.3, 0.7], [0.25, 0.3], [6, 5],
  [0.45, 0.18], [0.3, 0.15], [0.1, 0.08], [-2.1, 0.8],
  [0.65, 0.35], [5, 3], [6, 4], [3, 2],
  [-0.05, 0.05], [-0.03, 0.03],
  [0.04, 0.03], [0.01, 0.01], [0.8, 0.2],
  [0.05, 0.03], [0.5, 0.25], [0.5, 0.4], [0.06, 0.06], [0.02, 0.015],
] // prettier-ignore

/** Banks have no gross margin (f08) and no inventory (f24). */
const linesThatBanksLack = [7, 23]

/** Deviations: of a name from its group, of an indicator from its name's dimension, of a quarter from the indicator. */
const nameSpread = 0.25
const indicatorSpread = 0.25
const quarterSpread = 0.1

interface Quarter {
  readonly period: string
  readonly end: string
  readonly deadline: string
}

function quartersBetween(from: string, to: string): Quarter[] {
  const ends = ['03-31', '06-30', '09-30', '12-31']
  const deadlines = ['04-30', '08-31', '10-31', '04-30']
  const quarters: Quarter[] = []
  for (let year = Number(from.slice(0, 4)) - 1; year <= Number(to.slice(0, 4)); year++) {
    for (let quarter = 0; quarter < 4; quarter++) {
      const deadlineYear = quarter === 3 ? year + 1 : year
      quarters.push({
        period: `${year}Q${quarter + 1}`,
        end: `${year}-${ends[quarter]}`,
        deadline: `${deadlineYear}-${deadlines[quarter]}`,
      })
    }
  }
  return quarters
}

const dayMs = 86_400_000
const daysOf = (date: string): number => Date.parse(`${date}T00:00:00Z`) / dayMs
const dateOf = (days: number): string => new Date(days * dayMs).toISOString().slice(0, 10)

/**
 * Quarterly reports announced in [from, to], ascending by (usable, symbol). Fifteen days after the quarter's end at the
 * earliest, at the legal deadline at the latest; persistent from quarter to quarter, alike within a financial group.
 */
export function drawFundamentals(
  seed: number,
  instruments: readonly Instrument[],
  from: string,
  to: string,
): FundamentalReport[] {
  const random = new Random(seed, 2)
  const groups = 1 + Math.max(...instruments.map(({ group }) => group))
  const centres = Array.from({ length: groups }, () => dimensionSizes.map(() => random.normal()))
  const quarters = quartersBetween(from, to)
  const reports: FundamentalReport[] = []
  instruments.forEach(({ group, industry }, instrument) => {
    const dimensions = centres[group].map((centre) => centre + nameSpread * random.normal())
    const levels = dimensionOf.map((dimension) => dimensions[dimension] + indicatorSpread * random.normal())
    for (const { period, end, deadline } of quarters) {
      const values = Float64Array.from(levels, (level, place) => {
        const [mean, spread] = scales[place]
        return mean + spread * (level + quarterSpread * random.normal())
      })
      if (industry === 'banks') for (const place of linesThatBanksLack) values[place] = NaN
      const earliest = daysOf(end) + 15
      const announced = dateOf(earliest + random.below(daysOf(deadline) - earliest + 1))
      if (announced < from || announced > to) continue
      reports.push({ instrument, period, announced, usable: nextTradingDay('cn', announced), values })
    }
  })
  return reports.sort((a, b) => (a.usable < b.usable ? -1 : a.usable > b.usable ? 1 : a.instrument - b.instrument))
}

/**
 * The fundamental part of the planted signal as known on each date: [dates][names], z-scores of the section.
 * A name without a report, or without the line, has the middle rank.
 */
export function fundamentalScores(
  reports: readonly FundamentalReport[],
  dates: readonly string[],
  names: number,
): Float64Array {
  const known: (Float64Array | undefined)[] = new Array<Float64Array | undefined>(names)
  const scores = new Float64Array(dates.length * names)
  let next = 0
  dates.forEach((date, d) => {
    const before = next
    for (; next < reports.length && reports[next].usable <= date; next++) {
      known[reports[next].instrument] = reports[next].values
    }
    if (d > 0 && next === before) scores.copyWithin(d * names, (d - 1) * names, d * names)
    else scoreSection(known, scores.subarray(d * names, (d + 1) * names))
  })
  return scores
}

function scoreSection(known: readonly (Float64Array | undefined)[], scores: Float64Array): void {
  scores.fill(0)
  for (const [place, weight] of fundamentalWeights) {
    const values = Float64Array.from(known, (report) => report?.[place] ?? NaN)
    const sorted = values.filter((value) => value === value).sort()
    for (let i = 0; i < values.length; i++) {
      const below = sorted.findIndex((value) => value >= values[i])
      scores[i] += weight * (values[i] === values[i] ? (below + 0.5) / sorted.length : 0.5)
    }
  }
  standardise(scores)
}
