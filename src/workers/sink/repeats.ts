import { factorTopic, sets, type TopicName } from '../../../schemas/topics.ts'
import type { Bus, Logged } from '../../ports/bus.ts'

/** What a close publishes: of each key the record that was logged first stands, in the log as in the store. */
const closed: readonly TopicName[] = ['panels', ...sets.map(factorTopic), 'ml-c', 'completed']

interface DayKeys {
  readonly date: string
  /** Offset of the first record of each key. */
  readonly first: Map<string, number>
}

/** Tells records that came behind another of their key; a reader that starts in mid-day looks back. */
export class Repeats {
  readonly #bus: Bus
  readonly #days = new Map<TopicName, DayKeys>()

  constructor(bus: Bus) {
    this.#bus = bus
  }

  async isRepeat(message: Logged): Promise<boolean> {
    const { topic, date, key, offset } = message
    if (!closed.includes(topic)) return false
    let day = this.#days.get(topic)
    if (day?.date !== date) {
      day = await this.#before(message)
      this.#days.set(topic, day)
    }
    const first = day.first.get(key) ?? offset
    day.first.set(key, first)
    return first < offset
  }

  async #before({ topic, partition, date, offset }: Logged): Promise<DayKeys> {
    const first = new Map<string, number>()
    const from = await this.#bus.offsetOfDate(topic, partition, date)
    if (from >= offset) return { date, first }
    for await (const messages of this.#bus.read(topic, partition, { from, until: 'end' })) {
      for (const message of messages) {
        if (message.offset >= offset) return { date, first }
        if (!first.has(message.key)) first.set(message.key, message.offset)
      }
    }
    return { date, first }
  }
}
