import type { Panel } from '../../../schemas/day.ts'
import { historySets } from '../../../schemas/catalogue/index.ts'
import { Quality } from '../../../schemas/rows.ts'
import type { SetName } from '../../../schemas/topics.ts'
import type { FeaturePanel } from '../../../models/sample.ts'
import type { Listings } from '../history/instruments.ts'
import { fingerprints } from '../fingerprints.ts'
import { panelRecord } from './day-rows.ts'
import { expressionSection } from './expression-section.ts'
import { technicalSection } from './technical-section.ts'

/** What history sets are made of: the day and the days before it, nothing later. */
export interface SetHistory {
  /** PV of stored days and of the day itself, with the factors that make its prices comparable. */
  readonly pv: FeaturePanel
  /** Shares of the float, as known on each day; without them turnover is not known. */
  readonly listings?: Pick<Listings, 'inForce'>
  /** The published panels of another set up to the day, oldest first, at most so many. */
  readonly published: (set: SetName, count: number) => readonly Panel[]
}

/** One set's cross-section of a day. */
export interface HistorySection {
  readonly columns: readonly string[]
  /** [columns][instruments] */
  readonly values: Float64Array
  /** [instruments]: 1 where the days that the set may look back over were not all there. */
  readonly shortened: Uint8Array
}

/** Makes a set's values of a date for some names, sorted. */
export type SectionMaker = (history: SetHistory, date: string, instruments: readonly string[]) => HistorySection

const makers: Readonly<Partial<Record<SetName, SectionMaker>>> = {
  G: technicalSection,
  DP: expressionSection,
}

/**
 * Panels of the sets that are made of earlier days, for the names of a PV panel. A row has the quality of its PV row;
 * the history bit says that the set looked back over fewer days than it may.
 */
export function historyPanels(history: SetHistory, pv: Panel): Panel[] {
  return historySets.map((set) => {
    const make = makers[set]
    if (make === undefined) throw new RangeError(`nothing makes the rows of set ${set}`)
    const { columns, values, shortened } = make(history, pv.date, pv.instruments)
    const { date, revision, sizing, instruments } = pv
    const quality = pv.quality.map((bits, i) => (bits & ~Quality.history) | (shortened[i] === 1 ? Quality.history : 0))
    return panelRecord({
      date,
      set,
      revision,
      sizing,
      catalogue: fingerprints[set],
      instruments,
      columns,
      quality,
      values,
    })
  })
}
