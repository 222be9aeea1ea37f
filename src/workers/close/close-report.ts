import { storeWaitStage } from '../../../schemas/day.ts'
import type { Bus } from '../../ports/bus.ts'
import { CloseWatch, stageOf } from '../status/close-watch.ts'
import type { Report } from '../status/heartbeat.ts'
import type { StorePatience } from '../store-patience.ts'

/** What the close worker is at, for its heartbeat. */
export class CloseReports {
  /** The date that is being closed; empty before the first. */
  date = ''
  readonly #bus: Bus
  readonly #resultsDeadlineMs: number
  readonly #patience: StorePatience
  #watch: CloseWatch | null = null

  constructor(bus: Bus, resultsDeadlineMs: number, patience: StorePatience) {
    this.#bus = bus
    this.#resultsDeadlineMs = resultsDeadlineMs
    this.#patience = patience
  }

  async now(): Promise<readonly Report[]> {
    if (this.date === '') return [{ stage: 'waiting' }]
    const detail = this.#patience.trouble
    if (detail !== '') return [{ stage: storeWaitStage, date: this.date, detail }]
    if (this.#watch?.date !== this.date) this.#watch = new CloseWatch(this.#bus, this.date)
    const progress = await this.#watch.look()
    const { stage, done, total, waiting } = stageOf(progress)
    // Partitions are waited for as long as it takes; only results have a deadline.
    const deadline = stage === 'results' ? progress.jobsAt + this.#resultsDeadlineMs : 0
    return [{ stage, date: this.date, done, total, deadline, waiting: [...waiting] }]
  }
}
