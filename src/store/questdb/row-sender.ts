import type { Rows } from '../../ports/store.ts'
import type { StoredTable } from './statements.ts'

/** How rows are put into requests of the line protocol. */
export interface RowSender {
  /**
   * Sends rows [start, end) of a table as one request, which the server takes whole or not at all; resolves when it has
   * committed them to its log. @throws RefusedRows when they would be refused again, UnknownSender; any other error
   * may pass
   */
  send(spec: StoredTable, rows: Rows, start: number, end: number): Promise<void>
  close(): Promise<void>
}

/** A 401 or 403 answer: the server does not know who sends. */
export class UnknownSender extends Error {}

/** Another 4xx answer. */
export class RefusedRows extends Error {}
