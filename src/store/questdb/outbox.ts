import { Sender } from '@questdb/nodejs-client'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { TableColumn } from '../../../schemas/tables.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { ColumnValues, Rows } from '../../ports/store.ts'
import { unreachable } from './rest.ts'
import type { StoredTable } from './statements.ts'

/**
 * Writes rows through the official client. The client forgets a batch whose flush failed, so the rows stay here,
 * in the caller's columns, and are serialised and sent again until they are acknowledged. A request is one
 * transaction of the server and its keys make it idempotent: one that was taken, but whose answer was lost, may be
 * sent again.
 */

/** A request holds at most so many values: about 10 MB. */
const valuesPerRequest = 400_000
const attempts = 6
const firstDelayMs = 100
/** Rows of appends nobody waits for would pile up without end. */
const mostWaiting = 5_000_000

export class Outbox {
  readonly #origin: string
  readonly #sender: Sender
  readonly #clock: Clock
  readonly #log: Log
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()

  private constructor(origin: string, sender: Sender, clock: Clock, log: Log) {
    this.#origin = origin
    this.#sender = sender
    this.#clock = clock
    this.#log = log
  }

  /** @throws CB_STORE_UNREACHABLE when the server does not tell which protocols it speaks. */
  static async open(host: string, port: number, clock: Clock, log: Log): Promise<Outbox> {
    const origin = `http://${host}:${port}`
    // retry_timeout is also the time after which the client gives up a request that is still running.
    const limits = 'request_timeout=30000;retry_timeout=30000;max_buf_size=268435456'
    try {
      const sender = await Sender.fromConfig(`http::addr=${host}:${port};auto_flush=off;${limits};`, {
        // Its debug lines, one a row, would drown everything else.
        log: (level, message) => (level === 'debug' ? undefined : log[level](String(message))),
      })
      return new Outbox(origin, sender, clock, log)
    } catch (cause) {
      throw unreachable(origin, cause)
    }
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
      // An earlier attempt may have stopped in the middle of a row, for want of memory say.
      this.#sender.reset()
      await fillSender(this.#sender, spec, rows, start, end)
      try {
        await this.#sender.flush()
        return
      } catch (cause) {
        if (isRefusal(cause)) throw refused(spec, cause)
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

/** A 4xx answer: the same rows would be refused again. */
const isRefusal = (cause: unknown): boolean => cause instanceof Error && /statusCode=4\d\d/.test(cause.message)

function refused(spec: StoredTable, cause: unknown): ClosebellError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new ClosebellError('CB_STORE_VALUE', `QuestDB refused rows of ${spec.name}: ${message}`, { cause })
}

/** Null is written by leaving the column out; symbols come first, as the line protocol wants them. */
async function fillSender(sender: Sender, spec: StoredTable, rows: Rows, start: number, end: number): Promise<void> {
  const present = spec.columns.filter(({ name }) => Object.hasOwn(rows.columns, name) && name !== 'event_time')
  const fields = [
    ...present.filter(({ kind }) => kind === 'symbol'),
    ...present.filter(({ kind }) => kind !== 'symbol'),
  ].map((column) => fieldWriter(sender, column, rows.columns[column.name] ?? []))
  const times = rows.columns['event_time'] as Float64Array
  for (let row = start; row < end; row++) {
    sender.table(spec.name)
    for (const write of fields) write(row)
    await sender.at(times[row] as number, 'us')
  }
}

function fieldWriter(sender: Sender, { name, kind }: TableColumn, values: ColumnValues): (row: number) => void {
  if (!(values instanceof Float64Array)) {
    return (row) => {
      const value = values[row] ?? ''
      if (value === '') return
      if (kind === 'symbol') sender.symbol(name, value)
      else sender.stringColumn(name, value)
    }
  }
  return (row) => {
    const value = values[row] as number
    if (Number.isNaN(value)) return
    if (kind === 'double') sender.floatColumn(name, value)
    else if (kind === 'timestamp') sender.timestampColumn(name, value, 'us')
    else sender.intColumn(name, value)
  }
}
