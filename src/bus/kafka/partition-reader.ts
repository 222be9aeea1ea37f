import type Cluster from 'kafkajs/src/cluster/index.js'
import type { FetchedMessage } from 'kafkajs/src/cluster/index.js'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { TopicName } from '../../../schemas/topics.ts'
import type { Logged } from '../../ports/bus.ts'
import type { Client } from './client.ts'

const fetchBytes = 8 * 1024 * 1024
/** How long a fetch waits for the first byte; closing a reader waits as long at most. */
export const fetchWaitMs = 200

export interface ReaderPlace {
  readonly topic: TopicName
  readonly path: string
  readonly partition: number
}

/** Reads one partition at exact offsets over a connection of its own, without any consumer group. */
export class PartitionReader {
  readonly #client: Client
  readonly #cluster: Cluster
  readonly #place: ReaderPlace
  #isOpen = false
  #isStale = false
  #isClosed = false
  #pending: Promise<unknown> = Promise.resolve()

  constructor(client: Client, place: ReaderPlace) {
    this.#client = client
    this.#cluster = client.cluster()
    this.#place = place
  }

  /**
   * The messages from `offset` on that one fetch gives, none when nothing came in time.
   * @param maxBytes 1 gives the one stored batch that holds the offset
   * @throws CB_BUS_GAP when the log has no message with the offset any more, or misses one after it
   */
  fetch(offset: number, maxBytes: number = fetchBytes): Promise<readonly Logged[]> {
    const fetched = this.#fetch(offset, maxBytes)
    this.#pending = fetched.catch(() => undefined)
    return fetched
  }

  /** Waits for a fetch that is under way: it would open again the connection that was closed under it. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#pending
    await this.#cluster.disconnect()
  }

  #fetch(offset: number, maxBytes: number): Promise<readonly Logged[]> {
    return this.#client.patiently(
      `reading ${this.#name} at ${offset}`,
      async () => {
        if (this.#isClosed) return []
        return this.#accept(await this.#request(offset, maxBytes), offset)
      },
      (error) => this.#forget(error),
    )
  }

  get #name(): string {
    return `${this.#place.path}/${this.#place.partition}`
  }

  async #request(offset: number, maxBytes: number): Promise<readonly FetchedMessage[]> {
    const { path, partition } = this.#place
    if (!this.#isOpen) {
      await this.#cluster.connect()
      await this.#cluster.addTargetTopic(path)
      this.#isOpen = true
    } else if (this.#isStale) await this.#cluster.refreshMetadata()
    this.#isStale = false
    const nodeId = Object.keys(this.#cluster.findLeaderForPartitions(path, [partition]))[0]
    if (nodeId === undefined) throw new ClosebellError('CB_ABSENT', `${this.#name} has no leader`)
    const broker = await this.#cluster.findBroker({ nodeId })
    const { responses } = await broker.fetch({
      maxWaitTime: fetchWaitMs,
      minBytes: 1,
      maxBytes,
      isolationLevel: 0,
      topics: [{ topic: path, partitions: [{ partition, fetchOffset: String(offset), maxBytes }] }],
    })
    return responses[0]?.partitions[0]?.messages ?? []
  }

  /** Drops what a stored batch holds before the offset, and checks that none is missing after it. */
  #accept(messages: readonly FetchedMessage[], from: number): readonly Logged[] {
    const { topic, partition } = this.#place
    const accepted: Logged[] = []
    let expected = from
    for (const message of messages) {
      const offset = Number(message.offset)
      if (offset < expected) continue
      if (offset !== expected) {
        throw new ClosebellError('CB_BUS_GAP', `offset ${expected} of ${this.#name} is missing, ${offset} follows`)
      }
      expected += 1
      accepted.push({
        topic,
        partition,
        offset,
        appendedAt: Number(message.timestamp),
        date: String(message.headers['date'] ?? ''),
        key: message.key?.toString('utf8') ?? '',
        value: message.value ?? Buffer.alloc(0),
      })
    }
    return accepted
  }

  /** The next attempt connects anew and asks who leads the partition: what is known is from before the failure. */
  #forget(error: unknown): void {
    const { host, port } = error as { host?: string; port?: number }
    if (host !== undefined && port !== undefined) this.#cluster.removeBroker({ host, port })
    this.#isStale = true
  }
}
