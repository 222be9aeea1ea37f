import { ClosebellError } from '../../../schemas/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Rows } from '../../ports/store.ts'
import { noAccess, unreachable } from './http.ts'
import { RefusedRows, type RowSender, UnknownSender } from './row-sender.ts'
import type { StoredTable } from './statements.ts'

/**
 * Keeps rows, in the caller's columns, until the server has acknowledged them; those of a request that failed are
 * sent again. A request is one transaction of the server and its keys make it idempotent: one that was taken, but whose
 * answer was lost, may be sent again.
 */

/** A request holds at most so many values: about 10 MB. */
const valuesPerRequest = 400_000
const attempts = 6
const firstDelayMs = 100
/** Rows of appends nobody waits for would pile up without end. */
const mostWaiting = 5_000_000

export class Outbox {
  readonly #origin: string
  readonly #sender: RowSender
  readonly #clock: Clock
  readonly #log: Log
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(origin: string, sender: RowSender, clock: Clock, log: Log) {
    this.#origin = origin
    this.#sender = sender
    this.#clock = clock
    this.#log = log
  }

  /**
   * Resolves when the server has committed the rows to its log; one append after another, in the order of the calls.
   */
  append(spec: StoredTable, rows: Rows): Promise<void> {
    if (this.#waiting + rows.count > mostWaiting) {
      const fact = `${this.#waiting} rows wait for QuestDB and ${rows.count} more are beyond ${mostWaiting}`
      return Promise.reject(new ClosebellError('CB_STORE_UNREACHABLE', fact, { retriable: true }))
    }
    this.#waiting += rows.count
    const done = this.#last.then(() => this.#sendAll(spec, rows))
    this.#last = done.catch(() => undefined)
    return done.finally(() => {
      this.#waiting -= rows.count
    })
  }

  async #sendAll(spec: StoredTable, rows: Rows): Promise<void> {
    const columns = spec.columns.filter(({ name }) => Object.hasOwn(rows.columns, name))
    const step = Math.max(1, Math.floor(valuesPerRequest / columns.length))
    for (let start = 0; start < rows.count; start += step) {
      await this.#send(spec, rows, start, Math.min(start + step, rows.count))
    }
  }

  async #send(spec: StoredTable, rows: Rows, start: number, end: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#sender.send(spec, rows, start, end)
        return
      } catch (cause) {
        if (cause instanceof UnknownSender) throw noAccess(this.#origin, cause)
        if (cause instanceof RefusedRows) throw refused(spec, cause)
        if (attempt === attempts) throw unreachable(this.#origin, cause)
        const delay = firstDelayMs * 2 ** (attempt - 1)
        this.#log.warn('rows are sent to QuestDB again', { table: spec.name, rows: end - start, attempt, delay, cause })
        await this.#clock.sleep(delay)
      }
    }
  }

  async close(): Promise<void> {
    await this.#last
    await this.#sender.close()
  }
}

function refused(spec: StoredTable, cause: RefusedRows): ClosebellError {
  return new ClosebellError('CB_STORE_VALUE', `QuestDB refused rows of ${spec.name}: ${cause.message}`, { cause })
}
