import type { DaySettings } from '../../../streams/index.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import { encodeOutputs, type Addressed } from './encode-outputs.ts'
import { correctionOf, revisedRows, type LoggedCorrection } from './revised-day.ts'

export interface RevisionsOptions {
  readonly bus: Bus
  readonly settings: DaySettings
  readonly publish: (addressed: readonly Addressed[]) => Promise<void>
  /** Called when the last pending revision of a partition is out, or when one failed. */
  readonly onSettled: (failure?: { readonly error: unknown }) => void
  readonly signal?: AbortSignal
}

interface Pending {
  /** Date under which its rows are filed. */
  readonly filed: string
  readonly done: Promise<void>
}

/**
 * Makes later revisions of closed days while their partitions go on with the day that is open. Until one is out nothing
 * behind its correction is committed, so that a worker that dies meanwhile meets the correction again.
 */
export class Revisions {
  readonly #options: RevisionsOptions
  readonly #pending = new Map<number, Pending>()
  /** Those that are out, as `date r2` for the second revision of a date. */
  readonly made: string[] = []

  constructor(options: RevisionsOptions) {
    this.#options = options
  }

  isPending(partition: number): boolean {
    return this.#pending.has(partition)
  }

  /** Dates never fall along a partition: what is filed under an earlier date comes first. */
  async before(partition: number, date: string): Promise<void> {
    const pending = this.#pending.get(partition)
    if (pending !== undefined && pending.filed < date) await pending.done
  }

  /**
   * Starts the revisions that are asked for among messages, one after another. A retraction has no rows.
   * @param reached the date up to which rows of the partition may be out: a correction may stand behind the first
   * records of the next day, where both were published at one time
   */
  start(partition: number, messages: readonly Logged[], reached: string): void {
    for (const message of messages) {
      const correction = correctionOf(message)
      if (correction === null || correction.value.retract) continue
      const before = this.#pending.get(partition)
      const filed = messages.reduce((newest, { date }) => (date > newest ? date : newest), reached)
      const done = (before?.done ?? Promise.resolve()).then(() => this.#make(partition, correction, filed))
      const pending = { filed, done: done.catch(() => undefined) }
      this.#pending.set(partition, pending)
      done.then(
        () => {
          if (this.#pending.get(partition) !== pending) return
          this.#pending.delete(partition)
          this.#options.onSettled()
        },
        (error: unknown) => this.#options.onSettled({ error }),
      )
    }
  }

  /** Resolves when nothing is pending any more. */
  async settled(): Promise<void> {
    await Promise.all([...this.#pending.values()].map(({ done }) => done))
  }

  async #make(partition: number, correction: LoggedCorrection, filed: string): Promise<void> {
    const { bus, settings, publish, signal } = this.#options
    let isOut = false
    for await (const outputs of revisedRows(bus, partition, settings, correction, signal)) {
      if (signal?.aborted === true) return
      await publish(encodeOutputs(outputs, partition, filed))
      isOut ||= outputs.some(({ kind }) => kind === 'partitionClosed')
    }
    const name = `${correction.value.date} r${correction.value.revision + 1}`
    if (isOut && !this.made.includes(name)) this.made.push(name)
  }
}
