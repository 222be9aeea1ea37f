import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClosebellError } from '../../../schemas/errors.ts'
import { jobPartitions, topicPath, topics, type TopicName } from '../../../schemas/topics.ts'
import type { Bus, Committed, GroupHandlers, Logged, Membership, Outgoing, ReadOptions } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import { committedOf, GroupMember } from './group-member.ts'
import { PartitionLog } from './partition-log.ts'

export interface TapeOptions {
  /** Stamps messages and paces the polling for what other processes append. */
  readonly clock: Clock
  /** Whether an append waits for the disk itself, and so outlives a power cut. */
  readonly fsync?: boolean
}

interface Description {
  readonly partitions: Readonly<Record<string, number>>
}

/**
 * A bus in a folder, which is the archive and replay format too:
 * `<folder>/<topic path>/<partition>/<date>.avro`, `<folder>/groups/<group>.json` and `<folder>/tape.json`.
 * Any process may read it and follow it; one process writes a topic partition.
 */
export const openTape = (folder: string, options: TapeOptions): Bus => new Tape(folder, options)

class Tape implements Bus {
  readonly #folder: string
  readonly #options: { readonly clock: Clock; readonly fsync: boolean }
  readonly #logs = new Map<string, PartitionLog>()
  readonly #members = new Set<GroupMember>()
  #counts: Readonly<Record<string, number>> = {}

  constructor(folder: string, options: TapeOptions) {
    this.#folder = folder
    this.#options = { clock: options.clock, fsync: options.fsync ?? false }
  }

  async createTopics(partitions: number): Promise<void> {
    const existing = readJson<Description>(this.#descriptionPath)?.partitions ?? {}
    const market = existing[topicPath('market')]
    if (market !== undefined && market !== partitions) {
      throw new ClosebellError('CB_CONFIG', `the tape has ${market} market partitions, not ${partitions}`)
    }
    const wanted: Record<string, number> = {}
    for (const { name, partitions: kind } of topics) {
      wanted[topicPath(name)] = kind === 'market' ? partitions : kind === 'jobs' ? jobPartitions : kind
    }
    this.#counts = { ...wanted, ...existing }
    if (Object.keys(wanted).every((path) => path in existing)) return
    mkdirSync(this.#folder, { recursive: true })
    writeJson(this.#descriptionPath, { partitions: this.#counts })
  }

  async partitions(topic: TopicName): Promise<number> {
    return this.#count(topic)
  }

  async publish(topic: TopicName, messages: readonly Outgoing[]): Promise<number> {
    if (messages.length === 0) throw new ClosebellError('CB_INTERNAL', `nothing to publish to ${topic}`)
    let first = -1
    for (const [partition, own] of byPartition(messages)) {
      const offset = this.#log(topic, partition).append(own)
      if (first < 0) first = offset
    }
    return first
  }

  read(topic: TopicName, partition: number, options: ReadOptions): AsyncIterable<readonly Logged[]> {
    return this.#log(topic, partition).read(options)
  }

  async offsets(topic: TopicName, partition: number): Promise<{ first: number; next: number }> {
    return this.#log(topic, partition).offsets()
  }

  async offsetOfDate(topic: TopicName, partition: number, date: string): Promise<number> {
    return this.#log(topic, partition).offsetOfDate(date)
  }

  async committed(topic: TopicName, group: string): Promise<ReadonlyMap<number, Committed>> {
    return committedOf(join(this.#folder, 'groups'), group, topicPath(topic))
  }

  async join(topic: TopicName, group: string, handlers: GroupHandlers): Promise<Membership> {
    const count = this.#count(topic)
    if (count === 0) throw absent(topic, 0)
    const logs = Array.from({ length: count }, (_, partition) => this.#log(topic, partition))
    const member = new GroupMember(join(this.#folder, 'groups'), group, topicPath(topic), logs, handlers)
    this.#members.add(member)
    return member
  }

  async close(): Promise<void> {
    await Promise.all([...this.#members].map((member) => member.leave()))
    for (const log of this.#logs.values()) log.close()
  }

  get #descriptionPath(): string {
    return join(this.#folder, 'tape.json')
  }

  #count(topic: TopicName): number {
    const path = topicPath(topic)
    if (this.#counts[path] === undefined) {
      this.#counts = readJson<Description>(this.#descriptionPath)?.partitions ?? {}
    }
    return this.#counts[path] ?? 0
  }

  #log(topic: TopicName, partition: number): PartitionLog {
    if (!(partition >= 0 && partition < this.#count(topic))) throw absent(topic, partition)
    const path = topicPath(topic)
    const key = `${path}/${partition}`
    let log = this.#logs.get(key)
    if (log === undefined) {
      log = new PartitionLog(this.#folder, topic, path, partition, this.#options)
      this.#logs.set(key, log)
    }
    return log
  }
}

function byPartition(messages: readonly Outgoing[]): ReadonlyMap<number, readonly Outgoing[]> {
  const { partition } = messages[0]!
  if (messages.every((message) => message.partition === partition)) return new Map([[partition, messages]])
  const groups = new Map<number, Outgoing[]>()
  for (const message of messages) {
    const group = groups.get(message.partition)
    if (group === undefined) groups.set(message.partition, [message])
    else group.push(message)
  }
  return groups
}

function absent(topic: TopicName, partition: number): ClosebellError {
  return new ClosebellError('CB_ABSENT', `partition ${partition} of ${topicPath(topic)} does not exist`, {
    remedy: 'Run closebell open or a feed first: they create the topics.',
  })
}

function readJson<T>(path: string): T | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(`${path}.tmp`, JSON.stringify(value, null, 2))
  renameSync(`${path}.tmp`, path)
}
