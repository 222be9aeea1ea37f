import type { Rows } from '../../ports/store.ts'
import { ask, type QuestdbServer } from './http.ts'
import { LineEncoder } from './line-encoder.ts'
import { RefusedRows, type RowSender, UnknownSender } from './row-sender.ts'
import type { StoredTable } from './statements.ts'

const requestTimeoutMs = 30_000

/** Sends rows as lines of our own encoding: the same rows as through the official client, for a fraction of its CPU. */
export class BinarySender implements RowSender {
  readonly #server: QuestdbServer
  readonly #encoder = new LineEncoder()

  constructor(server: QuestdbServer) {
    this.#server = server
  }

  async send(spec: StoredTable, rows: Rows, start: number, end: number): Promise<void> {
    const body = this.#encoder.encode(spec, rows, start, end)
    const answer = await ask(this.#server, '/write?precision=u', { timeoutMs: requestTimeoutMs, body })
    const { status } = answer
    if (status === 200 || status === 204) return
    const fact = `${status} ${answer.body.toString()}`
    if (status === 401 || status === 403) throw new UnknownSender(fact)
    throw status >= 400 && status < 500 ? new RefusedRows(fact) : new Error(fact)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
