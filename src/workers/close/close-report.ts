import type { Bus } from '../../ports/bus.ts'
import { CloseWatch, stageOf } from '../status/close-watch.ts'
import type { Report } from '../status/heartbeat.ts'

/** What the close worker is at, for its heartbeat. */
export class CloseReports {
  /** The date that is being closed; empty before the first. */
  date = ''
  readonly #bus: Bus
  readonly #resultsDeadlineMs: number
  #watch: CloseWatch | null = null

  constructor(bus: Bus, resultsDeadlineMs: number) {
    this.#bus = bus
    this.#resultsDeadlineMs = resultsDeadlineMs
  }

  async now(): Promise<readonly Report[]> {
    if (this.date === '') return [{ stage: 'waiting' }]
    if (this.#watch?.date !== this.date) this.#watch = new CloseWatch(this.#bus, this.date)
    const progress = await this.#watch.look()
    const { stage, done, total, waiting } = stageOf(progress)
    // Partitions are waited for as long as it takes; only results have a deadline.
    const deadline = stage === 'results' ? progress.jobsAt + this.#resultsDeadlineMs : 0
    return [{ stage, date: this.date, done, total, deadline, waiting: [...waiting] }]
  }
}
