import { ClosebellError } from '../../schemas/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Store } from '../ports/store.ts'

const firstDelayMs = 500
const longestDelayMs = 10_000
/** Whoever mends a full disk or a server needs minutes; after half an hour a worker ends and says why. */
const storePatienceMs = 30 * 60_000

export interface PatienceOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  /** Ends a wait early. */
  readonly signal?: AbortSignal
}

/**
 * Waits for a store that is away, or whose tables are suspended: they acknowledge rows that nobody can read, and an
 * operator may resume one behind those rows. So work that met either is done again as a whole once the store applies
 * what it has, and until then nothing more is written to it.
 */
export class StorePatience {
  readonly #options: PatienceOptions
  /** One for each piece of work that waits. */
  readonly #waits = new Set<{ trouble: ClosebellError }>()

  constructor(options: PatienceOptions) {
    this.#options = options
  }

  /** Why the store is waited for; empty while it is not. */
  get trouble(): string {
    const [wait] = this.#waits
    return wait === undefined ? '' : `${wait.trouble.code}: ${wait.trouble.fact}`
  }

  /**
   * Does the work until the store lets it end; null when the signal ended the wait. It has to wait itself until its
   * rows are applied, and it may be done more than once.
   * @throws CB_STORE_SUSPENDED or CB_STORE_UNREACHABLE after half an hour
   */
  async until<T>(work: () => Promise<T>): Promise<T | null> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!isOutage(error)) throw error
        if (!(await this.#recovered(error))) return null
      }
    }
  }

  async #recovered(first: ClosebellError): Promise<boolean> {
    const { code, fact, remedy } = first
    const { log } = this.#options
    if (this.#waits.size === 0) log.error('the store takes no rows: they wait in the log', { code, fact, remedy })
    const wait = { trouble: first }
    this.#waits.add(wait)
    try {
      return await this.#applies(wait)
    } finally {
      this.#waits.delete(wait)
      if (this.#waits.size === 0) log.info('the store is not waited for any more')
    }
  }

  async #applies(wait: { trouble: ClosebellError }): Promise<boolean> {
    const { store, clock, signal } = this.#options
    const since = clock.elapsed()
    for (let delay = firstDelayMs; ; delay = Math.min(2 * delay, longestDelayMs)) {
      await clock.sleep(delay, signal)
      if (signal?.aborted === true) return false
      try {
        await store.applied()
        return true
      } catch (error) {
        if (!isOutage(error) || clock.elapsed() - since >= storePatienceMs) throw error
        wait.trouble = error
      }
    }
  }
}

const isOutage = (error: unknown): error is ClosebellError =>
  error instanceof ClosebellError && (error.code === 'CB_STORE_SUSPENDED' || error.code === 'CB_STORE_UNREACHABLE')
