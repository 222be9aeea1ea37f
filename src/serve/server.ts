import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ClosebellError } from '../../schemas/errors.ts'
import type { Guard } from '../http/guard.ts'
import { securityHeaders } from '../http/headers.ts'
import { answerProblem, problemOf } from '../http/problem.ts'
import type { Bus } from '../ports/bus.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { heartbeatMs, silentMs } from '../workers/subscription/follow-days.ts'
import { Pulse, stageAfter } from '../workers/subscription/pulse.ts'
import { Api, HttpFailure, knownParameters } from './api.ts'
import { CompletedDays } from './completed-days.ts'
import { EventStream } from './event-stream.ts'

export interface ServeOptions {
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Log
  readonly profile: string
  readonly version: string
  readonly guard: Guard
  readonly host: string
  /** 0 = any that is free. */
  readonly port: number
  readonly signal: AbortSignal
  /** Called once the server answers, and knows all days that are completed. */
  readonly onListening: (address: { readonly host: string; readonly port: number }) => void
}

export interface Served {
  requests: number
  refused: number
  streams: number
  lastDate: string
}

const streamsMax = 256
const connectionsMax = 512
/** A client that takes an answer this slowly is let go. */
const idleMs = 60_000

/**
 * Serves completed days over HTTP until the signal.
 * @throws ClosebellError CB_ABSENT when the bus has no topics, CB_CONFIG when the port is taken
 */
export async function serveDays(options: ServeOptions): Promise<Served> {
  const { bus, signal } = options
  if ((await bus.partitions('completed')) === 0) {
    throw new ClosebellError('CB_ABSENT', 'the bus has no topic of completed days', {
      remedy: 'Run closebell open or a feed first: they create the topics.',
    })
  }
  return new DayServer(options).run(signal)
}

class DayServer {
  readonly #options: ServeOptions
  readonly #days: CompletedDays
  readonly #api: Api
  readonly #server: Server
  readonly #streams = new Set<EventStream>()
  readonly #served: Served = { requests: 0, refused: 0, streams: 0, lastDate: '' }

  constructor(options: ServeOptions) {
    const { bus, clock, profile, version } = options
    this.#options = options
    this.#days = new CompletedDays(bus)
    this.#api = new Api({ days: this.#days, clock, profile, version })
    this.#server = createServer((request, response) => void this.#handle(request, response))
    this.#server.maxConnections = connectionsMax
    this.#server.timeout = idleMs
  }

  async run(signal: AbortSignal): Promise<Served> {
    const stop = new AbortController()
    const onStop = (): void => stop.abort()
    signal.addEventListener('abort', onStop, { once: true })
    if (signal.aborted) onStop()
    let following: Promise<void> = Promise.resolve()
    const caughtUp = new Promise<void>((resolve) => {
      following = this.#days.follow(stop.signal, resolve).finally(() => stop.abort())
    })
    try {
      await Promise.race([caughtUp, following])
      if (!stop.signal.aborted) {
        this.#options.onListening(await this.#listen())
        await Promise.all([following, this.#beat(stop.signal)])
      } else await following
    } finally {
      stop.abort()
      signal.removeEventListener('abort', onStop)
      for (const stream of this.#streams) stream.end()
      await this.#close()
    }
    return { ...this.#served, lastDate: this.#days.lastDate }
  }

  #listen(): Promise<{ host: string; port: number }> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) =>
        reject(new ClosebellError('CB_CONFIG', `${host}:${port} cannot be bound: ${cause.message}`, { cause })),
      )
      this.#server.listen(port, host, () => resolve({ host, port: (this.#server.address() as AddressInfo).port }))
    })
  }

  async #close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    // An answer that is under way gets a moment; a client that takes longer is cut off.
    const over = new AbortController()
    void this.#options.clock.sleep(1000, over.signal).then(
      () => this.#server.closeAllConnections(),
      () => undefined,
    )
    await closed
    over.abort()
  }

  /** A heartbeat to all streams every ten seconds. */
  async #beat(signal: AbortSignal): Promise<void> {
    const { bus, clock, log } = this.#options
    const pulse = new Pulse(bus, clock)
    const stageNow = async (): Promise<string> => {
      try {
        await pulse.look()
        return pulse.silence() < silentMs ? await stageAfter(bus, this.#days.lastDate) : 'silent'
      } catch (error) {
        log.warn('the bus does not say how far the day is', { error: (error as Error).message })
        return 'silent'
      }
    }
    await stageNow()
    for (;;) {
      // A clock may end an aborted sleep by throwing.
      await clock.sleep(heartbeatMs, signal).catch(() => undefined)
      if (signal.aborted) return
      const document = {
        stage: await stageNow(),
        last_date: this.#days.lastDate,
        at: new Date(clock.now()).toISOString(),
      }
      for (const stream of this.#streams) stream.heartbeat(document)
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#served.requests++
    try {
      const url = this.#checked(request)
      if (url.pathname === '/v1/events') return await this.#stream(url, request, response)
      const { status, headers, body } = await this.#api.answer(url, request.headers)
      response.writeHead(status, {
        ...securityHeaders,
        ...headers,
        ...(status === 200 ? { 'content-length': String(Buffer.byteLength(body)) } : {}),
      })
      response.end(body)
    } catch (error) {
      this.#fail(response, error)
    }
  }

  /** The address that is asked for, when whoever asks may. @throws HttpFailure */
  #checked({ method, url: path = '/', headers }: IncomingMessage): URL {
    const refusal = this.#options.guard.refusal(headers)
    if (refusal !== null) throw new HttpFailure(refusal.status, refusal.error)
    if (method !== 'GET' && method !== 'HEAD') {
      throw new HttpFailure(405, new ClosebellError('CB_USAGE', `${method} is not answered`))
    }
    const base = 'http://server'
    if (!URL.canParse(path, base)) throw new HttpFailure(400, new ClosebellError('CB_USAGE', `${path} is no path`))
    return new URL(path, base)
  }

  async #stream(url: URL, { method, headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    knownParameters(url, [])
    if (method === 'HEAD') {
      throw new HttpFailure(405, new ClosebellError('CB_USAGE', 'a stream of events is asked for by GET'))
    }
    if (this.#streams.size >= streamsMax) {
      const fact = `${streamsMax} streams are open`
      throw new HttpFailure(503, new ClosebellError('CB_ACCESS', fact, { remedy: 'Close one, or ask another server.' }))
    }
    const lastId = headers['last-event-id']
    const { clock } = this.#options
    const given = typeof lastId === 'string' && lastId !== '' ? lastId : undefined
    const stream = await EventStream.open({ days: this.#days, clock }, response, given).catch((error: unknown) => {
      throw error instanceof ClosebellError ? new HttpFailure(502, error) : error
    })
    this.#served.streams++
    this.#streams.add(stream)
    response.once('close', () => this.#streams.delete(stream))
  }

  #fail(response: ServerResponse, error: unknown): void {
    const known = error instanceof HttpFailure
    const failure = known ? error : new HttpFailure(500, new ClosebellError('CB_INTERNAL', (error as Error).message))
    if (!known || failure.status === 502) {
      this.#options.log.error('a request failed', { status: failure.status, error: failure.message })
    }
    this.#served.refused++
    if (response.headersSent) response.destroy()
    else {
      const allow: Record<string, string> = failure.status === 405 ? { allow: 'GET, HEAD' } : {}
      answerProblem(response, problemOf(failure.status, failure.error, failure.more), allow)
    }
  }
}
