import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel, type Admin } from 'kafkajs'
import { topicPath, topics } from '../../../schemas/topics.ts'
import { openKafka } from '../../../src/bus/kafka/index.ts'
import { openTape } from '../../../src/bus/tape/index.ts'
import { systemClock } from '../../../src/compose/clock.ts'
import { importReference } from '../../../src/import/import-reference.ts'
import { freePorts } from '../../../src/services/java-process.ts'
import { openQuestdb } from '../../../src/store/questdb/index.ts'
import { partitions, silent, type Base } from './base.ts'
import { Fault, type World } from './faults.ts'
import { FaultProxy, type Sight } from './proxy.ts'
import type { Actor, Schedule } from './schedule.ts'
import { kafkaBehind, questdb, type Service } from './services.ts'
import { Worker } from './worker.ts'

const here = import.meta.dirname
const cli = resolve(here, '../../../src/cli/main.js')
/** A trading day lasts about a second. */
const speed = 20_000
const dayLimitMs = 240_000
const startsMax = 3
const storeClients = ['open', 'close', 'sink'] as const

/** Topics that the sink follows, each as a group of its own. */
const projected = topics
  .map(({ name }) => name)
  .filter((name) => !['market', 'corrections', 'jobs', 'results', 'late', 'quarantine', 'status'].includes(name))

/** Services of its own behind proxies, on which one deployment after another is run. */
export class Lane {
  readonly folder: string
  readonly state: string
  kafka!: Service
  questdb!: Service
  #kafkaDoor!: FaultProxy
  #kafkaPort = 0
  readonly #questdbDoors = new Map<string, FaultProxy>()
  readonly #questdbPorts = new Map<string, number>()
  #admin!: Admin
  fault: Fault | null = null

  constructor(folder: string, mayMount: boolean) {
    this.folder = folder
    this.state = join(folder, 'state')
    mkdirSync(this.state, { recursive: true })
    if (mayMount) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', this.state])
  }

  /** Other tests look for ports too: one may be taken between the asking and the binding. */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#open()
        return
      } catch (error) {
        if (attempt === startsMax) throw error
        console.error(`${this.folder} is started again: ${(error as Error).message}`)
        await this.#close()
      }
    }
  }

  async #open(): Promise<void> {
    const ports = await freePorts(1 + storeClients.length)
    this.#kafkaPort = ports[0] as number
    this.kafka = await kafkaBehind(join(this.folder, 'kafka'), this.#kafkaPort)
    this.questdb = await questdb(join(this.folder, 'questdb'))
    const watch = (sight: Sight): boolean => this.fault?.sees(sight) ?? false
    this.#kafkaDoor = new FaultProxy(this.#kafkaPort, this.kafka.port, watch)
    storeClients.forEach((name, i) => {
      const port = ports[1 + i] as number
      this.#questdbPorts.set(name, port)
      this.#questdbDoors.set(name, new FaultProxy(port, this.questdb.port, watch, name))
    })
    await Promise.all([this.#kafkaDoor, ...this.#questdbDoors.values()].map(({ listening }) => listening))
    await Promise.all([this.kafka.start(), this.questdb.start()])
    const client = new Kafka({ brokers: [this.broker], clientId: 'lane', logLevel: logLevel.NOTHING, retry })
    this.#admin = client.admin()
    await this.#admin.connect()
  }

  get broker(): string {
    return `127.0.0.1:${this.#kafkaPort}`
  }

  get store(): string {
    return `127.0.0.1:${this.questdb.port}`
  }

  world(workers: ReadonlyMap<Actor, Worker>): World {
    const { kafka, questdb, state } = this
    return { workers, kafka, questdb, kafkaDoor: this.#kafkaDoor, questdbDoors: this.#questdbDoors, state }
  }

  storeOf(name: string, prefix: string): string {
    return `questdb://127.0.0.1:${this.#questdbPorts.get(name)}/${prefix}`
  }

  /** Whether a topic holds a record of a date; what a restarting broker does not answer is asked again. */
  async reached(prefix: string, topic: 'completed', count: number): Promise<boolean> {
    const offsets = await this.#admin.fetchTopicOffsets(`${prefix}.${topicPath(topic)}`).catch(() => [])
    return Number(offsets[0]?.high ?? 0) >= count
  }

  /** Whether the sink has committed everything that there is. */
  async isProjected(prefix: string): Promise<boolean> {
    try {
      for (const name of projected) {
        const topic = `${prefix}.${topicPath(name)}`
        const [found] = await this.#admin.fetchOffsets({ groupId: `${prefix}.sink-${name}`, topics: [topic] })
        for (const { partition, high } of await this.#admin.fetchTopicOffsets(topic)) {
          const committed = Number(found?.partitions.find((one) => one.partition === partition)?.offset ?? -1)
          if (Number(high) > 0 && committed < Number(high)) return false
        }
      }
      return true
    } catch {
      return false
    }
  }

  /** Tables of a deployment that has ended only cost the server time. */
  async forget(prefix: string): Promise<void> {
    const ask = async (statement: string): Promise<{ dataset?: string[][] }> => {
      const answer = await fetch(`http://${this.store}/exec?${new URLSearchParams({ query: statement }).toString()}`)
      return (await answer.json()) as { dataset?: string[][] }
    }
    const { dataset = [] } = await ask('select table_name from tables()')
    for (const [table = ''] of dataset) if (table.startsWith(`${prefix}_`)) await ask(`DROP TABLE "${table}"`)
  }

  /** A lane that could not start lacks some of these, and says why itself. */
  async #close(): Promise<void> {
    await (this.#admin as Admin | undefined)?.disconnect().catch(() => undefined)
    const services: readonly (Service | undefined)[] = [this.kafka, this.questdb]
    await Promise.all(services.map(async (service) => service?.stop()))
    const doors: readonly (FaultProxy | undefined)[] = [this.#kafkaDoor, ...this.#questdbDoors.values()]
    for (const door of doors) door?.close()
  }

  async stop(): Promise<void> {
    await this.#close()
    try {
      execFileSync('umount', [this.state], { stdio: 'ignore' })
    } catch {
      // It was no mount.
    }
  }
}

const retry = { initialRetryTime: 200, maxRetryTime: 1000, retries: 5 }

export interface Outcome {
  readonly schedule: Schedule | null
  readonly day: string
  /** Null when the instant never came. */
  readonly struck: Fault['struck']
  readonly seconds: number
}

/** One deployment on the services of a lane: days pass, each under a schedule or none. */
export class Deployment {
  readonly prefix: string
  readonly days: string
  readonly #lane: Lane
  readonly #base: Base
  readonly #workers = new Map<Actor, Worker>()
  #completed = 0

  constructor(lane: Lane, base: Base, prefix: string) {
    this.#lane = lane
    this.#base = base
    this.prefix = prefix
    this.days = join(lane.folder, `${prefix}.days`)
  }

  get #bus(): string {
    return `kafka://${this.#lane.broker}/${this.prefix}`
  }

  async begin(): Promise<void> {
    await this.#bringHistory()
    const bus = ['--bus', this.#bus, '--partitions', String(partitions)]
    const models = ['--models', this.#base.models]
    const features = (name: string) => {
      const state = join(this.#lane.state, name)
      rmSync(state, { recursive: true, force: true })
      mkdirSync(state)
      return ['features', ...bus, '--state', state, '--snapshot-seconds', '0.15']
    }
    this.#service('sink', ['sink', ...bus, '--store', this.#lane.storeOf('sink', this.prefix)])
    this.#service('features-a', features('features-a'))
    this.#service('features-b', features('features-b'))
    this.#service('model', ['model', ...bus, ...models, '--engine', 'reference'])
    const store = this.#lane.storeOf('close', this.prefix)
    this.#service('close', ['close', ...bus, ...models, '--store', store])
    const from = this.#base.live[0] as string
    this.#run('subscriber', [join(here, 'subscriber-child.js'), this.#bus, from, this.days])
    await this.#until('the days before are stored', () => this.#lane.isProjected(this.prefix))
  }

  /** Passes one day. @throws when it does not end, or a worker keeps dying */
  async day(date: string, schedule: Schedule | null): Promise<Outcome> {
    const began = performance.now()
    const lane = this.#lane
    const fault = schedule === null ? null : new Fault(lane.world(this.#workers), schedule)
    lane.fault = fault
    const store = ['--store', lane.storeOf('open', this.prefix)]
    const open = ['open', '--date', date, '--chains', this.#base.chains, '--bus', this.#bus]
    await this.#job('open', [cli, ...open, ...store])
    await this.#job('feed', [join(here, 'feed-child.js'), this.#bus, date, String(speed)])
    const count = ++this.#completed
    await this.#until(`${date} is completed`, () => lane.reached(this.prefix, 'completed', count))
    await this.#until(`${date} is handed to the subscriber`, async () => this.#handed(date))
    const isStored = () => lane.isProjected(this.prefix)
    await this.#until(`${date} is stored`, isStored)
    await fault?.over()
    lane.fault = null
    // The instant may have come last, with what was committed before it.
    await this.#until(`${date} is stored`, isStored)
    const seconds = Math.round(performance.now() - began) / 1000
    return { schedule, day: date, struck: fault?.struck ?? null, seconds }
  }

  async end(): Promise<void> {
    this.#lane.fault = null
    await Promise.all([...this.#workers.values()].map((worker) => worker.stop()))
  }

  /** Panels, inputs and day rows of the days before, and reference data: what a long run would have left. */
  async #bringHistory(): Promise<void> {
    const { broker, store } = this.#lane
    const common = { clock: systemClock, log: silent }
    const bus = openKafka({ brokers: [broker], prefix: this.prefix, clientId: 'lane', ...common })
    const tape = openTape(this.#base.tape, common)
    const [host = '', port = ''] = store.split(':')
    const tables = await openQuestdb({ host, httpPort: Number(port), prefix: this.prefix, ...common })
    try {
      await bus.createTopics(partitions)
      await importReference(tables, this.#base.reference)
      for (const topic of ['inputs', 'panels', 'days'] as const) {
        for (let partition = 0; partition < (await tape.partitions(topic)); partition++) {
          for await (const messages of tape.read(topic, partition, { from: 0, until: 'end' })) {
            await bus.publish(topic, messages)
          }
        }
      }
    } finally {
      await Promise.all([bus.close(), tape.close(), tables.close()])
    }
  }

  #service(name: Actor, args: readonly string[]): void {
    this.#run(name, [cli, ...args, '--log-level', 'info'])
  }

  #run(name: Actor, args: readonly string[], again: 'always' | 'until-done' = 'always'): Worker {
    const worker = new Worker(name, args, join(this.#lane.folder, `${this.prefix}-${name}.log`), again)
    this.#workers.set(name, worker)
    worker.start()
    return worker
  }

  async #job(name: Actor, args: readonly string[]): Promise<void> {
    await this.#run(name, args, 'until-done').done()
  }

  #handed(date: string): boolean {
    return existsSync(this.days) && readFileSync(this.days, 'utf8').includes(` ${date} `)
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const until = performance.now() + dayLimitMs
    while (!(await isSo())) {
      if (performance.now() > until) throw new Error(`${what}: not within ${dayLimitMs / 1000} s`)
      await sleep(200)
    }
  }
}
