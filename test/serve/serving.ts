import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import type { Bus } from '../../src/ports/bus.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { Guard } from '../../src/http/guard.ts'
import { serveDays, type Served } from '../../src/serve/server.ts'
import { realClock } from '../real-clock.ts'
import { silentLog } from '../silent-log.ts'

export interface Serving {
  readonly port: number
  stop(): Promise<Served>
}

/** A server in this process; resolves when it answers. */
export function serve(bus: Bus, more: { clock?: Clock; guard?: Guard } = {}): Promise<Serving> {
  const stopping = new AbortController()
  return new Promise((resolve, reject) => {
    const served = serveDays({
      bus,
      clock: realClock,
      log: silentLog,
      profile: 'cn',
      version: '0.0.0',
      guard: new Guard('127.0.0.1', null),
      host: '127.0.0.1',
      port: 0,
      signal: stopping.signal,
      onListening: ({ port }) => {
        const stop = (): Promise<Served> => {
          stopping.abort()
          return served
        }
        resolve({ port, stop })
      },
      ...more,
    })
    served.catch(reject)
  })
}

export interface Asked {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

export interface Question {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
}

/** Not fetch(), which keeps Host and Origin to itself. */
export const open = (port: number, path: string, { method = 'GET', headers = {} }: Question = {}) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, headers, agent: false }, resolve).once('error', reject).end()
  })

export async function ask(port: number, path: string, question: Question = {}): Promise<Asked> {
  const response = await open(port, path, question)
  let text = ''
  for await (const bytes of response) text += String(bytes)
  return { status: response.statusCode ?? 0, headers: response.headers, text }
}

export interface SentEvent {
  readonly type: string
  readonly id: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Server-sent events as a browser takes them: blocks of `field: value` lines. */
export class EventReader {
  readonly response: IncomingMessage
  readonly #blocks: AsyncIterator<string>

  constructor(response: IncomingMessage) {
    this.response = response
    this.#blocks = blocksOf(response)
  }

  static async open(port: number, lastId?: string): Promise<EventReader> {
    return new EventReader(
      await open(port, '/v1/events', { headers: lastId === undefined ? {} : { 'last-event-id': lastId } }),
    )
  }

  /** The next event that is no heartbeat; null at the end of the stream. */
  async next(): Promise<SentEvent | null> {
    for (;;) {
      const event = await this.any()
      if (event?.type !== 'heartbeat') return event
    }
  }

  async any(): Promise<SentEvent | null> {
    for (;;) {
      const { value, done } = await this.#blocks.next()
      if (done === true) return null
      const fields = new Map(value.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]))
      if (!fields.has('data')) continue
      return {
        type: fields.get('event') ?? '',
        id: fields.get('id') ?? '',
        data: JSON.parse(fields.get('data') ?? '') as SentEvent['data'],
      }
    }
  }

  close(): void {
    this.response.destroy()
  }
}

async function* blocksOf(response: IncomingMessage): AsyncGenerator<string> {
  let text = ''
  for await (const bytes of response) {
    text += String(bytes)
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    yield* blocks
  }
}
