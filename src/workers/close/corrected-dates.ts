import type { Bus } from '../../ports/bus.ts'
import { isCompleted, revisionOf, type Revision } from '../corrections.ts'
import { readClosedDay } from './day-rows.ts'

/**
 * The corrections of a deployment that can be closed, while a close worker waits for the day that is open: whenever
 * there is one more, `interrupt` ends the wait.
 */
export class CorrectedDates {
  readonly #bus: Bus
  readonly #ready: Revision[] = []
  #interrupt = new AbortController()
  #failure: { readonly error: unknown } | null = null

  constructor(bus: Bus) {
    this.#bus = bus
  }

  /** Fires when a correction can be closed. */
  get interrupt(): AbortSignal {
    return this.#interrupt.signal
  }

  /** The next one that can be closed. @throws what ended the following of the log */
  next(): Revision | undefined {
    if (this.#failure !== null) throw this.#failure.error
    if (this.#ready.length === 0) this.#interrupt = new AbortController()
    return this.#ready.shift()
  }

  /** Follows `corrections` until the signal, in the order of the log. */
  async follow(signal: AbortSignal): Promise<void> {
    try {
      if ((await this.#bus.partitions('corrections')) === 0) return
      const { first: from } = await this.#bus.offsets('corrections', 0)
      for await (const messages of this.#bus.read('corrections', 0, { from, until: 'never', signal })) {
        for (const message of messages) await this.#take(revisionOf(message), signal)
      }
    } catch (error) {
      if (signal.aborted) return
      this.#failure = { error }
      this.#interrupt.abort()
    }
  }

  async #take(of: Revision, signal: AbortSignal): Promise<void> {
    if (await isCompleted(this.#bus, of)) return
    // A retraction has no rows; of any other revision every partition has to be there.
    if (!of.isRetraction && (await readClosedDay(this.#bus, of, { signal })) === null) return
    this.#ready.push(of)
    this.#interrupt.abort()
  }
}
