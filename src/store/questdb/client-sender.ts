import { Sender } from '@questdb/nodejs-client'
import type { TableColumn } from '../../../schemas/tables.ts'
import type { Log } from '../../ports/log.ts'
import type { ColumnValues, Rows } from '../../ports/store.ts'
import { unreachable } from './rest.ts'
import { RefusedRows, type RowSender } from './row-sender.ts'
import type { StoredTable } from './statements.ts'

/** Sends rows through the official client. @throws CB_STORE_UNREACHABLE when the server does not tell its protocols */
export async function openClientSender(host: string, port: number, log: Log): Promise<RowSender> {
  // retry_timeout is also the time after which the client gives up a request that is still running.
  const limits = 'request_timeout=30000;retry_timeout=30000;max_buf_size=268435456'
  try {
    const sender = await Sender.fromConfig(`http::addr=${host}:${port};auto_flush=off;${limits};`, {
      // Its debug lines, one a row, would drown everything else.
      log: (level, message) => (level === 'debug' ? undefined : log[level](String(message))),
    })
    return new ClientSender(sender)
  } catch (cause) {
    throw unreachable(`http://${host}:${port}`, cause)
  }
}

class ClientSender implements RowSender {
  readonly #sender: Sender

  constructor(sender: Sender) {
    this.#sender = sender
  }

  async send(spec: StoredTable, rows: Rows, start: number, end: number): Promise<void> {
    // An earlier attempt may have stopped in the middle of a row, for want of memory say.
    this.#sender.reset()
    await fillSender(this.#sender, spec, rows, start, end)
    try {
      await this.#sender.flush()
    } catch (cause) {
      if (cause instanceof Error && /statusCode=4\d\d/.test(cause.message)) {
        throw new RefusedRows(cause.message, { cause })
      }
      throw cause
    }
  }

  close(): Promise<void> {
    return this.#sender.close()
  }
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
