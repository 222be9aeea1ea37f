import { storeWaitStage } from '../../../schemas/day.ts'
import { profileOf } from '../../../schemas/profiles/index.ts'
import type { Revision } from '../corrections.ts'
import { stageOf, type CloseProgress } from '../status/close-state.ts'
import { CloseWatch } from '../status/close-watch.ts'
import type { Report } from '../status/heartbeat.ts'
import type { StorePatience } from '../store-patience.ts'
import type { CloseOptions } from './close-day.ts'
import { overdueAt } from './day-guard.ts'

type ReportedOptions = Pick<CloseOptions, 'bus' | 'profile' | 'givingUp' | 'resultsTimeoutMs'>

/** What the close worker is at, for its heartbeat. */
export class CloseReports {
  /** What is being closed; null before the first. */
  of: Revision | null = null
  readonly #options: ReportedOptions
  readonly #patience: StorePatience
  #watch: CloseWatch | null = null

  constructor(options: ReportedOptions, patience: StorePatience) {
    this.#options = options
    this.#patience = patience
  }

  async now(): Promise<readonly Report[]> {
    const { of } = this
    if (of === null) return [{ stage: 'waiting' }]
    const { date } = of
    const detail = this.#patience.trouble
    if (detail !== '') return [{ stage: storeWaitStage, date, detail }]
    if (this.#watch?.of !== of) this.#watch = new CloseWatch(this.#options.bus, of)
    const progress = await this.#watch.look()
    const { stage, done, total, waiting } = stageOf(progress)
    const deadline = this.#deadline(of, stage, progress)
    return [{ stage, date, done, total, deadline, waiting: [...waiting] }]
  }

  /** Until when a stage waits, ms UTC; 0 = for as long as it takes. */
  #deadline({ date, revision }: Revision, stage: string, { jobsAt }: CloseProgress): number {
    const { profile, givingUp, resultsTimeoutMs } = this.#options
    if (stage === 'results') return jobsAt + resultsTimeoutMs
    return stage === 'partitions' && givingUp !== undefined && revision === 0
      ? overdueAt(profileOf(profile), date, givingUp.deadline)
      : 0
  }
}
