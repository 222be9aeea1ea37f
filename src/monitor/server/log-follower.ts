import { setMaxListeners } from 'node:events'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { TopicName } from '../../../schemas/topics.ts'
import { topics } from '../../../schemas/topics.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { decode, type Message } from '../../wire/index.ts'

/** Topics that the page is made of. Of `market` only the first records of a day are read. */
const followed: readonly TopicName[] = topics
  .map(({ name }) => name)
  .filter((name) => !['market', 'inputs'].includes(name))

export interface FollowerOptions {
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** Date to begin at, by topic. */
  readonly from: (topic: TopicName) => string
  readonly take: (message: Message, logged: Logged) => void
}

const retryMs = 1000

/** Reads every output topic from a date on and goes on as they grow. A message that cannot be read is said once. */
export class LogFollower {
  readonly #options: FollowerOptions
  /** What was there when reading began, and how much of that is read. */
  #there = 0
  #read = 0
  #positions = 0
  #started = 0
  unreadable = 0

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  /** Share of what was in the log at the start that is read, 0..1. */
  get share(): number {
    if (this.#started < this.#positions || this.#positions === 0) return 0
    return this.#there === 0 ? 1 : Math.min(1, this.#read / this.#there)
  }

  /** Resolves when the signal was given. */
  async run(): Promise<void> {
    const { bus } = this.#options
    const places: (readonly [TopicName, number])[] = []
    for (const topic of followed) {
      for (let partition = 0; partition < (await bus.partitions(topic)); partition++) places.push([topic, partition])
    }
    this.#positions = places.length
    // Every reader listens for the end, and some listen twice.
    setMaxListeners(4 * places.length, this.#options.signal)
    await Promise.all(places.map(([topic, partition]) => this.#follow(topic, partition)))
  }

  async #follow(topic: TopicName, partition: number): Promise<void> {
    const { bus, clock, log, signal, from } = this.#options
    let next = await bus.offsetOfDate(topic, partition, from(topic))
    const there = (await bus.offsets(topic, partition)).next
    this.#there += there - next
    this.#started++
    while (!signal.aborted) {
      try {
        for await (const messages of bus.read(topic, partition, { from: next, until: 'never', signal })) {
          for (const logged of messages) {
            if (logged.offset < there) this.#read++
            this.#take(logged)
            next = logged.offset + 1
          }
          // Catching up must not keep readers of the page waiting.
          await clock.sleep(0, signal)
        }
      } catch (error) {
        if (signal.aborted) return
        log.warn('a topic cannot be read, trying again', { topic, partition, reason: (error as Error).message })
        await clock.sleep(retryMs, signal)
      }
    }
  }

  #take(logged: Logged): void {
    const { log, take } = this.#options
    let message: Message
    try {
      message = decode(logged.value)
    } catch (error) {
      if (!(error instanceof ClosebellError)) throw error
      const { topic, partition, offset } = logged
      if (this.unreadable++ === 0) log.warn('a message cannot be read', { topic, partition, offset, code: error.code })
      return
    }
    take(message, logged)
  }
}
