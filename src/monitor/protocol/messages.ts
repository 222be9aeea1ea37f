import type { Rule } from '../../../schemas/catalogue/index.ts'
import type { Health, Limit, Measure } from '../../../schemas/limits.ts'
import type { MarketProfile } from '../../../schemas/profiles/index.ts'
import type { Phase } from './phase.ts'

/** What server and page tell each other. Absent numbers are null in JSON and NaN in columns. */

/** A column of the grid: a rule of the catalogue, or one that the monitor derives from rules. */
export type ColumnInfo = Pick<Rule, 'rule' | 'id' | 'set' | 'unit' | 'formula' | 'display' | 'en' | 'zh'> & {
  /** False: there is no value before the close. */
  readonly intraday: boolean
}

/** Answer of `/api/hello`: what does not change while the server runs. */
export interface Hello {
  readonly deployment: string
  readonly profile: MarketProfile
  readonly columns: readonly ColumnInfo[]
  /** Columns that a page shows unless its address names others. */
  readonly shown: readonly string[]
  readonly limits: Readonly<Record<Measure, Limit>>
  /** Bits of quality that the page names as flags. */
  readonly flags: Readonly<Record<'gap' | 'incomplete' | 'late' | 'partial', number>>
}

/** Event `universe`: the instruments by their place in every column; sent again when there are more. */
export interface Universe {
  readonly date: string
  readonly version: number
  readonly symbols: readonly string[]
  readonly names: readonly string[]
  /** Initials of names in Chinese script, as they are typed: `gzmt` for 贵州茅台. */
  readonly initials: readonly string[]
  readonly industries: readonly string[]
}

/** First data line of event `column`; the second is its values, base64 of f64 little endian, one per instrument. */
export interface ColumnHead {
  readonly id: string
  readonly date: string
}

/** Quality bits come as a column of this id. */
export const qualityColumn = 'quality'

/** Event `section`: the columns before it belong together. */
export interface SectionMark {
  readonly date: string
  /** Last minute that all partitions have sealed; null = none yet. */
  readonly minute: number | null
  /** Whether the values are those of the day rows. */
  readonly isFinal: boolean
}

export interface Measured {
  readonly value: number | null
  readonly health: Health
}

export interface PartitionQuality {
  readonly partition: number
  readonly owner: string
  /** Last minute sealed; null = none. */
  readonly minute: number | null
  readonly lag: Measured
  readonly sealedAge: Measured
  readonly gaps: Measured
  readonly late: Measured
  readonly quarantined: Measured
  readonly coverage: Measured
  readonly names: number
  readonly gapNames: number
  readonly lateEvents: number
  readonly quarantinedEvents: number
  readonly events: number | null
  /** Whether the partition has closed the day, and whether by a deadline or with chains lost. */
  readonly closed: 'no' | 'yes' | 'degraded'
}

export type CloseState = 'open' | 'closing' | 'overdue' | 'failed' | 'complete' | 'degraded' | 'retracted'

export interface CloseCard {
  readonly state: CloseState
  readonly revision: number
  readonly partitionsClosed: number
  readonly partitions: number
  readonly panels: readonly string[]
  readonly jobs: number
  readonly results: readonly string[]
  readonly hasMlC: boolean
  readonly cause: string
  /** Local time `HH:MM:SS` of `completed`; empty before. */
  readonly completedAt: string
  readonly elapsedSeconds: number | null
  /** Median of the days before, as many as the log tells, up to 10. */
  readonly usualSeconds: number | null
  /** Until when the stage of the close waits, ms UTC; null when nobody says. */
  readonly deadline: number | null
}

/** Event `status`, each second. */
export interface StatusTick {
  /** Clock of the server, ms UTC. */
  readonly now: number
  /** The same on the exchange's clock, seconds since its midnight of `date`. */
  readonly localTime: number
  readonly date: string
  /** Whether the date is today's, so that ages and countdown are those of the wall clock. */
  readonly isToday: boolean
  readonly phase: Phase
  readonly next: 'open' | 'resume' | 'close' | null
  readonly leftSeconds: number
  readonly minute: number | null
  readonly sealedPartitions: number
  readonly partitions: number
  readonly quality: Readonly<Record<'lag' | 'sealedAge' | 'gaps' | 'late' | 'quarantined' | 'coverage', Measured>>
  readonly counts: { readonly gaps: number; readonly late: number; readonly quarantined: number }
  readonly parts: readonly PartitionQuality[]
  readonly close: CloseCard
  /** Code of what keeps the store from being read; empty when it could be. */
  readonly store: string
  /** Catching up with the log: share of what was there at the start that is read; 1 when done. */
  readonly read: number
  /** Grows with each change of the factor table. */
  readonly factorsVersion: number
}

/** Answer of `/api/minute`. */
export interface EarlierMinute {
  readonly date: string
  readonly minute: number
  /** base64 of f64 little endian, as in event `column`. */
  readonly columns: Readonly<Record<string, string>>
  /** Partitions that had sealed it. */
  readonly partitions: number
}

type Numbers = readonly (number | null)[]

/** Answer of `/api/instrument`: one instrument's day. */
export interface InstrumentDay {
  readonly date: string
  readonly symbol: string
  readonly name: string
  readonly industry: string
  readonly minutes: readonly number[]
  /** Minutes of the session that are sealed in its partition and lack this instrument, or had a gap. */
  readonly gaps: readonly number[]
  readonly series: Readonly<Record<string, Numbers>>
  /** Day values by column id: those of the day row, else of the last sealed minute. */
  readonly values: Readonly<Record<string, number | null>>
  readonly isProvisional: boolean
  readonly previousClose: number | null
}

/** Answer of `/api/history`: day rows of the store. */
export interface InstrumentHistory {
  readonly symbol: string
  readonly dates: readonly string[]
  readonly values: Readonly<Record<string, Numbers>>
  /** Code and fact of what kept the store from being read; empty when it was. */
  readonly problem: string
}

export interface FactorWeights {
  readonly set: string
  readonly weight: number | null
  readonly stateAdaptive: number | null
  readonly longOnly: number | null
  /** SA weights of the industry, financial and flow graph inside the set's network; empty = one graph or none. */
  readonly graphs: readonly number[]
  /** Why the set is absent; empty when it is in. */
  readonly reason: string
}

/** Answer of `/api/factors`: the newest completed day. */
export interface FactorTable {
  readonly date: string
  readonly revision: number
  readonly state: 'none' | 'complete' | 'degraded' | 'retracted'
  readonly cause: string
  readonly completedAt: string
  readonly previousDate: string
  readonly universe: number
  readonly symbols: readonly string[]
  readonly names: readonly string[]
  /** By factor: PV, G, C, HF, DP, ML_C as far as published. */
  readonly raw: Readonly<Record<string, Numbers>>
  readonly neutral: Readonly<Record<string, Numbers>>
  /** ML_C neutral against the completed day before. */
  readonly change: Numbers
  readonly weights: readonly FactorWeights[]
  readonly flags: readonly string[]
  readonly exclusions: readonly { readonly instrument: string; readonly reason: string }[]
}

/** Answer of `/api/refused`: what was late or quarantined, newest first. */
export interface RefusedEvents {
  readonly late: readonly {
    readonly partition: number
    readonly offset: number
    readonly instrument: string
    readonly chain: string
    /** Seconds below its mark. */
    readonly seconds: number
  }[]
  readonly quarantined: readonly {
    readonly topic: string
    readonly partition: number
    readonly offset: number
    readonly row: number
    readonly code: string
    readonly detail: string
  }[]
}
