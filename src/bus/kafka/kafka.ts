import { ClosebellError } from '../../../schemas/errors.ts'
import { jobPartitions, topicPath, topics, type TopicName, type TopicSpec } from '../../../schemas/topics.ts'
import type { Bus, Committed, GroupHandlers, Logged, Membership, Outgoing, ReadOptions } from '../../ports/bus.ts'
import type { Access } from '../../ports/access.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { Client } from './client.ts'
import { firstOfDate } from './first-of-date.ts'
import { GroupMember } from './group-member.ts'
import { PartitionReader } from './partition-reader.ts'
import { Publisher } from './publisher.ts'

export interface KafkaOptions {
  /** `host:port` each. */
  readonly brokers: readonly string[]
  /** '' or the name that sets this deployment's topics and groups apart: `<prefix>.closebell.<topic>.v1`. */
  readonly prefix: string
  readonly clientId: string
  readonly access?: Access
  readonly log: Log
  readonly clock: Clock
  /** A service waits for its first contact as long as for any other answer; a person is told within 10 s. */
  readonly isService?: boolean
}

/** A bus on Kafka 3.9 or 4. Nothing is connected before the first call. */
export const openKafka = (options: KafkaOptions): Bus => new KafkaBus(options)

const maxMessageBytes = 10 * 1024 * 1024
const dayMs = 86_400_000

class KafkaBus implements Bus {
  readonly #client: Client
  readonly #prefix: string
  readonly #publisher: Publisher
  readonly #members = new Set<GroupMember>()
  readonly #closing = new AbortController()
  /** Readers that were let go: their last fetch still waits for its answer. */
  readonly #leaving = new Set<Promise<void>>()
  #counts: ReadonlyMap<string, number> = new Map()

  constructor(options: KafkaOptions) {
    this.#client = new Client(options)
    this.#prefix = options.prefix === '' ? '' : `${options.prefix}.`
    this.#publisher = new Publisher(this.#client)
  }

  async createTopics(partitions: number): Promise<void> {
    const admin = await this.#client.admin()
    const existing = await this.#topicCounts()
    const missing = topics.filter(({ name }) => !existing.has(this.#path(name)))
    if (missing.length > 0) {
      const creation = { topics: missing.map((spec) => this.#creation(spec, partitions)), waitForLeaders: false }
      await this.#client.patiently(`creating ${missing.length} topics`, () => admin.createTopics(creation))
      // A topic that was created takes a moment until its partitions have leaders that answer.
      for (const { name } of missing) {
        const path = this.#path(name)
        await this.#client.patiently(`waiting for ${path}`, () => admin.fetchTopicOffsets(path))
      }
    }
    const market = (await this.#topicCounts()).get(this.#path('market'))
    if (market !== partitions) {
      throw new ClosebellError('CB_CONFIG', `the market topic has ${market} partitions, not ${partitions}`)
    }
  }

  async partitions(topic: TopicName): Promise<number> {
    const path = this.#path(topic)
    return this.#counts.get(path) ?? (await this.#topicCounts()).get(path) ?? 0
  }

  async publish(topic: TopicName, messages: readonly Outgoing[]): Promise<number> {
    if (messages.length === 0) throw new ClosebellError('CB_INTERNAL', `nothing to publish to ${topic}`)
    const count = await this.partitions(topic)
    for (const { partition } of messages)
      if (!(partition >= 0 && partition < count)) throw this.#absent(topic, partition)
    return this.#publisher.publish(this.#path(topic), messages)
  }

  async *read(
    topic: TopicName,
    partition: number,
    options: ReadOptions,
  ): AsyncGenerator<readonly Logged[], void, undefined> {
    const { first, next } = await this.offsets(topic, partition)
    if (options.from < first || options.from > next) {
      const place = `${this.#path(topic)}/${partition}`
      throw new ClosebellError(
        'CB_BUS_GAP',
        `offset ${options.from} of ${place} was asked for; ${first} is the first there, ${next} the next to come`,
      )
    }
    const stop = options.until === 'end' ? next : Infinity
    if (options.from >= stop) return
    const isOver = () => this.#closing.signal.aborted || options.signal?.aborted === true
    const reader = this.#reader(topic, partition)
    try {
      let expected = options.from
      let ahead = reader.fetch(expected)
      while (!isOver()) {
        const fetched = await ahead
        expected = (fetched.at(-1)?.offset ?? expected - 1) + 1
        const isLast = expected >= stop
        // The next fetch is under way while the messages of this one are worked on.
        if (!isLast && !isOver()) {
          ahead = reader.fetch(expected)
          ahead.catch(() => undefined)
        }
        const wanted = isLast ? fetched.filter((message) => message.offset < stop) : fetched
        if (wanted.length > 0 && !isOver()) yield wanted
        if (isLast) return
      }
    } finally {
      this.#letGo(reader)
    }
  }

  async offsets(topic: TopicName, partition: number): Promise<{ first: number; next: number }> {
    const admin = await this.#client.admin()
    if (!(partition >= 0 && partition < (await this.partitions(topic)))) throw this.#absent(topic, partition)
    const path = this.#path(topic)
    const all = await this.#client.patiently(`asking for the offsets of ${path}`, () => admin.fetchTopicOffsets(path))
    const found = all.find((one) => one.partition === partition)
    return { first: Number(found?.low), next: Number(found?.high) }
  }

  async offsetOfDate(topic: TopicName, partition: number, date: string): Promise<number> {
    const { first, next } = await this.offsets(topic, partition)
    const reader = this.#reader(topic, partition)
    try {
      const dateAt = async (offset: number): Promise<string> => {
        const [message] = await reader.fetch(offset, 1)
        if (message === undefined) throw new ClosebellError('CB_BUS_GAP', `offset ${offset} of ${topic} is missing`)
        return message.date
      }
      return await firstOfDate(dateAt, first, next, date)
    } finally {
      this.#letGo(reader)
    }
  }

  async committed(topic: TopicName, group: string): Promise<ReadonlyMap<number, Committed>> {
    const admin = await this.#client.admin()
    const request = { groupId: `${this.#prefix}${group}`, topics: [this.#path(topic)] }
    const [found] = await this.#client.patiently(`asking for the offsets of the group ${request.groupId}`, () =>
      admin.fetchOffsets(request),
    )
    return new Map(
      (found?.partitions ?? [])
        .map(
          ({ partition, offset, metadata }) =>
            [partition, { offset: Number(offset), metadata: metadata ?? '' }] as const,
        )
        .filter(([, { offset }]) => offset >= 0),
    )
  }

  async join(topic: TopicName, group: string, handlers: GroupHandlers): Promise<Membership> {
    if ((await this.partitions(topic)) === 0) throw this.#absent(topic, 0)
    const place = { topic, path: this.#path(topic), group: `${this.#prefix}${group}`, name: group }
    const member = new GroupMember(this.#client, place, this, handlers)
    this.#members.add(member)
    await member.start()
    return member
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([...this.#members].map((member) => member.leave()))
    await this.#publisher.close()
    await Promise.all(this.#leaving)
    await this.#client.close()
  }

  #path(topic: TopicName): string {
    return `${this.#prefix}${topicPath(topic)}`
  }

  #reader(topic: TopicName, partition: number): PartitionReader {
    return new PartitionReader(this.#client, { topic, path: this.#path(topic), partition })
  }

  #letGo(reader: PartitionReader): void {
    const closed = reader.close().catch(() => undefined)
    this.#leaving.add(closed)
    void closed.then(() => this.#leaving.delete(closed))
  }

  #absent(topic: TopicName, partition: number): ClosebellError {
    return new ClosebellError('CB_ABSENT', `partition ${partition} of ${this.#path(topic)} does not exist`, {
      remedy: 'Run closebell open or a feed first: they create the topics.',
    })
  }

  /** Partition counts of all topics: asking for one that is missing would be retried for half a minute. */
  async #topicCounts(): Promise<ReadonlyMap<string, number>> {
    const admin = await this.#client.admin()
    const { topics: found } = await this.#client.patiently('listing the topics', () => admin.fetchTopicMetadata())
    this.#counts = new Map(found.map(({ name, partitions }) => [name, partitions.length]))
    return this.#counts
  }

  #creation({ name, partitions, retentionDays }: TopicSpec, market: number) {
    const configEntries = [
      { name: 'retention.ms', value: String(retentionDays === null ? -1 : retentionDays * dayMs) },
      { name: 'retention.bytes', value: '-1' },
      { name: 'cleanup.policy', value: 'delete' },
      { name: 'message.timestamp.type', value: 'LogAppendTime' },
      { name: 'max.message.bytes', value: String(maxMessageBytes) },
    ]
    const numPartitions = partitions === 'market' ? market : partitions === 'jobs' ? jobPartitions : partitions
    return { topic: this.#path(name), numPartitions, configEntries }
  }
}
