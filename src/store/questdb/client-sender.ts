import { Sender, SenderOptions } from '@questdb/nodejs-client'
import type { TableColumn } from '../../../schemas/tables.ts'
import type { Log } from '../../ports/log.ts'
import type { ColumnValues, Rows } from '../../ports/store.ts'
import { originOf, unreachable, type QuestdbServer } from './http.ts'
import { RefusedRows, type RowSender, UnknownSender } from './row-sender.ts'
import type { StoredTable } from './statements.ts'

/** Sends rows through the official client. @throws CB_STORE_UNREACHABLE when the server does not tell its protocols */
export async function openClientSender(server: QuestdbServer, log: Log): Promise<RowSender> {
  const { host, port, access } = server
  const scheme = access.tls === null ? 'http' : 'https'
  // retry_timeout is also the time after which the client gives up a request that is still running.
  const limits = 'request_timeout=30000;retry_timeout=30000;max_buf_size=268435456'
  try {
    const options = new SenderOptions(`${scheme}::addr=${host}:${port};auto_flush=off;${limits};`, {
      // Its debug lines, one a row, would drown everything else.
      log: (level, message) => (level === 'debug' ? undefined : log[level](String(message))),
    })
    // Set here and not in the text, where a semicolon in a password would end it.
    if (access.user !== null) Object.assign(options, { username: access.user.name, password: access.user.password })
    if (access.token !== null) options.token = access.token
    if (access.tls !== null && access.tls.caFile !== null) options.tls_ca = access.tls.caFile
    return new ClientSender(new Sender(await SenderOptions.resolveAuto(options)))
  } catch (cause) {
    throw unreachable(originOf(server), cause)
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
      if (cause instanceof Error && /statusCode=40[13]/.test(cause.message)) {
        throw new UnknownSender(cause.message, { cause })
      }
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
