import type { ClosebellError } from '../../schemas/errors.ts'
import type { TopicName } from '../../schemas/topics.ts'

/** A message to publish. `date` (the trading date) travels as the header `date`; a tape files the message under it. */
export interface Outgoing {
  readonly partition: number
  readonly date: string
  readonly key: string
  readonly value: Uint8Array
}

/** A message as it stands in the log. */
export interface Logged {
  readonly topic: TopicName
  readonly partition: number
  /** Strictly rising within a partition, without holes unless retention removed the beginning. */
  readonly offset: number
  /** Append time, ms UTC. */
  readonly appendedAt: number
  readonly date: string
  readonly key: string
  readonly value: Uint8Array
}

export interface Committed {
  /** The next offset to read. */
  readonly offset: number
  readonly metadata: string
}

export interface Assignment {
  readonly partition: number
  readonly committed: Committed | null
}

/** What a member of a group does; callbacks never overlap for one partition. */
export interface GroupHandlers {
  /**
   * Called at every (re)assignment with *all* partitions this member now owns, before any message is delivered:
   * answers where to read each from. `epoch` counts the assignments of this member; results of an older epoch are
   * stale.
   */
  assigned(assignments: readonly Assignment[], epoch: number): Promise<ReadonlyMap<number, number>>
  /** One partition's next messages in offset order. The next call for it comes only after the promise resolves. */
  messages(partition: number, messages: readonly Logged[], epoch: number): Promise<void>
  /** The next offset of a partition is gone (CB_BUS_GAP): the others are read on. Without it the membership fails. */
  lost?(partition: number, error: ClosebellError): void
}

export interface Membership {
  /** Commits the next offset of a partition with a string of ours (a worker keeps its day's first offset in it). */
  commit(partition: number, committed: Committed): Promise<void>
  /** Resolves when the member has left. Rejects when the bus failed for good. */
  readonly done: Promise<void>
  leave(): Promise<void>
}

export interface ReadOptions {
  /** First offset wanted. Below the first that is kept: CB_BUS_GAP. */
  readonly from: number
  /** `end`: stop at the end of the log as it was when reading began. `never`: wait for more. */
  readonly until: 'end' | 'never'
  readonly signal?: AbortSignal
}

/** The log. Every adapter passes test/contract/bus.ts. */
export interface Bus {
  /**
   * Creates what is missing; `partitions` is the P of the deployment. An existing market topic with another P is
   * CB_CONFIG.
   */
  createTopics(partitions: number): Promise<void>
  /** Partitions of a topic, 0 when it does not exist. */
  partitions(topic: TopicName): Promise<number>
  /**
   * Appends in order; resolves with the offset of the first message once all are durable as far as the bus promises.
   */
  publish(topic: TopicName, messages: readonly Outgoing[]): Promise<number>
  /** Reads one partition in offset order, in batches. */
  read(topic: TopicName, partition: number, options: ReadOptions): AsyncIterable<readonly Logged[]>
  /** First offset that is kept, and the offset the next message will get. */
  offsets(topic: TopicName, partition: number): Promise<{ first: number; next: number }>
  /**
   * Offset of the first message whose date is `date` or later; `next` when there is none. Dates never fall along a
   * partition, but that a record or two may stand behind the first ones of the next date, published at the same time.
   */
  offsetOfDate(topic: TopicName, partition: number, date: string): Promise<number>
  /** Where a group has committed, by partition of a topic; partitions without a commit are not in it. */
  committed(topic: TopicName, group: string): Promise<ReadonlyMap<number, Committed>>
  /** Joins a consumer group over all partitions of one topic. A tape has one process, so a member owns all of them. */
  join(topic: TopicName, group: string, handlers: GroupHandlers): Promise<Membership>
  close(): Promise<void>
}
