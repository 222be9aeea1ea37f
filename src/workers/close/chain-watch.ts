import type { ChainName } from '../../../schemas/market.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import { codecs, kindOf } from '../../wire/index.ts'

/** One partition's day, as the market log tells it. */
export interface WatchedPartition {
  readonly partition: number
  /** When the day was opened and when a deadline was logged, ms UTC; NaN = not yet. */
  openedAt: number
  deadlineAt: number
  /** A later date stands in the log: nothing of this one may follow. */
  isPast: boolean
  /** Chains that neither ended nor were lost, by `producer/channel`. */
  readonly living: Map<string, ChainName>
  /** Living chains of which the last look found a record. */
  readonly heard: Set<string>
  /** Living chains that have said something by now. */
  readonly begun: Set<string>
}

interface Watched extends WatchedPartition {
  next: number
}

const nameOf = ({ producer, channel }: ChainName): string => `${producer}/${channel}`

/** Watches the chains of one date on every partition; each look reads only what is new, and decodes session records. */
export class ChainWatch {
  readonly #bus: Bus
  readonly #date: string
  #partitions: Watched[] | null = null

  constructor(bus: Bus, date: string) {
    this.#bus = bus
    this.#date = date
  }

  async look(signal: AbortSignal): Promise<readonly WatchedPartition[]> {
    this.#partitions ??= await this.#begin()
    for (const watched of this.#partitions) {
      watched.heard.clear()
      if (watched.next >= (await this.#bus.offsets('market', watched.partition)).next) continue
      const options = { from: watched.next, until: 'end', signal } as const
      for await (const messages of this.#bus.read('market', watched.partition, options)) {
        for (const message of messages) this.#take(watched, message)
      }
    }
    return this.#partitions
  }

  async #begin(): Promise<Watched[]> {
    const partitions: Watched[] = []
    for (let partition = 0; partition < (await this.#bus.partitions('market')); partition++) {
      partitions.push({
        partition,
        openedAt: NaN,
        deadlineAt: NaN,
        isPast: false,
        living: new Map(),
        heard: new Set(),
        begun: new Set(),
        next: await this.#bus.offsetOfDate('market', partition, this.#date),
      })
    }
    return partitions
  }

  #take(watched: Watched, message: Logged): void {
    watched.next = message.offset + 1
    if (message.date !== this.#date) {
      watched.isPast ||= message.date > this.#date
      return
    }
    // A batch's key is its chain.
    if (watched.living.has(message.key)) {
      watched.heard.add(message.key)
      watched.begun.add(message.key)
    }
    switch (kindOf(message.value)) {
      case 'dayOpened': {
        if (!Number.isNaN(watched.openedAt)) return
        watched.openedAt = message.appendedAt
        for (const chain of codecs.dayOpened.decode(message.value).chains) watched.living.set(nameOf(chain), chain)
        return
      }
      case 'chainEnded':
        return void watched.living.delete(nameOf(codecs.chainEnded.decode(message.value)))
      case 'chainLost':
        return void watched.living.delete(nameOf(codecs.chainLost.decode(message.value)))
      case 'deadline':
        if (Number.isNaN(watched.deadlineAt)) watched.deadlineAt = message.appendedAt
        return
      default:
    }
  }
}
