import type { Bus } from '../../ports/bus.ts'
import type { Store } from '../../ports/store.ts'
import { codecs } from '../../wire/index.ts'
import { partitionOf } from '../../wire/partition.ts'
import { openedDates } from '../backfill.ts'
import { completedCorrections, firstRevision, type PublishedRevision } from '../corrections.ts'
import { PanelComparer } from './compare-panels.ts'
import { compareRows } from './compare-rows.ts'
import { compareScores, type Scoring } from './compare-scores.ts'
import { difference, type Difference } from './difference.ts'
import { recordsOf } from './published.ts'

export type { Difference } from './difference.ts'
export type { Scoring } from './compare-scores.ts'

export interface ReplayOptions {
  readonly bus: Bus
  readonly profile: string
  readonly from: string
  readonly to: string
  /** Without an engine and models results are not scored again; factors and ML_C are still held against them. */
  readonly scoring: Scoring | null
  /** Stored bars of earlier days; without them the sets that are made of earlier days are not computed again. */
  readonly history?: Store | null
  readonly signal?: AbortSignal
  readonly onDay?: (date: string, done: number, days: number) => void
}

export interface ReplayOutcome {
  readonly verdict: 'identical' | 'equivalent' | 'different'
  readonly dates: readonly string[]
  /** Records that were recomputed and held against the published ones. */
  readonly compared: Readonly<
    Record<'revisions' | 'minutes' | 'days' | 'panels' | 'results' | 'factors' | 'mlC', number>
  >
  readonly difference: Difference | null
}

/**
 * Past days once more from the log, compared with what was published, each revision by itself; writes nothing. Features
 * agree bit for bit, scores bit for bit under the same kernel build, else within 1e-5 of the largest: `equivalent`.
 * Stops at the first difference.
 */
export async function replay(options: ReplayOptions): Promise<ReplayOutcome> {
  const { bus, profile, scoring } = options
  const dates = await openedDates(bus, options.from, options.to)
  const compared = { revisions: 0, minutes: 0, days: 0, panels: 0, results: 0, factors: 0, mlC: 0 }
  let verdict: ReplayOutcome['verdict'] = 'identical'
  const differs = (found: Difference): ReplayOutcome => ({ verdict: 'different', dates, compared, difference: found })
  if (dates.length === 0) {
    const place = { topic: 'market' as const, partition: 0, offset: null, date: options.from }
    return differs(difference(place, 'the log has no day of the span'))
  }
  const corrections = await completedCorrections(bus)
  const panels = new PanelComparer(bus, profile, options.history ?? null, corrections.length > 0)
  for (const [i, date] of dates.entries()) {
    const own = corrections.filter(({ of }) => of.date === date && !of.isRetraction)
    for (const revision of [{ of: firstRevision(date), filed: date }, ...own]) {
      if (options.signal?.aborted === true) return { verdict, dates, compared, difference: null }
      compared.revisions++
      const closing = await closingOf(bus, revision)
      for (let partition = 0; partition < (await bus.partitions('market')); partition++) {
        const isMissing = closing.missing.has(partition)
        const rows = await compareRows(bus, partition, revision, { profile, isMissing })
        compared.minutes += rows.minutes
        compared.days += rows.days
        if (rows.difference !== null) return differs(rows.difference)
      }
      const sections = await panels.compare(revision, closing.isDegraded)
      compared.panels += sections.panels
      if (sections.difference !== null) return differs(sections.difference)
      const scores = await compareScores(bus, revision, profile, scoring)
      for (const name of ['results', 'factors', 'mlC'] as const) compared[name] += scores[name]
      if (scores.difference !== null) return differs(scores.difference)
      if (scores.isEquivalent) verdict = 'equivalent'
    }
    options.onDay?.(date, i + 1, dates.length)
  }
  return { verdict, dates, compared, difference: null }
}

/** Whether a revision was closed degraded, and the partitions of which its panels have no name. */
async function closingOf(
  bus: Bus,
  revision: PublishedRevision,
): Promise<{ isDegraded: boolean; missing: ReadonlySet<number> }> {
  const [record] = await recordsOf(bus, 'completed', revision)
  const panel = (await recordsOf(bus, 'panels', revision)).find(({ key }) => key.endsWith('|PV'))
  const isDegraded = record !== undefined && codecs.completed.decode(record.value).degraded
  const missing = new Set<number>()
  if (!isDegraded || panel === undefined) return { isDegraded, missing }
  const partitions = await bus.partitions('market')
  const { instruments } = codecs.panel.decode(panel.value)
  const present = new Set(instruments.map((instrument) => partitionOf(instrument, partitions)))
  for (let partition = 0; partition < partitions; partition++) if (!present.has(partition)) missing.add(partition)
  return { isDegraded, missing }
}
