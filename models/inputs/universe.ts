import type { FeaturePanel } from '../sample.ts'
import { dateIndex, panelColumn, placesOf, section } from './panel.ts'

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
  const inWindow = tradedDays(panel, day, rules.lookback)
  const rows = rules.minimumRows <= rules.lookback ? inWindow : tradedDays(panel, day, day + 1)
  const traded = tradedDays(panel, day, 1)
  const needed = Math.ceil(rules.tradedShare * rules.lookback - 1e-9)
  const instruments: string[] = []
  const exclusions: Exclusion[] = []
  panel.instruments.forEach((instrument, name) => {
    const reason = exclusionOf(traded[name] > 0, inWindow[name], rows[name], needed, rules)
    if (reason === null) instruments.push(instrument)
    else exclusions.push({ instrument, reason })
  })
  return { instruments, exclusions }
}

/** [names] days with trades among the last `count` up to a day; counted day by day, as the panel lies in memory. */
function tradedDays(panel: FeaturePanel, day: number, count: number): Int32Array {
  const volume = panelColumn(panel, 'pv_volume')
  const days = new Int32Array(panel.instruments.length)
  for (let at = Math.max(0, day - count + 1); at <= day; at++) {
    const volumes = section(panel, at, volume)
    for (let name = 0; name < days.length; name++) if (volumes[name] > 0) days[name]++
  }
  return days
}

function exclusionOf(
  traded: boolean,
  inWindow: number,
  rows: number,
  needed: number,
  rules: UniverseRules,
): string | null {
  if (!traded) return 'not traded on the day'
  if (rows < rules.minimumRows) return `too young: ${rows} of ${rules.minimumRows} rows`
  return inWindow < needed ? `suspended too often: traded on ${inWindow} of ${rules.lookback} days` : null
}

/** Rows that make a name old enough, and days since its listing where that lies before what can be counted. */
const ageRows = 60
const ageDays = 90
/** Trading days in which rows are counted, so that an answer does not depend on how much history lies before them. */
export const ageWindow = 250

/**
 * The names that are no new listings on a date: traded on more than 60 of the last 250 days, or listed more than 90
 * calendar days before it and before the first of those days. domain.md §4.1; first days of a listing move as no later
 * day does.
 * @param panel PV with the last 250 days up to the date, or from the first stored day on
 * @param listDates [n] YYYY-MM-DD; '' = unknown
 */
export function seasonedNames(
  panel: FeaturePanel,
  date: string,
  instruments: readonly string[],
  listDates: readonly string[],
): string[] {
  const day = dateIndex(panel, date)
  const first = panel.dates[Math.max(0, day - ageWindow + 1)]
  const rows = tradedDays(panel, day, ageWindow)
  const places = placesOf(instruments, panel.instruments)
  return instruments.filter((_, i) => {
    if (places[i] < 0) return false
    if (rows[places[i]] > ageRows) return true
    const listed = listDates[i]
    return listed !== '' && listed < first && daysBetween(listed, date) > ageDays
  })
}

const daysBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 86_400_000
