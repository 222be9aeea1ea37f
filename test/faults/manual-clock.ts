import type { Clock } from '../../src/ports/clock.ts'

/** A clock that stands until it is moved: sleepers wake when their time has come, or their signal. */
export class ManualClock implements Clock {
  readonly #start: number
  readonly #sleepers = new Map<() => void, number>()
  #elapsed = 0

  /** @param start ms UTC */
  constructor(start: number) {
    this.#start = start
  }

  now(): number {
    return this.#start + this.#elapsed
  }

  elapsed(): number {
    return this.#elapsed
  }

  get sleepers(): number {
    return this.#sleepers.size
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#sleepers.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      if (signal?.aborted === true) return resolve()
      this.#sleepers.set(wake, this.#elapsed + ms)
      signal?.addEventListener('abort', wake, { once: true })
    })
  }

  advance(ms: number): void {
    this.#elapsed += ms
    for (const [wake, due] of [...this.#sleepers]) if (due <= this.#elapsed) wake()
  }
}
