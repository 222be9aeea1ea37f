import { storeWaitStage } from '../../../schemas/day.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { TableName } from '../../../schemas/tables.ts'
import { topics, type TopicName } from '../../../schemas/topics.ts'
import type { Bus, Logged, Membership } from '../../ports/bus.ts'
import { dateToEventTime, numbers, texts, type Store } from '../../ports/store.ts'
import { kindOf } from '../../wire/index.ts'
import { codecs } from '../../wire/index.ts'
import type { Heartbeat, Report } from '../status/heartbeat.ts'
import type { StorePatience } from '../store-patience.ts'
import { missingBefore } from './missing-days.ts'
import { project } from './projection.ts'
import { Repeats } from './repeats.ts'
import { RowBuilders } from './row-builder.ts'

/** Topics that have tables. */
const projected: readonly TopicName[] = topics
  .map((topic) => topic.name)
  .filter((name) => !['market', 'corrections', 'jobs', 'results', 'late', 'quarantine', 'status'].includes(name))

const groupOf = (topic: TopicName): string => `sink-${topic}`

export type Origin = 'live' | 'backfill'

/**
 * The sink: projects the output topics into the store, so that tables can be made again from the log. A message counts
 * as taken once its rows can be read; while the store is waited for, no more messages of their partition are read.
 * Without patience the first trouble of the store is an error.
 */
export class Sink {
  private readonly bus: Bus
  private readonly store: Store
  private readonly origin: Origin
  private readonly patience: StorePatience | null
  private readonly repeats: Repeats
  private readonly next = new Map<string, number>()
  /** Topics whose partitions were shared out. */
  private readonly assigned = new Set<TopicName>()
  /** Those who wait for other partitions. */
  private readonly sleeping: (() => void)[] = []
  private sizing: string | null = null
  /** Date and append time (ms UTC) of the newest message that the store acknowledged. */
  private newest = { date: '', appendedAt: 0 }
  rows = 0

  constructor(bus: Bus, store: Store, origin: Origin, patience: StorePatience | null = null) {
    this.bus = bus
    this.store = store
    this.origin = origin
    this.patience = patience
    this.repeats = new Repeats(bus)
  }

  /** Takes messages in; resolves when the store has acknowledged their rows. @returns the tables that have them */
  private async take(messages: readonly Logged[]): Promise<readonly TableName[]> {
    const builders = new RowBuilders()
    for (const message of messages) {
      await this.checkSizing(message)
      if (await this.repeats.isRepeat(message)) continue
      project(message, this.origin, builders)
    }
    for (const [table, builder] of builders.tables) {
      const rows = builder.build()
      if (rows.count === 0) continue
      await this.store.append(table, rows)
      this.rows += rows.count
    }
    return [...builders.tables.keys()]
  }

  private async patiently<T>(work: () => Promise<T>): Promise<T | null> {
    return this.patience === null ? work() : this.patience.until(work)
  }

  /** Reads everything that the topics have by now; starts at `date` the first time. Then waits until it can be read. */
  async drain(date: string): Promise<void> {
    const reached = await this.patiently(() => this.drainOnce(date))
    reached?.forEach((next, place) => this.next.set(place, next))
  }

  /**
   * Takes in what the log has of the days that were completed before `date` and the store has not: the next day is made
   * of it, however far another sink is behind.
   */
  async catchUp(date: string): Promise<void> {
    const missing = await missingBefore(this.bus, this.store, date)
    if (missing !== null) await this.drain(missing)
  }

  /** A day is complete in the store after everything that it is made of. @returns where each partition was read to */
  private async drainOnce(date: string): Promise<ReadonlyMap<string, number>> {
    const reached = new Map(this.next)
    for (const topic of projected) {
      if (topic === 'completed') await this.store.applied()
      const partitions = await this.bus.partitions(topic)
      for (let partition = 0; partition < partitions; partition++) {
        const place = `${topic}/${partition}`
        const from = reached.get(place) ?? (await this.bus.offsetOfDate(topic, partition, date))
        reached.set(place, await this.drainPartition(topic, partition, from))
      }
    }
    await this.store.applied()
    return reached
  }

  private async drainPartition(topic: TopicName, partition: number, from: number): Promise<number> {
    let next = from
    if (from >= (await this.bus.offsets(topic, partition)).next) return next
    for await (const messages of this.bus.read(topic, partition, { from, until: 'end' })) {
      await this.take(messages)
      next = (messages.at(-1)?.offset ?? next - 1) + 1
    }
    return next
  }

  /**
   * Follows the topics until `signal`, as a member of a group of each, `sink-<topic>`: in one group over all of them
   * Kafka would share out the topics of its leader alone. Offsets are committed once the rows can be read.
   */
  async follow(signal: AbortSignal, heartbeat?: Heartbeat): Promise<void> {
    heartbeat?.watch((now) => this.reports(now))
    const members = await Promise.all(projected.map((topic) => this.join(topic, signal)))
    const leave = (): void => {
      this.moved()
      members.forEach((member) => void member.leave())
    }
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    await Promise.all(members.map((member) => member.done))
  }

  private async join(topic: TopicName, signal: AbortSignal): Promise<Membership> {
    const membership = this.bus.join(topic, groupOf(topic), {
      assigned: async (assignments) => {
        const positions = new Map<number, number>()
        for (const { partition, committed } of assignments) {
          positions.set(partition, committed?.offset ?? (await this.bus.offsets(topic, partition)).first)
        }
        // At once: whoever asks in between what is behind would take the topic for nobody's.
        for (const place of this.next.keys()) if (place.startsWith(`${topic}/`)) this.next.delete(place)
        for (const [partition, from] of positions) this.next.set(`${topic}/${partition}`, from)
        this.assigned.add(topic)
        this.moved()
        return positions
      },
      messages: async (partition, messages) => {
        const last = messages.at(-1)
        if (last === undefined) return
        const done = await this.patiently(async () => {
          if (topic === 'completed') await this.othersTaken(signal)
          if (signal.aborted) return null
          await this.store.applied(await this.take(messages))
          return true
        })
        if (done === null) return
        await (await membership).commit(partition, { offset: last.offset + 1, metadata: '' })
        this.next.set(`${topic}/${partition}`, last.offset + 1)
        this.moved()
        if (last.appendedAt > this.newest.appendedAt) this.newest = { date: last.date, appendedAt: last.appendedAt }
      },
    })
    return membership
  }

  /**
   * A day is complete in the store after what the log has of everything else by then. What another sink has to bring
   * of its partitions, and has not committed yet, is brought here as well.
   */
  private async othersTaken(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.assigned.size < projected.length) await this.move()
    for (const topic of projected.filter((name) => name !== 'completed')) {
      const partitions = await this.bus.partitions(topic)
      for (let partition = 0; partition < partitions; partition++) {
        const place = `${topic}/${partition}`
        const end = await this.endOf(place)
        while (!signal.aborted && (this.next.get(place) ?? end) < end) await this.move()
        if (signal.aborted) return
        if (this.next.has(place)) continue
        const committed = (await this.bus.committed(topic, groupOf(topic))).get(partition)
        const from = committed?.offset ?? (await this.bus.offsets(topic, partition)).first
        await this.drainPartition(topic, partition, from)
      }
    }
    await this.store.applied()
  }

  private move(): Promise<void> {
    return new Promise((wake) => this.sleeping.push(wake))
  }

  /** A partition was taken further, or away. */
  private moved(): void {
    for (const wake of this.sleeping.splice(0)) wake()
  }

  private async endOf(place: string): Promise<number> {
    const [topic = '', partition = ''] = place.split('/')
    return (await this.bus.offsets(topic as TopicName, Number(partition))).next
  }

  /** How far the store is behind the log. */
  private async reports(now: number): Promise<Report[]> {
    let lag = 0
    for (const [place, next] of this.next) lag += Math.max(0, (await this.endOf(place)) - next)
    const { date, appendedAt } = this.newest
    const behind = lag === 0 || appendedAt === 0 ? 0 : Math.max(0, now - appendedAt)
    const detail = this.patience?.trouble ?? ''
    const stage = detail !== '' ? storeWaitStage : lag === 0 ? 'following' : 'catching-up'
    return [{ stage, detail, date, lag, behind, events: this.rows }]
  }

  /** A store holds one sizing; rows of another are refused. @throws ClosebellError CB_SIZING */
  private async checkSizing(message: Logged): Promise<void> {
    if (kindOf(message.value) !== 'partitionClosed') return
    const { sizing } = codecs.partitionClosed.decode(message.value)
    this.sizing ??= await this.storedSizing(sizing)
    if (this.sizing !== sizing) throw new ClosebellError('CB_SIZING', `store holds ${this.sizing}, asked ${sizing}`)
  }

  private async storedSizing(sizing: string): Promise<string> {
    const key = 'flow-size'
    const rows = await this.store.panel({
      table: 'deployment',
      columns: ['event_time', 'key', 'value'],
      from: epoch,
      to: epoch,
      where: { key },
    })
    const known = texts(rows, 'value')[0]
    if (known !== undefined && numbers(rows, 'event_time').length > 0) return known
    await this.store.append('deployment', {
      count: 1,
      columns: { event_time: Float64Array.of(dateToEventTime(epoch)), key: [key], value: [sizing] },
    })
    await this.store.applied(['deployment'])
    return sizing
  }
}

/** Settings of a deployment stand at one date, so that a key is one row. */
const epoch = '1970-01-01'
