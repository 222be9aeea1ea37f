import { closeSync, openSync, rmSync, watch, writeSync, type FSWatcher } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultProxy, Sight } from './proxy.ts'
import type { Actor, Point, Schedule, Victim } from './schedule.ts'
import type { Service } from './services.ts'
import type { Worker } from './worker.ts'

/** What there is to hurt. */
export interface World {
  readonly workers: ReadonlyMap<Actor, Worker>
  readonly kafka: Service
  readonly questdb: Service
  readonly kafkaDoor: FaultProxy
  readonly questdbDoors: ReadonlyMap<string, FaultProxy>
  /** Folder of the snapshots of both features workers, on a small disk of its own. */
  readonly state: string
}

/** What happened to a day. */
export interface Struck {
  readonly pid: number
  /** Offset that was read or appended at that instant, -1 where there is none. */
  readonly offset: number
}

/** Waits for the instant of a schedule and acts then, once. */
export class Fault {
  struck: Struck | null = null
  readonly #world: World
  readonly #schedule: Schedule
  #left: number
  #recovery: Promise<void> = Promise.resolve()
  #failure: unknown = null
  readonly #watcher: FSWatcher

  constructor(world: World, schedule: Schedule) {
    this.#world = world
    this.#schedule = schedule
    this.#left = schedule.point.count
    this.#watcher = watch(world.state, { recursive: true }, (_, file) => this.#seesFile(String(file)))
  }

  /** @returns whether the rest of what was seen is kept back */
  sees(sight: Sight): boolean {
    const { point } = this.#schedule
    if (sight.what !== point.what || sight.phase !== point.phase) return false
    if (point.topic !== '' && !sight.topic.endsWith(`.closebell.${point.topic}.v1`)) return false
    if (!this.#isOf(point, sight.who)) return false
    return this.#strikes(sight.offset)
  }

  /** Everything works again. */
  async over(): Promise<void> {
    this.#watcher.close()
    await this.#recovery
    if (this.#failure !== null) throw this.#failure
  }

  #isOf({ actor }: Point, who: string): boolean {
    return who === actor || who.endsWith(`-${this.#world.workers.get(actor)?.pid ?? -1}`)
  }

  #seesFile(file: string): void {
    const { point } = this.#schedule
    if (point.what !== 'snapshot-written' && point.what !== 'snapshot-renamed') return
    if (!file.startsWith(point.actor)) return
    if (file.endsWith('.tmp') === (point.what === 'snapshot-written')) this.#strikes(-1)
  }

  #strikes(offset: number): boolean {
    if (this.struck !== null || --this.#left > 0) return false
    const { victim, act } = this.#schedule
    this.struck = { pid: this.#pid(victim), offset }
    this.#recovery = this.#act().catch((error: unknown) => {
      this.#failure = error
    })
    return act === 'kill' || act === 'cut' || act === 'stop' || act === 'stall'
  }

  #pid(victim: Victim): number {
    const { kafka, questdb, workers } = this.#world
    return victim === 'kafka' ? kafka.pid : victim === 'questdb' ? questdb.pid : (workers.get(victim)?.pid ?? -1)
  }

  /** What is done at the instant is done before the first await. */
  async #act(): Promise<void> {
    const { victim, act, ms } = this.#schedule
    const { kafka, questdb, workers, kafkaDoor, questdbDoors } = this.#world
    const service = victim === 'kafka' ? kafka : victim === 'questdb' ? questdb : null
    const worker = service === null ? workers.get(victim as Actor) : undefined
    const target = service ?? worker
    if (act === 'kill') target?.signal('SIGKILL')
    if (act === 'restart') target?.signal('SIGTERM')
    if (act === 'stop') {
      target?.signal('SIGSTOP')
      await sleep(ms)
      target?.signal('SIGCONT')
    }
    if (act === 'cut') {
      if (victim === 'kafka') kafkaDoor.cut()
      else if (victim === 'questdb') for (const door of questdbDoors.values()) door.cut()
      else this.#cut(victim)
    }
    if (act === 'stall') this.#hold(victim, ms)
    if (act === 'full-disk') await this.#fillDisk(ms)
    if (service !== null && (act === 'kill' || act === 'restart')) await service.restart()
  }

  #cut(victim: Victim): void {
    const { kafkaDoor, questdbDoors } = this.#world
    kafkaDoor.cut(`-${this.#pid(victim)}`)
    questdbDoors.get(victim)?.cut()
  }

  #hold(victim: Victim, ms: number): void {
    const { kafkaDoor, questdbDoors } = this.#world
    kafkaDoor.hold(`-${this.#pid(victim)}`, ms)
    questdbDoors.get(victim)?.hold(victim, ms)
  }

  async #fillDisk(ms: number): Promise<void> {
    const filler = join(this.#world.state, 'filler')
    const file = openSync(filler, 'w')
    try {
      for (;;) writeSync(file, Buffer.alloc(4096))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      closeSync(file)
    }
    await sleep(ms)
    rmSync(filler)
  }
}
