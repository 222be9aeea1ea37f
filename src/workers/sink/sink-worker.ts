import { ClosebellError } from '../../../schemas/errors.ts'
import { topics, type TopicName } from '../../../schemas/topics.ts'
import type { Bus, Logged, Membership } from '../../ports/bus.ts'
import { dateToEventTime, numbers, texts, type Store } from '../../ports/store.ts'
import { kindOf } from '../../wire/index.ts'
import { codecs } from '../../wire/index.ts'
import type { Heartbeat, Report } from '../status/heartbeat.ts'
import { project } from './projection.ts'
import { RowBuilders } from './row-builder.ts'

/** Topics that have tables. */
const projected: readonly TopicName[] = topics
  .map((topic) => topic.name)
  .filter((name) => !['market', 'corrections', 'jobs', 'results', 'late', 'quarantine', 'status'].includes(name))

export type Origin = 'live' | 'backfill'

/** The sink: projects the output topics into the store, so that tables can be made again from the log. */
export class Sink {
  private readonly bus: Bus
  private readonly store: Store
  private readonly origin: Origin
  private readonly next = new Map<string, number>()
  private sizing: string | null = null
  /** Date and append time (ms UTC) of the newest message that the store acknowledged. */
  private newest = { date: '', appendedAt: 0 }
  rows = 0

  constructor(bus: Bus, store: Store, origin: Origin) {
    this.bus = bus
    this.store = store
    this.origin = origin
  }

  /** Takes messages in; resolves when the store has acknowledged their rows. */
  async take(messages: readonly Logged[]): Promise<void> {
    const builders = new RowBuilders()
    for (const message of messages) {
      await this.checkSizing(message)
      project(message, this.origin, builders)
    }
    for (const [table, builder] of builders.tables) {
      const rows = builder.build()
      if (rows.count === 0) continue
      await this.store.append(table, rows)
      this.rows += rows.count
    }
  }

  /** Reads everything that the topics have by now; starts at `date` the first time. Then waits until it can be read. */
  async drain(date: string): Promise<void> {
    for (const topic of projected) {
      const partitions = await this.bus.partitions(topic)
      for (let partition = 0; partition < partitions; partition++) await this.drainPartition(topic, partition, date)
    }
    await this.store.applied()
  }

  private async drainPartition(topic: TopicName, partition: number, date: string): Promise<void> {
    const place = `${topic}/${partition}`
    const from = this.next.get(place) ?? (await this.bus.offsetOfDate(topic, partition, date))
    this.next.set(place, from)
    if (from >= (await this.bus.offsets(topic, partition)).next) return
    for await (const messages of this.bus.read(topic, partition, { from, until: 'end' })) {
      await this.take(messages)
      const last = messages.at(-1)
      if (last !== undefined) this.next.set(place, last.offset + 1)
    }
  }

  /**
   * Follows the topics until `signal`, as a member of a group of each, `sink-<topic>`: in one group over all of them
   * Kafka would share out the topics of its leader alone; offsets are committed behind the
   * acknowledgement.
   */
  async follow(signal: AbortSignal, heartbeat?: Heartbeat): Promise<void> {
    heartbeat?.watch((now) => this.reports(now))
    const members = await Promise.all(projected.map((topic) => this.join(topic)))
    const leave = (): void => members.forEach((member) => void member.leave())
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    await Promise.all(members.map((member) => member.done))
    await this.store.applied()
  }

  private async join(topic: TopicName): Promise<Membership> {
    const membership = await this.bus.join(topic, `sink-${topic}`, {
      assigned: async (assignments) => {
        const positions = new Map<number, number>()
        for (const { partition, committed } of assignments) {
          const from = committed?.offset ?? (await this.bus.offsets(topic, partition)).first
          positions.set(partition, from)
          this.next.set(`${topic}/${partition}`, from)
        }
        return positions
      },
      messages: async (partition, messages) => {
        await this.take(messages)
        const last = messages.at(-1)
        if (last === undefined) return
        await membership.commit(partition, { offset: last.offset + 1, metadata: '' })
        this.next.set(`${topic}/${partition}`, last.offset + 1)
        if (last.appendedAt > this.newest.appendedAt) this.newest = { date: last.date, appendedAt: last.appendedAt }
      },
    })
    return membership
  }

  /** How far the store is behind the log. */
  private async reports(now: number): Promise<Report[]> {
    let lag = 0
    for (const [place, next] of this.next) {
      const [topic = '', partition = ''] = place.split('/')
      lag += Math.max(0, (await this.bus.offsets(topic as TopicName, Number(partition))).next - next)
    }
    const { date, appendedAt } = this.newest
    const behind = lag === 0 || appendedAt === 0 ? 0 : Math.max(0, now - appendedAt)
    return [{ stage: lag === 0 ? 'following' : 'catching-up', date, lag, behind, events: this.rows }]
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
