import type { FeaturePanel } from '../sample.ts'
import { dateIndex, panelColumn } from './panel.ts'

export interface UniverseRules {
  /** Days of the window that a model reads. */
  readonly lookback: number
  /** Rows that a name must have up to the day; 60 in a full market. */
  readonly minimumRows: number
  /** Share of the window's days on which the name must have traded; 0.8. */
  readonly tradedShare: number
}

export interface Exclusion {
  readonly instrument: string
  readonly reason: string
}

export interface Universe {
  /** Sorted. */
  readonly instruments: readonly string[]
  readonly exclusions: readonly Exclusion[]
}

/**
 * The names that are scored on a date; every other name of the panel with the reason why not: domain.md §4.1.
 * A name must have traded on the date, have enough rows up to it, and have traded on enough days of the window.
 * @param panel PV, with the earlier rows that `minimumRows` counts; rows after the date are not looked at
 */
export function universeOf(panel: FeaturePanel, date: string, rules: UniverseRules): Universe {
  const day = dateIndex(panel, date)
  const volume = panelColumn(panel, 'pv_volume')
  const names = panel.instruments.length
  const instruments: string[] = []
  const exclusions: Exclusion[] = []
  for (let name = 0; name < names; name++) {
    const tradedOn = (at: number): boolean => panel.values[(at * panel.columns.length + volume) * names + name] > 0
    const reason = exclusionOf(tradedOn, day, rules)
    if (reason === null) instruments.push(panel.instruments[name])
    else exclusions.push({ instrument: panel.instruments[name], reason })
  }
  return { instruments, exclusions }
}

function exclusionOf(tradedOn: (day: number) => boolean, day: number, rules: UniverseRules): string | null {
  if (!tradedOn(day)) return 'not traded on the day'
  let rows = 0
  let inWindow = 0
  for (let at = 0; at <= day; at++) {
    if (!tradedOn(at)) continue
    rows++
    if (at > day - rules.lookback) inWindow++
  }
  if (rows < rules.minimumRows) return `too young: ${rows} of ${rules.minimumRows} rows`
  const needed = Math.ceil(rules.tradedShare * rules.lookback - 1e-9)
  return inWindow < needed ? `suspended too often: traded on ${inWindow} of ${rules.lookback} days` : null
}
