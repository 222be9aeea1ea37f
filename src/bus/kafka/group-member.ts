import type { Consumer } from 'kafkajs'
import { isGap } from '../../../schemas/errors.ts'
import type { TopicName } from '../../../schemas/topics.ts'
import type { Assignment, Bus, Committed, GroupHandlers, Membership } from '../../ports/bus.ts'
import { patienceMs, type Client } from './client.ts'
import { busError, isPassing, isRefused, lacksCoordinator } from './failure.ts'
import { fetchWaitMs } from './partition-reader.ts'

/** The shortest session that a broker grants unless it is told otherwise: a dead member's partitions move after it. */
const sessionTimeout = 6000
/** Members join again at once, since no handler holds them up: whoever takes longer is dead. */
const rebalanceTimeout = 10_000
/** Without heartbeat and join for so long, ms, a consumer hangs: an unanswered request would have ended before. */
const silenceMs = 45_000
/** Interrupted for so long, ms, a consumer has lost the join that was to follow. */
const interruptedMs = 2 * rebalanceTimeout
const lookMs = 1000
const pauseMs = 500
/** A member that leaves waits so long, ms, for kafkajs to arrive in the group: before, it cannot be stopped. */
const arrivalMs = 5000

export interface GroupPlace {
  readonly topic: TopicName
  readonly path: string
  readonly group: string
  /** The group's name without the deployment's prefix. */
  readonly name: string
}

/** kafkajs's consumer from its joining to its end, which is the reason of `over`. */
interface Life {
  readonly consumer: Consumer
  readonly over: AbortController
  /** The way into the group. */
  joining: Promise<void>
}

/**
 * A member of a consumer group with state of its own. kafkajs keeps the membership (joining, heartbeats, commits) with
 * all its partitions paused; the partitions are read by exact offset instead. So no message of an older assignment can
 * be delivered, a slow handler never delays a rebalance, and a missing offset is an error, not a silent jump. One that
 * crashed, or of which nothing was heard, is replaced by a new consumer, for two minutes without a join.
 */
export class GroupMember implements Membership {
  readonly done: Promise<void>
  readonly #client: Client
  readonly #place: GroupPlace
  readonly #bus: Pick<Bus, 'read' | 'offsets' | 'committed'>
  readonly #handlers: GroupHandlers
  readonly #settle: { resolve: () => void; reject: (error: unknown) => void }
  #life: Life | null = null
  /** When kafkajs last told of a join or a heartbeat, by the monotonic clock. */
  #heardAt = 0
  /** When kafkajs told that the group gathers anew, until it has joined again. */
  #interruptedAt: number | null = null
  /** Of the group, as the last heartbeat before any interruption had it; -1 before the first since a join. */
  #generation = -1
  #epoch = 0
  #owned: ReadonlySet<number> = new Set()
  #reading = new AbortController()
  /** Ends when the handlers of all earlier epochs have returned. */
  #work: Promise<void> = Promise.resolve()
  #end: Promise<void> | null = null

  constructor(
    client: Client,
    place: GroupPlace,
    bus: Pick<Bus, 'read' | 'offsets' | 'committed'>,
    handlers: GroupHandlers,
  ) {
    this.#client = client
    this.#place = place
    this.#bus = bus
    this.#handlers = handlers
    const { promise, resolve, reject } = withResolvers()
    this.done = promise
    this.#settle = { resolve, reject }
  }

  /** Resolves when the member has joined. @throws ClosebellError CB_BUS_UNREACHABLE when it has not for two minutes */
  async start(): Promise<void> {
    this.#heardAt = this.#client.clock.elapsed()
    const joined = withResolvers()
    void this.#keepAlive(joined.resolve)
    // `done` rejects for whoever awaits it; a member that never joined has nobody there yet.
    await Promise.race([joined.promise, this.done])
  }

  /** A partition that went to another member meanwhile is its new owner's to commit: such a commit is dropped. */
  async commit(partition: number, { offset, metadata }: Committed): Promise<void> {
    const { path } = this.#place
    await this.#client.patiently(`committing offset ${offset} of ${path}/${partition}`, async () => {
      const life = this.#life
      if (life === null || !this.#owned.has(partition)) return this.#dropped(partition, offset)
      try {
        await life.consumer.commitOffsets([{ topic: path, partition, offset: String(offset), metadata }])
      } catch (error) {
        // A consumer that has just crashed says, without a type, that it never ran.
        const isLost = !isPassing(error) && !isRefused(error)
        if (isLost || life !== this.#life) return this.#dropped(partition, offset)
        throw error
      }
    })
  }

  async leave(): Promise<void> {
    await this.#finish(null)
  }

  /** One consumer after another, until the member leaves or none has joined for too long. */
  async #keepAlive(joined: () => void): Promise<void> {
    const { clock, log } = this.#client
    const { group } = this.#place
    while (this.#end === null) {
      const life = this.#begin(joined)
      const error = await this.#reason(await this.#ended(life))
      if (this.#end !== null) return
      this.#reading.abort()
      this.#interruptedAt = null
      this.#owned = new Set()
      const isOver = clock.elapsed() - this.#heardAt >= patienceMs
      if (isOver || isRefused(error)) {
        void this.#finish(busError(error, `keeping the membership of the group ${group}`))
        return
      }
      log.info('joining the group again', { group, reason: (error as Error).message })
      this.#life = null
      void life.consumer.disconnect().catch(() => undefined)
      await clock.sleep(pauseMs)
    }
  }

  #begin(joined: () => void): Life {
    const consumer = this.#client.kafka.consumer({
      groupId: this.#place.group,
      sessionTimeout,
      rebalanceTimeout,
      heartbeatInterval: 300,
      maxWaitTimeInMs: fetchWaitMs,
      allowAutoTopicCreation: false,
      retry: { restartOnFailure: async () => false },
    })
    const life: Life = { consumer, over: new AbortController(), joining: Promise.resolve() }
    const { GROUP_JOIN, HEARTBEAT, REBALANCING, CRASH } = consumer.events
    const heard = () => (this.#heardAt = this.#client.clock.elapsed())
    const ifCurrent = (act: () => void) => (this.#life === life ? act() : undefined)
    consumer.on(HEARTBEAT, ({ payload }) =>
      ifCurrent(() => {
        heard()
        this.#confirmed(payload.groupGenerationId)
      }),
    )
    consumer.on(GROUP_JOIN, ({ payload }) =>
      ifCurrent(() => {
        heard()
        this.#generation = -1
        this.#joined(payload.memberAssignment[this.#place.path] ?? [])
        joined()
      }),
    )
    consumer.on(REBALANCING, () => ifCurrent(() => this.#interrupted()))
    consumer.on(CRASH, ({ payload }) => life.over.abort(payload.error))
    this.#life = life
    life.joining = (async () => {
      await consumer.connect()
      await consumer.subscribe({ topic: this.#place.path, fromBeginning: true })
      await consumer.run({ autoCommit: false, eachBatch: async () => undefined })
    })().catch((error: unknown) => life.over.abort(error))
    return life
  }

  #interrupted(): void {
    this.#reading.abort()
    this.#interruptedAt ??= this.#client.clock.elapsed()
  }

  /**
   * A heartbeat was accepted. Where the join failed that an interruption calls for, as it does at a broker that has no
   * coordinator for a moment, kafkajs goes on in the generation that it had, and tells of no join: so does the reading.
   */
  #confirmed(generation: number): void {
    if (this.#interruptedAt === null) this.#generation = generation
    else if (generation === this.#generation) this.#joined([...this.#owned])
  }

  /** What ended a life: its crash, that nothing was heard of it, or that it does not join again. */
  async #ended({ over: { signal } }: Life): Promise<unknown> {
    const { clock } = this.#client
    const beganAt = clock.elapsed()
    while (!signal.aborted) {
      const now = clock.elapsed()
      if (now - Math.max(beganAt, this.#heardAt) >= silenceMs) {
        return new Error(`no heartbeat of the consumer for ${silenceMs / 1000} s`)
      }
      if (this.#interruptedAt !== null && now - this.#interruptedAt >= interruptedMs) {
        return new Error(`the consumer has not joined again for ${interruptedMs / 1000} s`)
      }
      // A clock may answer an aborted sleep by a rejection.
      await clock.sleep(lookMs, signal).catch(() => undefined)
    }
    return signal.reason
  }

  /** What lies behind the end of a life. */
  async #reason(error: unknown): Promise<unknown> {
    if (!lacksCoordinator(error)) return error
    try {
      await this.#client.findCoordinator(this.#place.group)
    } catch (answer) {
      if (isRefused(answer)) return answer
    }
    return error
  }

  #dropped(partition: number, offset: number): void {
    this.#client.log.debug('a commit came after its partition had been taken away', { partition, offset })
  }

  /** Pauses before anything else: after an await, delivery from the committed offset would have begun. */
  #joined(partitions: readonly number[]): void {
    this.#life?.consumer.pause([{ topic: this.#place.path, partitions: [...partitions] }])
    this.#reading.abort()
    this.#interruptedAt = null
    this.#owned = new Set(partitions)
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
        await this.#follow(partition, from, epoch, signal).catch((error: unknown) => {
          if (!isGap(error) || this.#handlers.lost === undefined) throw error
          this.#handlers.lost(partition, error)
        })
      }),
    )
  }

  async #follow(partition: number, from: number, epoch: number, signal: AbortSignal): Promise<void> {
    for await (const batch of this.#bus.read(this.#place.topic, partition, { from, until: 'never', signal })) {
      if (signal.aborted) return
      await this.#handlers.messages(partition, batch, epoch)
    }
  }

  async #committed(partitions: readonly number[]): Promise<readonly Assignment[]> {
    const committed = await this.#bus.committed(this.#place.topic, this.#place.name)
    return [...partitions]
      .sort((a, b) => a - b)
      .map((partition) => ({ partition, committed: committed.get(partition) ?? null }))
  }

  /** Waits until kafkajs has arrived in the group or failed to, within bounds. */
  async #arrived(life: Life | null): Promise<void> {
    const enough = new AbortController()
    const waited = this.#client.clock.sleep(arrivalMs, enough.signal).catch(() => undefined)
    await Promise.race([life?.joining, waited])
    enough.abort()
  }

  /** Lets running handlers return and commit, leaves the group, and settles `done`. */
  #finish(error: unknown): Promise<void> {
    this.#end ??= (async () => {
      this.#reading.abort()
      if (error === null) await this.#work
      const life = this.#life
      await this.#arrived(life)
      life?.over.abort()
      this.#owned = new Set()
      await life?.consumer.disconnect().catch(() => undefined)
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
