import { ClosebellError } from '../../../schemas/errors.ts'
import { sets, type SetName, type TopicName } from '../../../schemas/topics.ts'
import type { Engine } from '../../../models/engine.ts'
import type { Artifact } from '../../../models/training/artifact.ts'
import type { Bus } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ModelsFolder } from '../models-folder.ts'
import { EarlierDays } from '../scoring/earlier-days.ts'
import { LogView } from '../scoring/log-view.ts'

interface ReadyOptions {
  readonly bus: Bus
  readonly clock: Clock
  readonly engine: Engine
  readonly models: ModelsFolder
  readonly profile: string
}

/**
 * What jobs are scored from, kept between them and made ready as it is published: before a close comes, the promoted
 * artifacts are loaded, and the windows of its date are decoded and run through their networks but for their last day.
 */
export class Ready {
  readonly view: LogView
  readonly earlier = new EarlierDays()
  readonly #options: ReadyOptions
  readonly #artifacts = new Map<string, Artifact>()
  /** Preparations that were asked for and are not over, one of each topic at most. */
  #preparing = 0
  /** They go one after another, so that the second finds what the first has made. */
  #prepared: Promise<void> = Promise.resolve()
  /** The date that was prepared last: one window of a set is kept, so that an earlier one would take its place. */
  #newest = ''

  constructor(options: ReadyOptions) {
    this.#options = options
    this.view = new LogView(options.bus, options.profile)
  }

  get isPreparing(): boolean {
    return this.#preparing > 0
  }

  async artifact(set: SetName, hash: string): Promise<Artifact> {
    const artifact = this.#artifacts.get(hash) ?? (await this.#options.models.load(set, hash))
    this.#artifacts.set(hash, artifact)
    return artifact
  }

  /** Follows what jobs name from the newest record on. */
  async follow(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#followTopic('inputs', signal), this.#followTopic('panels', signal)])
  }

  async #followTopic(topic: TopicName, signal: AbortSignal): Promise<void> {
    const { bus } = this.#options
    const { first, next } = await bus.offsets(topic, 0)
    for await (const messages of bus.read(topic, 0, { from: Math.max(first, next - 1), until: 'never', signal })) {
      const { date } = messages.at(-1) ?? {}
      if (date === undefined) continue
      this.#preparing++
      this.#prepared = this.#prepared.then(() => this.#prepare(date, signal)).finally(() => this.#preparing--)
      await this.#prepared
    }
  }

  async #prepare(date: string, signal: AbortSignal): Promise<void> {
    if (date < this.#newest) return
    this.#newest = date
    await this.view.refresh(date)
    for (const set of sets) {
      const artifact = await this.#promoted(set)
      // Prices and volumes are scaled by their window.
      if (artifact === null || set === 'PV') continue
      const { lookback } = artifact.manifest.spec
      const panels = this.view.panelsUpTo(set, date, lookback).filter((panel) => panel.date < date)
      const running = this.earlier.run(this.#options.engine, artifact, panels.slice(1 - lookback))
      while (running.next().done === false) {
        if (signal.aborted) return
        // The membership lives on meanwhile. A clock may answer an aborted sleep by a rejection.
        await this.#options.clock.sleep(0, signal).catch(() => undefined)
      }
    }
  }

  /** Null also where the artifact is not to be used: the job that names it says so. */
  async #promoted(set: SetName): Promise<Artifact | null> {
    try {
      const hash = (await this.#options.models.promotions(set)).at(-1)
      return hash === undefined ? null : await this.artifact(set, hash)
    } catch (error) {
      if (error instanceof ClosebellError) return null
      throw error
    }
  }
}
