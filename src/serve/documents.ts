import type { SetName } from '../../schemas/topics.ts'
import type { DayEvent, FactorName, FactorValues, RetractedEvent } from '../workers/subscription/whole-day.ts'
import type { CompletedEntry } from './completed-days.ts'

/** What the API answers, by the names that stand in its description. */

/** A day without its factors' values. */
export function dayDocument({ completed, exclusions }: DayEvent, { completedAt }: CompletedEntry) {
  const { date, revision, degraded, cause, universe, published, sets, mlCHash } = completed
  return {
    date,
    revision,
    degraded,
    cause,
    completed_at: new Date(completedAt).toISOString(),
    universe,
    published,
    sets: [...sets, { set: 'ML_C', present: mlCHash !== '', hash: mlCHash, reason: '' }],
    exclusions,
  }
}

export const retractedDocument = ({ date, revision, cause }: RetractedEvent) => ({ date, revision, cause })

/** Columns; JSON has no NaN, so that a name without a value has null. */
export function factorDocument({ date, revision, degraded }: DayEvent, set: FactorName, values: FactorValues) {
  const { instruments, raw, neutral, horizon, coverage, artifact } = values
  return {
    date,
    revision,
    degraded,
    set,
    horizon,
    coverage,
    artifact,
    symbols: instruments,
    raw: Array.from(raw, orNull),
    neutral: Array.from(neutral, orNull),
  }
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)

/** A row per name; a name without a value has an empty field. */
export function factorCsv({ instruments, raw, neutral }: FactorValues): string {
  const field = (value: number): string => (Number.isNaN(value) ? '' : String(value))
  const rows = instruments.map((symbol, row) => `${symbol},${field(raw[row])},${field(neutral[row])}\r\n`)
  return `symbol,raw,neutral\r\n${rows.join('')}`
}

/** Weights of ML_C, and both parts that they are made of. */
export function weightsDocument({ date, revision, degraded, weights, flags }: DayEvent) {
  const named = Object.entries(weights) as [SetName, { weight: number; sa: number; longOnly: number }][]
  return {
    date,
    revision,
    degraded,
    weights: named.map(([set, { weight, sa, longOnly }]) => ({ set, weight, sa, long_only: longOnly })),
    flags,
  }
}
