import type { Bus } from '../../ports/bus.ts'
import { isOvertaken, revisionOf, type Revision } from '../corrections.ts'
import { readClosedDay } from './day-rows.ts'

/**
 * The corrections of a deployment that can be closed, while a close worker waits for the day that is open: whenever
 * there is one more, `interrupt` ends the wait. Each waits for its rows by itself, so that one that never gets them
 * holds up no other.
 */
export class CorrectedDates {
  readonly #bus: Bus
  readonly #ready: Revision[] = []
  /** Those whose rows are not all there, in the order of the log. */
  readonly #open = new Set<Revision>()
  /** Of two records of one revision the first counts. */
  readonly #seen = new Set<string>()
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

  /** Follows `corrections` until the signal. */
  async follow(signal: AbortSignal): Promise<void> {
    const waiting: Promise<void>[] = []
    try {
      if ((await this.#bus.partitions('corrections')) === 0) return
      const { first: from } = await this.#bus.offsets('corrections', 0)
      for await (const messages of this.#bus.read('corrections', 0, { from, until: 'never', signal }))
        for (const message of messages) waiting.push(this.await(revisionOf(message), signal))
    } catch (error) {
      this.#fail(error, signal)
    } finally {
      await Promise.all(waiting)
    }
  }

  /** Waits for the rows of a correction; resolves when it can be closed, or a later one of its date can. */
  async await(of: Revision, signal: AbortSignal): Promise<void> {
    const key = `${of.date}|${of.revision}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    this.#open.add(of)
    try {
      if (await isOvertaken(this.#bus, of)) return void this.#open.delete(of)
      // A retraction has no rows; of any other revision every partition has to be there.
      if (!of.isRetraction && (await readClosedDay(this.#bus, of, { signal })) === null) return
      await this.#giveOut(of)
    } catch (error) {
      this.#fail(error, signal)
    }
  }

  /** Behind a revision no earlier one of its date is closed any more, so those that can be come first. */
  async #giveOut(of: Revision): Promise<void> {
    for (const one of [...this.#open]) {
      if (one.date !== of.date || one.revision > of.revision) continue
      if (one !== of && !(await this.#hasRows(one))) continue
      // It may have been given out meanwhile, behind its own wait.
      if (this.#open.delete(one)) this.#ready.push(one)
    }
    this.#interrupt.abort()
  }

  async #hasRows(of: Revision): Promise<boolean> {
    const day = of.isRetraction ? null : await readClosedDay(this.#bus, of, { overdue: AbortSignal.abort() })
    return day === null || day.missing.length === 0
  }

  #fail(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return
    this.#failure = { error }
    this.#interrupt.abort()
  }
}
