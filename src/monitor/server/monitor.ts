import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ClosebellError } from '../../../schemas/errors.ts'
import { localDate, profileOf } from '../../../schemas/profiles/index.ts'
import type { TopicName } from '../../../schemas/topics.ts'
import { Guard } from '../../http/guard.ts'
import { securityHeaders } from '../../http/headers.ts'
import type { Bus } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Store } from '../../ports/store.ts'
import { readAssets, type AssetFolder } from './assets.ts'
import { LogFollower } from './log-follower.ts'
import { completedBefore, dateAfter, newestDate } from './log-places.ts'
import { MonitorMetrics } from './monitor-metrics.ts'
import { makeHandler } from './routes.ts'
import { StoredFacts } from './stored-facts.ts'
import { StreamClient, type Broadcast } from './stream-client.ts'
import { View } from './view.ts'

export interface MonitorOptions {
  readonly bus: Bus
  /** Opens the store for one question. */
  readonly openStore: () => Promise<Store>
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  readonly profile: string
  /** What the page calls the deployment. */
  readonly deployment: string
  readonly host: string
  /** 0 takes any that is free. */
  readonly port: number
  /** Needed beyond loopback. */
  readonly token: string | null
  /** Where the minutes of a day are kept. */
  readonly folder: string
  readonly assets: readonly AssetFolder[]
}

export interface MonitorSummary {
  readonly messages: number
  readonly clients: number
  readonly sentBytes: number
}

export interface RunningMonitor {
  readonly url: string
  /** Resolves once the signal was given and everything is closed. */
  readonly done: Promise<MonitorSummary>
}

/** How often readers are sent what is new; a status goes out each second. */
const pumpMs = 100
const statusMs = 1000
/** How often names, references and a new day are looked for. */
const lookMs = 5000
/** A section is whole when rows have not come for so long; while they keep coming it is sent this often. */
const settledMs = 150
const unsettledMaxMs = 1000

/**
 * Starts the monitor. @throws ClosebellError CB_USAGE beyond loopback without a token or for a port that is taken,
 * CB_ABSENT when the bus has no topics
 */
export async function startMonitor(options: MonitorOptions): Promise<RunningMonitor> {
  const partitions = await options.bus.partitions('minutes')
  if (partitions === 0) {
    const remedy = 'Run closebell open or a feed first: they create the topics.'
    throw new ClosebellError('CB_ABSENT', 'the bus has no topics', { remedy })
  }
  const monitor = new Monitor(options, await newestDate(options.bus), partitions)
  const url = await monitor.listen()
  return { url, done: monitor.run() }
}

class Monitor {
  readonly #options: MonitorOptions
  readonly #facts: StoredFacts
  readonly #view: View
  readonly #metrics = new MonitorMetrics()
  readonly #clients = new Set<StreamClient>()
  readonly #server: Server
  readonly #follower: LogFollower
  #firstDate = ''
  #broadcast: Broadcast
  #needsSurroundings = true
  /** When the first row came that was not sent, and the last; Infinity = none. */
  #unsentSince = Infinity
  #rowsAt = -Infinity
  #clientsSeen = 0
  #sentBytes = 0

  constructor(options: MonitorOptions, date: string, partitions: number) {
    const { bus, clock, log, signal, folder, deployment, host, token, assets } = options
    const profile = profileOf(options.profile)
    this.#options = options
    this.#facts = new StoredFacts(options.openStore)
    // An empty log stands at today, so that the page can say when the session begins.
    const today = localDate(profile, clock.now())
    this.#view = new View({ bus, facts: this.#facts, profile, partitions, folder }, date, today)
    this.#follower = new LogFollower({
      bus,
      clock,
      log,
      signal,
      from: (topic) => this.#from(topic, date),
      take: (message, logged) => {
        if (this.#view.take(message, logged)) this.#needsSurroundings = true
        if (message.kind === 'minuteRows' || message.kind === 'dayRow') this.#rowsCame()
        this.#metrics.count('closebell_monitor_messages_total', 1)
      },
    })
    this.#broadcast = this.#nextBroadcast(null)
    const handler = makeHandler({
      view: this.#view,
      facts: this.#facts,
      guard: new Guard(host, token),
      hasToken: token !== null,
      assets: readAssets(assets),
      deployment,
      isReady: () => this.#follower.share === 1,
      metrics: () => this.#metricsText(),
      stream: (response, ids) => this.#connect(response, ids),
    })
    this.#server = createServer(handler)
  }

  async listen(): Promise<string> {
    const { host, port, bus } = this.#options
    // Factors of the day before are shown until today's are there, and compared with them then.
    this.#firstDate = (await completedBefore(bus, this.#view.day.date, 2))[0]?.date ?? this.#view.day.date
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) =>
        reject(new ClosebellError('CB_USAGE', `${host}:${port} cannot be listened on: ${cause.code}`, { cause })),
      )
      this.#server.listen(port, host, resolve)
    })
    const { port: bound } = this.#server.address() as AddressInfo
    return `http://${host.includes(':') ? `[${host}]` : host}:${bound}/`
  }

  async run(): Promise<MonitorSummary> {
    await Promise.all([this.#follower.run(), this.#pump(), this.#look()])
    for (const client of this.#clients) client.close()
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#view.end()
    return { messages: this.#view.messages, clients: this.#clientsSeen, sentBytes: this.#sentBytes }
  }

  #from(topic: TopicName, date: string): string {
    return topic.startsWith('factor-') || ['ml-c', 'results', 'completed'].includes(topic) ? this.#firstDate : date
  }

  /** Sends each reader what is new. */
  async #pump(): Promise<void> {
    const { clock, signal } = this.#options
    let statusAt = -Infinity
    while (!signal.aborted) {
      const isDue = clock.elapsed() - statusAt >= statusMs
      if (isDue) statusAt = clock.elapsed()
      this.#broadcast = this.#nextBroadcast(isDue ? null : this.#broadcast)
      for (const client of this.#clients) this.#send(client)
      if (this.#broadcast.isSettled) this.#unsentSince = Infinity
      await clock.sleep(pumpMs, signal)
    }
  }

  #send(client: StreamClient): void {
    const bytes = client.pump(this.#options.clock.elapsed(), this.#broadcast)
    this.#sentBytes += bytes
    this.#metrics.count('closebell_monitor_sent_bytes_total', bytes)
    if (!client.closed) return
    this.#clients.delete(client)
    this.#metrics.count('closebell_monitor_silent_clients_total', 1)
    this.#options.log.info('a page that read nothing for 30 s was let go')
  }

  /** Looks for what comes late: a new day, references, names. */
  async #look(): Promise<void> {
    const { clock, signal, bus, log } = this.#options
    while (!signal.aborted) {
      try {
        const { loggedDate } = this.#view
        const next = loggedDate === '' ? await newestDate(bus) : await dateAfter(bus, loggedDate)
        if (next > loggedDate) {
          this.#view.begin(next)
          this.#needsSurroundings = true
        }
        const { listed, minute } = this.#view.day
        // Reference may be logged some time after DayOpened, but not after trading has begun.
        if (this.#needsSurroundings || (listed === 0 && minute === null)) {
          this.#needsSurroundings = false
          await this.#view.readSurroundings()
        } else if (this.#facts.problem !== '') await this.#view.readNames()
      } catch (error) {
        log.warn('the beginning of the day cannot be read, trying again', { reason: (error as Error).message })
      }
      await clock.sleep(lookMs, signal)
    }
  }

  #nextBroadcast(before: Broadcast | null): Broadcast {
    const mark = `event: section\ndata: ${JSON.stringify(this.#view.mark())}\n\n`
    const tick = (): Buffer => Buffer.from(`event: status\ndata: ${JSON.stringify(this.#tick())}\n\n`)
    const now = this.#options.clock.elapsed()
    const isSame = before !== null && before.sectionMark.toString() === mark
    return {
      section: this.#view.day.section,
      isSettled: now - this.#rowsAt >= settledMs || now - this.#unsentSince >= unsettledMaxMs,
      sectionMark: isSame ? before.sectionMark : Buffer.from(mark),
      status: before?.status ?? tick(),
    }
  }

  #rowsCame(): void {
    this.#rowsAt = this.#options.clock.elapsed()
    this.#unsentSince = Math.min(this.#unsentSince, this.#rowsAt)
  }

  #tick(): ReturnType<View['status']> {
    return this.#view.status(this.#options.clock.now(), this.#follower.share)
  }

  #connect(response: ServerResponse, ids: readonly string[]): void {
    response.writeHead(200, {
      ...securityHeaders,
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    response.write('retry: 2000\n\n')
    const client = new StreamClient(response, ids)
    this.#clients.add(client)
    this.#clientsSeen++
    response.once('close', () => this.#clients.delete(client))
    this.#send(client)
  }

  async #metricsText(): Promise<{ type: string; text: string }> {
    const { published } = this.#view.factors
    const heartbeats = this.#view.heartbeats.values()
    const text = await this.#metrics.text(this.#tick(), heartbeats, this.#clients.size, published)
    return { type: this.#metrics.contentType, text }
  }
}
