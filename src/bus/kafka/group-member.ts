import type { Consumer } from 'kafkajs'
import type { TopicName } from '../../../schemas/topics.ts'
import type { Assignment, Bus, Committed, GroupHandlers, Membership } from '../../ports/bus.ts'
import type { Client } from './client.ts'
import { busError, isOutdated, isPassing } from './failure.ts'
import { fetchWaitMs } from './partition-reader.ts'

/** Restarts of the membership without a join between them: kafkajs itself retried for half a minute before some. */
const maxRestarts = 40

export interface GroupPlace {
  readonly topic: TopicName
  readonly path: string
  readonly group: string
}

/**
 * A member of a consumer group with state of its own. kafkajs keeps the membership (joining, heartbeats, commits) with
 * all its partitions paused; the partitions are read by exact offset instead. So no message of an older assignment can
 * be delivered, a slow handler never delays a rebalance, and a missing offset is an error, not a silent jump.
 */
export class GroupMember implements Membership {
  readonly done: Promise<void>
  readonly #client: Client
  readonly #place: GroupPlace
  readonly #bus: Pick<Bus, 'read' | 'offsets'>
  readonly #handlers: GroupHandlers
  readonly #consumer: Consumer
  readonly #settle: { resolve: () => void; reject: (error: unknown) => void }
  #epoch = 0
  #restarts = 0
  /** Pending while kafkajs is on its way into the group: it cannot be stopped before it has arrived or failed. */
  #joining: ReturnType<typeof withResolvers> | null = null
  #owned: ReadonlySet<number> = new Set()
  #reading = new AbortController()
  /** Ends when the handlers of all earlier epochs have returned. */
  #work: Promise<void> = Promise.resolve()
  #end: Promise<void> | null = null

  constructor(client: Client, place: GroupPlace, bus: Pick<Bus, 'read' | 'offsets'>, handlers: GroupHandlers) {
    this.#client = client
    this.#place = place
    this.#bus = bus
    this.#handlers = handlers
    const { promise, resolve, reject } = withResolvers()
    this.done = promise
    this.#settle = { resolve, reject }
    this.#consumer = client.kafka.consumer({
      groupId: place.group,
      sessionTimeout: 10_000,
      rebalanceTimeout: 30_000,
      heartbeatInterval: 300,
      maxWaitTimeInMs: fetchWaitMs,
      allowAutoTopicCreation: false,
      retry: { restartOnFailure: async (error) => this.#mayRestart(error) },
    })
  }

  async start(): Promise<void> {
    const consumer = this.#consumer
    const { GROUP_JOIN, REBALANCING, CRASH } = consumer.events
    consumer.on(GROUP_JOIN, ({ payload }) => this.#joined(payload.memberAssignment[this.#place.path] ?? []))
    consumer.on(REBALANCING, () => this.#reading.abort())
    consumer.on(CRASH, ({ payload }) => {
      this.#reading.abort()
      this.#joining?.resolve()
      if (payload.restart) this.#joining = withResolvers()
      else void this.#finish(this.#named(payload.error))
    })
    this.#joining = withResolvers()
    try {
      await consumer.connect()
      await consumer.subscribe({ topic: this.#place.path, fromBeginning: true })
      await consumer.run({ autoCommit: false, eachBatch: async () => undefined })
    } catch (error) {
      this.#joining.resolve()
      throw busError(error, `joining the group ${this.#place.group}`)
    }
  }

  /** A partition that went to another member meanwhile is its new owner's to commit: such a commit is dropped. */
  async commit(partition: number, { offset, metadata }: Committed): Promise<void> {
    if (!this.#owned.has(partition)) return this.#dropped(partition, offset)
    try {
      await this.#consumer.commitOffsets([{ topic: this.#place.path, partition, offset: String(offset), metadata }])
    } catch (error) {
      if (isOutdated(error)) return this.#dropped(partition, offset)
      throw busError(error, `committing offset ${offset} of ${this.#place.path}/${partition}`)
    }
  }

  async leave(): Promise<void> {
    await this.#finish(null)
  }

  #mayRestart(error: unknown): boolean {
    return this.#end === null && isPassing(error) && ++this.#restarts <= maxRestarts
  }

  #named(error: unknown): Error {
    return busError(error, `keeping the membership of the group ${this.#place.group}`)
  }

  #dropped(partition: number, offset: number): void {
    this.#client.log.debug('a commit came after its partition had been taken away', { partition, offset })
  }

  /** Pauses before anything else: after an await, delivery from the committed offset would have begun. */
  #joined(partitions: readonly number[]): void {
    this.#consumer.pause([{ topic: this.#place.path, partitions: [...partitions] }])
    this.#reading.abort()
    this.#owned = new Set(partitions)
    this.#restarts = 0
    this.#joining?.resolve()
    this.#joining = null
    if (this.#end !== null) return
    const epoch = ++this.#epoch
    const reading = new AbortController()
    this.#reading = reading
    const before = this.#work
    this.#work = before.then(() => this.#serve([...partitions], epoch, reading.signal))
    this.#work = this.#work.catch((error: unknown) => {
      this.#reading.abort()
      void this.#finish(error)
    })
  }

  async #serve(partitions: readonly number[], epoch: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const assignments = await this.#committed(partitions)
    if (signal.aborted) return
    const starts = await this.#handlers.assigned(assignments, epoch)
    await Promise.all(
      assignments.map(async ({ partition, committed }) => {
        const { topic } = this.#place
        const from = starts.get(partition) ?? committed?.offset ?? (await this.#bus.offsets(topic, partition)).first
        for await (const batch of this.#bus.read(topic, partition, { from, until: 'never', signal })) {
          if (signal.aborted) return
          await this.#handlers.messages(partition, batch, epoch)
        }
      }),
    )
  }

  async #committed(partitions: readonly number[]): Promise<readonly Assignment[]> {
    const admin = await this.#client.admin()
    const { group, path } = this.#place
    const [found] = await this.#client.patiently(`asking for the offsets of the group ${group}`, () =>
      admin.fetchOffsets({ groupId: group, topics: [path] }),
    )
    return [...partitions]
      .sort((a, b) => a - b)
      .map((partition) => {
        const entry = found?.partitions.find((one) => one.partition === partition)
        const offset = Number(entry?.offset ?? -1)
        return { partition, committed: offset < 0 ? null : { offset, metadata: entry?.metadata ?? '' } }
      })
  }

  /** Lets running handlers return and commit, leaves the group, and settles `done`. */
  #finish(error: unknown): Promise<void> {
    this.#end ??= (async () => {
      this.#reading.abort()
      if (error === null) await this.#work
      await this.#joining?.promise
      // kafkajs counts itself as running only after it has told of the join.
      await this.#client.clock.sleep(0)
      this.#owned = new Set()
      await this.#consumer.disconnect().catch(() => undefined)
      if (error === null) this.#settle.resolve()
      else this.#settle.reject(error)
    })()
    return this.#end
  }
}

function withResolvers() {
  let resolve = () => undefined as void
  let reject: (error: unknown) => void = () => undefined
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
