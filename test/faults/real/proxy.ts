import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { appendedAt, bringsRecords, correlationOf, Frames, readRequest, type Request } from './kafka-frames.ts'

/** `asked`: half of the request has gone out. `answered`: the service did it, and the answer is still here. */
export type Phase = 'asked' | 'answered'

/** One thing that a worker did, as it passes by. */
export interface Sight {
  /** The client's own name on Kafka; the name of the door on QuestDB. */
  readonly who: string
  readonly what: 'produce' | 'fetch' | 'commit' | 'write'
  readonly topic: string
  readonly phase: Phase
  readonly offset: number
}

/** Sees what passes; true keeps the rest of the request, or the answer, back until the connection ends. */
export type Watch = (sight: Sight) => boolean

/** Connections of one client may be cut, or held for a while: bytes then wait in both directions. */
export class FaultProxy {
  readonly #server: Server
  readonly #links = new Set<Link>()
  /** Rejected where the port is another's. */
  readonly listening: Promise<unknown>
  #held = { who: '', until: 0 }

  /** `who`: the client behind every connection; without it each names itself, as Kafka's clients do. */
  constructor(port: number, target: number, watch: Watch, who?: string) {
    this.#server = createServer({ noDelay: true }, (client) => {
      const link = new Link(client, target, watch, (name) => this.#gate(name), who)
      this.#links.add(link)
      link.onEnd = () => this.#links.delete(link)
    })
    this.#server.listen(port, '127.0.0.1')
    this.listening = once(this.#server, 'listening')
    this.listening.catch(() => undefined)
  }

  /** Cuts the connections of one client, or of all; `who` is the end of its name. */
  cut(who = ''): void {
    for (const link of this.#links) if (link.who.endsWith(who)) link.end()
  }

  hold(who: string, ms: number): void {
    this.#held = { who, until: performance.now() + ms }
  }

  close(): void {
    this.cut()
    this.#server.close()
  }

  async #gate(who: string): Promise<void> {
    const left = this.#held.until - performance.now()
    if (left > 0 && who.endsWith(this.#held.who)) await sleep(left)
  }
}

class Link {
  who: string
  onEnd: () => void = () => undefined
  readonly #client: Socket
  readonly #service: Socket
  readonly #watch: Watch
  readonly #gate: (who: string) => Promise<void>
  readonly #pending = new Map<number, Request>()
  readonly #isKafka: boolean
  #isWriting = false
  #isOver = false

  constructor(client: Socket, target: number, watch: Watch, gate: (who: string) => Promise<void>, who?: string) {
    this.#client = client
    this.#service = connect({ host: '127.0.0.1', port: target, noDelay: true })
    this.#watch = watch
    this.#gate = gate
    this.#isKafka = who === undefined
    this.who = who ?? ''
    this.#pipe(client, this.#service, (bytes) => this.#request(bytes))
    this.#pipe(this.#service, client, (bytes) => this.#answer(bytes))
    for (const socket of [client, this.#service]) {
      socket.on('error', () => this.end())
      socket.on('close', () => this.end())
    }
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#client.destroy()
    this.#service.destroy()
    this.onEnd()
  }

  #pipe(from: Socket, to: Socket, pass: (bytes: Buffer) => { now: Buffer; kept: boolean }): void {
    const frames = new Frames()
    let chain = Promise.resolve()
    from.on('data', (bytes) => {
      const parts = this.#isKafka ? frames.take(bytes) : [bytes]
      for (const part of parts) {
        chain = chain.then(async () => {
          await this.#gate(this.who)
          if (this.#isOver) return
          const { now, kept } = pass(part)
          to.write(now)
          // What is kept back goes out once the client is let go on, unless its connection has ended meanwhile.
          if (!kept || now.length === part.length) return
          await sleep(keptMs)
          await this.#gate(this.who)
          if (!this.#isOver) to.write(part.subarray(now.length))
        })
      }
    })
  }

  #request(bytes: Buffer): { now: Buffer; kept: boolean } {
    const half = bytes.subarray(0, bytes.length >> 1)
    if (!this.#isKafka) {
      if (bytes.toString('latin1', 0, 11) === 'POST /write') this.#isWriting = true
      const isKept = this.#isWriting && this.#sees('write', '', 'asked', -1)
      return { now: isKept ? half : bytes, kept: isKept }
    }
    const request = readRequest(bytes)
    this.who = request.client
    this.#pending.set(request.correlation, request)
    const { api, topic, offset } = request
    const isKept = api !== 'other' && api !== 'fetch' && this.#sees(api, topic, 'asked', offset)
    return { now: isKept ? half : bytes, kept: isKept }
  }

  #answer(bytes: Buffer): { now: Buffer; kept: boolean } {
    const isKept = this.#isKafka ? this.#seesAnswer(bytes) : this.#isWriting && this.#sees('write', '', 'answered', -1)
    if (!this.#isKafka) this.#isWriting = false
    return { now: isKept ? bytes.subarray(0, 0) : bytes, kept: isKept }
  }

  #seesAnswer(bytes: Buffer): boolean {
    const request = this.#pending.get(correlationOf(bytes))
    this.#pending.delete(correlationOf(bytes))
    if (request === undefined || request.api === 'other') return false
    const { api, topic } = request
    if (api === 'fetch' && !bringsRecords(bytes)) return false
    const offset = api === 'produce' ? appendedAt(bytes) : request.offset
    return this.#sees(api, topic, 'answered', offset)
  }

  #sees(what: Sight['what'], topic: string, phase: Phase, offset: number): boolean {
    return this.#watch({ who: this.who, what, topic, phase, offset })
  }
}

/** Long enough that a kill or a cut, which follows at once, ends the connection before. */
const keptMs = 100
