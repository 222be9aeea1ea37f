import type { Rows } from '../../ports/store.ts'
import { LineEncoder } from './line-encoder.ts'
import { RefusedRows, type RowSender } from './row-sender.ts'
import type { StoredTable } from './statements.ts'

const requestTimeoutMs = 30_000

/** Sends rows as lines of our own encoding: the same rows as through the official client, for a fraction of its CPU. */
export class BinarySender implements RowSender {
  readonly #url: string
  readonly #encoder = new LineEncoder()

  constructor(host: string, port: number) {
    this.#url = `http://${host}:${port}/write?precision=u`
  }

  async send(spec: StoredTable, rows: Rows, start: number, end: number): Promise<void> {
    const body = this.#encoder.encode(spec, rows, start, end)
    const answer = await fetch(this.#url, { method: 'POST', body, signal: AbortSignal.timeout(requestTimeoutMs) })
    const text = await answer.text()
    if (answer.ok) return
    const fact = `${answer.status} ${text}`
    throw answer.status >= 400 && answer.status < 500 ? new RefusedRows(fact) : new Error(fact)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
