/** The stream core: pure reductions of a partition's log to rows. */
export { openingFault } from './log/check.ts'
export type { DayOutput, RowFault } from './log/events.ts'
export { LeftOut } from './log/left-out.ts'
export { PartitionDay, type DaySettings } from './log/partition-day.ts'
export type { Fingerprints } from './log/rows.ts'
export { restoreDay, saveDay, type SavedChain, type SavedDay } from './log/saved-day.ts'
export { technicalDay, technicalDays, type DailyBars } from './features/technical/technical.ts'
export { barsMax as technicalBars } from './features/technical/bars.ts'
