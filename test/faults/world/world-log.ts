import { ClosebellError } from '../../../schemas/errors.ts'
import { jobPartitions, topics, type TopicName } from '../../../schemas/topics.ts'
import type { Logged, Outgoing } from '../../../src/ports/bus.ts'
import type { Timeline } from './timeline.ts'

/** One partition, and who waits for its next message. */
export class PartitionLog {
  readonly messages: Logged[]
  waiting: (() => void)[] = []

  constructor(messages: readonly Logged[]) {
    this.messages = [...messages]
  }

  get next(): number {
    return this.messages.length
  }

  /** First message of a date or a later one: along a partition dates never fall. */
  offsetOfDate(date: string): number {
    let [low, high] = [0, this.messages.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.messages[middle].date >= date) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** The topics of a world as they stand, by partition. */
export type LoggedTopics = ReadonlyMap<TopicName, readonly (readonly Logged[])[]>

/** The broker: what is appended stays. */
export class WorldLog {
  readonly topics: ReadonlyMap<TopicName, readonly PartitionLog[]>
  /** When the last message was appended, ms UTC. */
  lastAppendAt = 0
  readonly #timeline: Timeline
  /** Follows a message into the log with it: what another producer happens to append just then. */
  readonly #followers: (message: Outgoing) => readonly Outgoing[]

  constructor(
    timeline: Timeline,
    partitions: number,
    before: LoggedTopics,
    followers: (message: Outgoing) => readonly Outgoing[],
  ) {
    this.#timeline = timeline
    this.#followers = followers
    this.topics = new Map(
      topics.map(({ name, partitions: wanted }) => {
        const count = wanted === 'market' ? partitions : wanted === 'jobs' ? jobPartitions : wanted
        const known = before.get(name)
        return [name, Array.from({ length: count }, (_, p) => new PartitionLog(known?.[p] ?? []))]
      }),
    )
  }

  partition(topic: TopicName, partition: number): PartitionLog {
    const log = this.topics.get(topic)?.[partition]
    if (log === undefined) throw new ClosebellError('CB_ABSENT', `partition ${partition} of ${topic} does not exist`)
    return log
  }

  /** Appends to one partition; answers the first offset. */
  append(topic: TopicName, partition: number, messages: readonly Outgoing[]): number {
    const log = this.partition(topic, partition)
    const first = log.next
    this.lastAppendAt = this.#timeline.now
    for (const message of messages) {
      const together = topic === 'market' ? [message, ...this.#followers(message)] : [message]
      for (const { date, key, value } of together)
        log.messages.push({ topic, partition, offset: log.next, appendedAt: this.#timeline.now, date, key, value })
    }
    const { waiting } = log
    log.waiting = []
    for (const wake of waiting) wake()
    return first
  }

  get logged(): LoggedTopics {
    return new Map([...this.topics].map(([name, logs]) => [name, logs.map(({ messages }) => messages)]))
  }
}
