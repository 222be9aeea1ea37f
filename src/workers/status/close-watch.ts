import type { TopicName } from '../../../schemas/topics.ts'
import type { Bus } from '../../ports/bus.ts'
import { decode, kindOf } from '../../wire/index.ts'
import type { Revision } from '../corrections.ts'
import { CloseState, type CloseProgress } from './close-state.ts'

const watched: readonly TopicName[] = ['days', 'panels', 'jobs', 'results', 'ml-c', 'completed']

/** Watches the close of one revision of a date in the topics that it leads to; each look reads only what is new. */
export class CloseWatch {
  readonly of: Revision
  readonly #bus: Bus
  readonly #state: CloseState
  readonly #next = new Map<string, number>()

  constructor(bus: Bus, of: Revision) {
    this.of = of
    this.#bus = bus
    this.#state = new CloseState(of.date, of.revision)
  }

  async look(): Promise<CloseProgress> {
    for (const topic of watched) await this.#read(topic)
    return this.#state.progress(await this.#bus.partitions('days'))
  }

  async #read(topic: TopicName): Promise<void> {
    const partitions = await this.#bus.partitions(topic)
    for (let partition = 0; partition < partitions; partition++) {
      const place = `${topic}/${partition}`
      const from = this.#next.get(place) ?? (await this.#bus.offsetOfDate(topic, partition, this.of.startedOn))
      this.#next.set(place, from)
      if (from >= (await this.#bus.offsets(topic, partition)).next) continue
      for await (const messages of this.#bus.read(topic, partition, { from, until: 'end' })) {
        for (const message of messages) {
          // Rows are most of what stands in `days`, and tell nothing.
          if (kindOf(message.value) !== 'dayRow') this.#state.take(decode(message.value), message)
        }
        this.#next.set(place, (messages.at(-1)?.offset ?? from) + 1)
      }
    }
  }
}
