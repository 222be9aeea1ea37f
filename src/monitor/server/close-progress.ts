import type { Completed, Status } from '../../../schemas/day.ts'
import type { CloseCard } from '../protocol/messages.ts'

/** A close that takes this much longer than usual is said to be late. */
const overdueFactor = 1.5

const known = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** How far the close of a day has come, by what stands on the topics. Times are ms UTC. */
export class CloseProgress {
  readonly #closedAt = new Map<number, number>()
  readonly #panels = new Set<string>()
  readonly #jobs = new Set<string>()
  readonly #results = new Set<string>()
  #hasMlC = false
  #completed: Completed | null = null
  #completedAt = NaN
  #deadline = 0

  partitionClosed(partition: number, at: number): void {
    if (!this.#closedAt.has(partition)) this.#closedAt.set(partition, at)
  }

  panel(set: string): void {
    this.#panels.add(set)
  }

  job(set: string): void {
    this.#jobs.add(set)
  }

  result(set: string): void {
    this.#results.add(set)
  }

  mlC(): void {
    this.#hasMlC = true
  }

  /** The newest revision stands; a repeat of it changes nothing. */
  completed(completed: Completed, at: number): void {
    if (this.#completed !== null && completed.revision <= this.#completed.revision) return
    this.#completed = completed
    this.#completedAt = at
  }

  heartbeat(status: Status): void {
    if (status.worker === 'close') this.#deadline = status.deadline
  }

  card(now: number, partitions: number, usualSeconds: number, timeText: (at: number) => string): CloseCard {
    const started = this.#closedAt.size === partitions ? Math.max(...this.#closedAt.values()) : NaN
    const elapsed = ((this.#completed === null ? now : this.#completedAt) - started) / 1000
    return {
      state: this.#state(now, started, elapsed, usualSeconds),
      revision: this.#completed?.revision ?? 0,
      partitionsClosed: this.#closedAt.size,
      partitions,
      panels: [...this.#panels],
      jobs: this.#jobs.size,
      results: [...this.#results],
      hasMlC: this.#hasMlC,
      cause: this.#completed?.cause ?? '',
      completedAt: this.#completed === null ? '' : timeText(this.#completedAt),
      elapsedSeconds: known(Math.max(0, elapsed)),
      usualSeconds: known(usualSeconds),
      deadline: this.#deadline > 0 ? this.#deadline : null,
    }
  }

  #state(now: number, started: number, elapsed: number, usualSeconds: number): CloseCard['state'] {
    if (this.#completed !== null) {
      if (this.#completed.retracted) return 'retracted'
      return this.#completed.degraded ? 'degraded' : 'complete'
    }
    if (this.#deadline > 0 && now > this.#deadline) return 'failed'
    if (Number.isNaN(started)) return this.#closedAt.size > 0 ? 'closing' : 'open'
    return elapsed > overdueFactor * usualSeconds ? 'overdue' : 'closing'
  }
}
