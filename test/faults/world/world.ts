import { createReferenceEngine } from '../../../models/network/reference/engine.ts'
import type { ChainName } from '../../../schemas/market.ts'
import { Random } from '../../../src/simulator/random.ts'
import type { Bus } from '../../../src/ports/bus.ts'
import type { Log } from '../../../src/ports/log.ts'
import type { Store } from '../../../src/ports/store.ts'
import { runCloseWorker } from '../../../src/workers/close/close-worker.ts'
import { FeaturesWorker } from '../../../src/workers/features/features-worker.ts'
import { publishFeed } from '../../../src/workers/feed.ts'
import { runModelWorker } from '../../../src/workers/model/model-worker.ts'
import { openDay } from '../../../src/workers/open/open-worker.ts'
import { Sink } from '../../../src/workers/sink/sink-worker.ts'
import { Faults, type Extent, type Kind, type Plan } from './faults.ts'
import { Groups, type CommittedOffsets } from './groups.ts'
import { partitions, type Market } from './market.ts'
import { Process } from './process.ts'
import { strayBehind, strayChain } from './stray.ts'
import { Timeline } from './timeline.ts'
import { busOf, type Sizes } from './world-bus.ts'
import { WorldDisk, type Files } from './world-disk.ts'
import { WorldLog, type LoggedTopics } from './world-log.ts'
import { WorldStore, type StoredTables } from './world-store.ts'

const start = Date.parse('2024-01-02T01:00:00Z')
const stepsMax = 200_000
/** Longer than anything takes: no deadline passes while something recovers. */
const longMs = 1e9

const engine = createReferenceEngine('world')
/** How often a morning is looked for, ms. */
const nightMs = 50
/** No worker of a world is told to stop. */
const unstopped = (): AbortSignal => new AbortController().signal

/** A snapshot says within so many bytes how far it reaches. */
const headBytes = 1000

/** What stands in log and store. */
export interface State {
  readonly topics: LoggedTopics
  readonly tables: StoredTables
  readonly committed: CommittedOffsets
  readonly files: Files
}

export interface Setting {
  readonly market: Market
  readonly dates: readonly string[]
  readonly before: State
  /** Of this run alone: what it draws must not change what comes out. */
  readonly seed: number
  readonly plan: Plan
}

export interface Outcome extends State {
  readonly extent: Extent
  readonly steps: number
  /** What the workers died of on their own. */
  readonly errors: readonly string[]
  /** Rules that hold at every instant, where they did not. */
  readonly broken: readonly string[]
  readonly isOver: boolean
}

interface Ports {
  readonly process: Process
  readonly bus: Bus
  readonly store: Store
}

/** The production workers on a simulated broker, store, disk and clock. */
export class World {
  readonly #setting: Setting
  readonly #timeline = new Timeline(start)
  readonly #random: Random
  readonly #faults: Faults
  readonly #log: WorldLog
  readonly #store: WorldStore
  readonly #disk: WorldDisk
  readonly #groups: Groups
  readonly #sizes: Sizes
  /** Openers and feeds at work, those that stand still among them. */
  readonly #senders = new Set<Process>()
  readonly #errors: string[] = []
  readonly #broken: string[] = []

  constructor(setting: Setting) {
    this.#setting = setting
    this.#random = new Random(setting.seed, 1)
    this.#faults = new Faults(setting.plan)
    this.#log = new WorldLog(this.#timeline, partitions, setting.before.topics, strayBehind)
    this.#store = new WorldStore(this.#timeline, this.#faults, setting.before.tables)
    this.#disk = new WorldDisk(
      setting.before.files,
      this.#random,
      () => this.#faults.until('disk full', this.#timeline.now - start) > 0,
    )
    this.#groups = new Groups(
      setting.before.committed,
      { timeline: this.#timeline, random: this.#random, faults: this.#faults },
      (topic) => this.#log.topics.get(topic)?.length ?? 0,
      (process, group, partition, { offset }) => {
        if (group === 'features') this.#checkCommit(process, partition, offset)
      },
    )
    const size = (): number => [1, 3, 20, 1000][this.#random.below(4)]
    this.#sizes = { send: size(), fetch: size() }
  }

  async run(): Promise<Outcome> {
    const { dates } = this.#setting
    for (let i = 0; i < 2; i++) this.#keep('features', (ports) => this.#features(ports))
    this.#keep('sink', ({ bus, store }) => new Sink(bus, store, 'live').follow(unstopped()))
    this.#keep('model', ({ bus, process }) => this.#model(bus, process))
    this.#keep('close', (ports) => this.#close(ports))
    /** A day is opened on the morning after the one before was completed, when nobody is left who sends of that one. */
    const morning = (d: number): void => {
      if (d === dates.length) return
      const completed = this.#log.partition('completed', 0).messages
      const isOver = this.#senders.size === 0 && completed.some(({ date }) => date === dates[d - 1])
      if (d === 0 || isOver) day(d)
      else this.#timeline.after(nightMs, () => morning(d))
    }
    const day = (d: number): void =>
      this.#keep(
        'open',
        (ports) => this.#open(ports, dates[d]),
        () =>
          this.#keep(
            'feed',
            (ports) => this.#feed(ports, dates[d]),
            () => morning(d + 1),
          ),
      )
    morning(0)
    const isOver = await this.#timeline.run(stepsMax)
    return {
      topics: this.#log.logged,
      tables: this.#store.written,
      committed: this.#groups.committed,
      files: this.#disk.files,
      extent: { calls: this.#faults.calls, writes: this.#faults.writes, ms: this.#log.lastAppendAt - start },
      steps: this.#timeline.steps,
      errors: this.#errors,
      broken: this.#broken,
      isOver,
    }
  }

  /** Runs a worker until it is done, in a new process each time one has died; `done` is told once. */
  #keep(kind: Kind, work: (ports: Ports) => Promise<unknown>, done: () => void = () => undefined): void {
    let isDone = false
    const again = (ms: number): void =>
      this.#timeline.after(ms, () => {
        if (!isDone) spawn()
      })
    const spawn = (): void => {
      const around = { timeline: this.#timeline, random: this.#random, faults: this.#faults }
      const process = new Process(kind, around)
      if (kind === 'open' || kind === 'feed') this.#senders.add(process)
      process.onCrash = (losesDisk) => {
        this.#senders.delete(process)
        if (losesDisk) this.#disk.lose(process)
        this.#groups.miss(process)
        again(1 + this.#random.below(100))
      }
      process.onPause = (ms) => {
        this.#groups.miss(process)
        // Whoever watches over it may take it for dead and start another beside it.
        if (kind !== 'features' && this.#random.below(2) === 0) again(this.#random.below(ms + 1))
      }
      const bus = busOf(process, this.#log, this.#groups, this.#sizes)
      work({ process, bus, store: this.#store.of(process) }).then(
        () => {
          this.#senders.delete(process)
          if (!isDone) done()
          isDone = true
        },
        (error: unknown) => {
          this.#errors.push(`${kind}: ${(error as Error).message}`)
          process.crash(false)
        },
      )
    }
    spawn()
  }

  /** An offset is committed behind a snapshot that reaches so far. */
  #checkCommit(process: Process, partition: number, offset: number): void {
    const bytes = this.#disk.placedBy(process, `state/market-${partition}.snapshot`)
    const head = Buffer.from(bytes?.subarray(0, headBytes) ?? []).toString('latin1')
    const reached = Number(/"nextOffset":(\d+)/.exec(head)?.[1] ?? -1)
    if (reached < offset) this.#broken.push(`${offset} of ${partition} is committed, the snapshot reaches ${reached}`)
  }

  #features({ process, bus }: Ports): Promise<unknown> {
    return new FeaturesWorker({
      bus,
      clock: process.clock,
      log: this.#quiet,
      profile: 'cn',
      sizing: this.#setting.market.sizing,
      state: 'state',
      disk: this.#disk.of(process),
      snapshotIntervalMs: [0, 20, 50, 200][this.#random.below(4)],
      end: 'never',
      minuteRows: true,
    }).run()
  }

  #model(bus: Bus, process: Process): Promise<unknown> {
    const { models } = this.#setting.market
    return runModelWorker({
      bus,
      clock: process.clock,
      log: this.#quiet,
      engine,
      models,
      profile: 'cn',
      signal: unstopped(),
    })
  }

  #close({ process, bus, store }: Ports): Promise<unknown> {
    const { market, dates } = this.#setting
    const { models } = market
    const options = { bus, store, clock: process.clock, log: this.#quiet, profile: 'cn', models, dates }
    return runCloseWorker({ ...options, resultsTimeoutMs: longMs })
  }

  async #open({ bus, store }: Ports, date: string): Promise<unknown> {
    const { producer, days } = this.#setting.market.feed
    for await (const day of days()) {
      if (day.date !== date) continue
      const chains = [...day.channels.map(({ channel }): ChainName => ({ producer, channel })), strayChain]
      return openDay({ bus, store, log: this.#quiet, date, profile: 'cn', neighbours: 2, chains })
    }
  }

  #feed({ bus, process }: Ports, date: string): Promise<unknown> {
    const { feed } = this.#setting.market
    const dates = [date]
    const log = this.#quiet
    return publishFeed({ feed, bus, partitions, clock: process.clock, log, batchRows: 32, signal: unstopped(), dates })
  }

  get #quiet(): Log {
    const nothing = (): void => undefined
    const told: Log['error'] = (message, facts) => void this.#errors.push(`${message} ${JSON.stringify(facts)}`)
    return { debug: nothing, info: nothing, warn: nothing, error: told }
  }
}
