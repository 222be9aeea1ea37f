import type { ServerResponse } from 'node:http'
import { ClosebellError } from '../../schemas/errors.ts'
import type { Clock } from '../ports/clock.ts'
import { securityHeaders } from '../http/headers.ts'
import type { CompletedDays, CompletedEntry } from './completed-days.ts'
import { dayDocument, retractedDocument } from './documents.ts'

/** So long a client may leave what was sent unread. */
export const patienceMs = 30_000

export interface Streams {
  readonly days: CompletedDays
  readonly clock: Clock
}

/**
 * One reader of /v1/events. It has a place in the log and no queue: the next day is read when the last one has left for
 * the client, so a slow reader costs the server one message, and one that reads nothing is let go.
 */
export class EventStream {
  readonly #streams: Streams
  readonly #response: ServerResponse
  readonly #gone = new AbortController()
  readonly #forget: () => void
  /** Index of the next entry to send; -1 = the newest date, once there is one. */
  #place: number
  #isSending = false
  #isStalled = false

  private constructor(streams: Streams, response: ServerResponse, place: number) {
    this.#streams = streams
    this.#response = response
    this.#place = place
    this.#forget = streams.days.onMore(() => void this.#send())
    response.once('close', () => this.end())
  }

  /**
   * Begins behind the event of an id, or without one with the newest date. An id that no event of this log has gets
   * `reset` first: the client has to look at everything anew.
   * @throws ClosebellError CB_WIRE_CRC, CB_BUS_GAP when the first day to send is not whole
   */
  static async open(streams: Streams, response: ServerResponse, lastId: string | undefined): Promise<EventStream> {
    const { days } = streams
    const place = lastId === undefined ? days.latestIndex() : placeAfter(days, lastId)
    const first = days.entries[place ?? days.latestIndex()]
    if (first !== undefined) await days.day(first)
    response.writeHead(200, {
      ...securityHeaders,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    })
    const stream = new EventStream(streams, response, place ?? days.latestIndex())
    response.write('retry: 3000\n\n')
    if (place === null) {
      await stream.#write(message('reset', { last_event_id: lastId, last_date: days.lastDate }))
    }
    void stream.#send()
    return stream
  }

  get isOpen(): boolean {
    return !this.#gone.signal.aborted
  }

  /** Sent only to who has read what came before. */
  heartbeat(document: object): void {
    if (!this.#isStalled && this.isOpen) void this.#write(message('heartbeat', document))
  }

  end(): void {
    if (!this.isOpen) return
    this.#gone.abort()
    this.#forget()
    this.#response.end()
  }

  /** Sends what there is, in order. A day that is not whole ends the stream: whoever connects again is told why. */
  async #send(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    const { days } = this.#streams
    try {
      if (this.#place < 0) this.#place = days.latestIndex()
      while (this.isOpen && this.#place >= 0 && this.#place < days.entries.length) {
        const entry = days.entries[this.#place++]
        await this.#write(await this.#event(entry))
      }
    } catch (error) {
      this.end()
      if (!(error instanceof ClosebellError)) throw error
    } finally {
      this.#isSending = false
    }
  }

  async #event(entry: CompletedEntry): Promise<string> {
    const { days } = this.#streams
    const event = await days.day(entry)
    const id = `${days.id}-${entry.offset}`
    return event.type === 'retracted'
      ? message('retracted', retractedDocument(event), id)
      : message('day', dayDocument(event, entry), id)
  }

  /** Resolves when the client has taken the text; a client that does not is let go. */
  async #write(text: string): Promise<void> {
    if (!this.isOpen || this.#response.write(text)) return
    this.#isStalled = true
    const drained = new AbortController()
    const taken = new Promise<boolean>((resolve) => {
      this.#response.once('drain', () => resolve(true))
      this.#gone.signal.addEventListener('abort', () => resolve(true), { signal: drained.signal })
    })
    const late = this.#streams.clock.sleep(patienceMs, drained.signal).then(
      () => false,
      () => true,
    )
    const isTaken = await Promise.race([taken, late])
    drained.abort()
    this.#isStalled = false
    if (isTaken) return
    this.end()
    this.#response.destroy()
  }
}

const message = (type: string, document: object, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(document)}\n\n`

/** Index behind the entry that an id names; null when this log has none. */
function placeAfter({ id, entries }: CompletedDays, lastId: string): number | null {
  const [, log, offset] = /^([0-9a-f]{12})-(\d{1,15})$/.exec(lastId) ?? []
  if (id === '' || log !== id) return null
  const at = entries.findIndex((entry) => entry.offset === Number(offset))
  return at < 0 ? null : at + 1
}
