import type { Clock } from '../../ports/clock.ts'

/** Holds event time to `speed` times wall time, from the first event time it is asked about. */
export class Pace {
  readonly #clock: Clock
  readonly #speed: number | undefined
  readonly #signal: AbortSignal
  #eventStart = NaN
  #wallStart = NaN

  constructor(clock: Clock, speed: number | undefined, signal: AbortSignal) {
    this.#clock = clock
    this.#speed = speed
    this.#signal = signal
  }

  /** Resolves when an event time (µs UTC) is due, at once without a speed, early when the signal comes. */
  async until(eventTime: number): Promise<void> {
    if (this.#speed === undefined) return
    if (Number.isNaN(this.#eventStart)) {
      this.#eventStart = eventTime
      this.#wallStart = this.#clock.elapsed()
    }
    const due = (eventTime - this.#eventStart) / 1000 / this.#speed
    const wait = due - (this.#clock.elapsed() - this.#wallStart)
    if (wait > 0 && !this.#signal.aborted) await this.#clock.sleep(wait, this.#signal)
  }
}
