import type { TopicName } from '../../../schemas/topics.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { Assignment, Bus, Committed, GroupHandlers, Membership } from '../../../src/ports/bus.ts'
import type { Process, Surroundings } from './process.ts'

/** A member that is not heard of for so long is taken for dead, and how long the others take to share out, ms. */
const sessionMs = 40
const sharingMs = 5

export interface Joining {
  readonly topic: TopicName
  readonly group: string
  readonly process: Process
  readonly bus: Bus
  readonly handlers: GroupHandlers
}

const unreachable = (): Error =>
  new ClosebellError('CB_BUS_UNREACHABLE', 'the coordinator gave no answer', { retriable: true })

/**
 * One process in a group, as the Kafka adapter has it: a new assignment ends the reading of the one before, and is
 * served when its handlers have returned; a commit for a partition that went elsewhere is dropped.
 */
class Member implements Membership {
  readonly done: Promise<void>
  readonly joining: Joining
  owned: ReadonlySet<number> = new Set()
  readonly #group: Group
  #epoch = 0
  #reading = new AbortController()
  #work: Promise<void> = Promise.resolve()
  #settle: { resolve: () => void; reject: (error: unknown) => void } = {
    resolve: () => undefined,
    reject: () => undefined,
  }

  constructor(joining: Joining, group: Group) {
    this.joining = joining
    this.#group = group
    this.done = new Promise((resolve, reject) => (this.#settle = { resolve, reject }))
    // It may fail before whoever joined has come to wait for it.
    this.done.catch(() => undefined)
  }

  commit(partition: number, committed: Committed): Promise<void> {
    const { process, group } = this.joining
    return process.call(() => {
      if (!this.#group.owns(this, partition)) return
      this.#group.committed.set(partition, committed)
      this.#group.onCommit(process, group, partition, committed)
    }, unreachable)
  }

  async leave(): Promise<void> {
    this.#reading.abort()
    await this.#work
    this.#group.remove(this)
    this.#settle.resolve()
  }

  /** Stops delivery; what was handed out is still worked on. */
  suspend(): void {
    this.#reading.abort()
  }

  assign(partitions: readonly number[]): void {
    this.#reading.abort()
    this.owned = new Set(partitions)
    const reading = new AbortController()
    this.#reading = reading
    const epoch = ++this.#epoch
    this.#work = this.#work
      .then(() => this.#serve(partitions, epoch, reading.signal))
      .catch((error: unknown) => {
        this.#reading.abort()
        this.#group.remove(this)
        this.#settle.reject(error)
      })
  }

  async #serve(partitions: readonly number[], epoch: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const { process, bus, topic, handlers } = this.joining
    const { committed } = this.#group
    const assignments = await process.call(
      () => partitions.map((partition): Assignment => ({ partition, committed: committed.get(partition) ?? null })),
      unreachable,
    )
    if (signal.aborted) return
    const starts = await handlers.assigned(assignments, epoch)
    const read = async (partition: number): Promise<void> => {
      const from = starts.get(partition) ?? committed.get(partition)?.offset ?? 0
      for await (const messages of bus.read(topic, partition, { from, until: 'never', signal })) {
        if (signal.aborted) return
        await handlers.messages(partition, messages, epoch)
      }
    }
    await Promise.all(partitions.map(read))
  }
}

/** Is told of every commit that counts. */
export type OnCommit = (process: Process, group: string, partition: number, committed: Committed) => void

class Group {
  readonly committed: Map<number, Committed>
  readonly onCommit: OnCommit
  readonly #partitions: number
  readonly #around: Surroundings
  #members: Member[] = []
  #isSharing = false

  constructor(partitions: number, committed: ReadonlyMap<number, Committed>, around: Surroundings, onCommit: OnCommit) {
    this.committed = new Map(committed)
    this.onCommit = onCommit
    this.#partitions = partitions
    this.#around = around
  }

  owns(member: Member, partition: number): boolean {
    return this.#members.includes(member) && member.owned.has(partition)
  }

  add(member: Member): void {
    this.#members.push(member)
    this.share()
  }

  remove(member: Member): void {
    if (!this.#members.includes(member)) return
    this.#members = this.#members.filter((one) => one !== member)
    this.share()
  }

  /** A member that stands still too long loses its partitions; when it hears of that, it joins again. */
  miss(member: Member): void {
    this.#around.timeline.after(sessionMs, () => {
      const { process } = member.joining
      if (!this.#members.includes(member) || (!process.isPaused && !process.isDead)) return
      this.remove(member)
      process.deliver(() => void process.wait(this.#around.random.below(sharingMs)).then(() => this.add(member)))
    })
  }

  /** All partitions among all members, anew. */
  share(): void {
    if (this.#isSharing) return
    this.#isSharing = true
    const { timeline, random } = this.#around
    for (const member of this.#members) member.joining.process.deliver(() => member.suspend())
    timeline.after(1 + random.below(sharingMs), () => {
      this.#isSharing = false
      const members = this.#members
      const turn = random.below(Math.max(1, members.length))
      members.forEach((member, m) => {
        const own = Array.from({ length: this.#partitions }, (_, p) => p).filter(
          (p) => (p + turn) % members.length === m,
        )
        member.joining.process.deliver(() => member.assign(own))
      })
    })
  }
}

/** Committed offsets by group and partition. */
export type CommittedOffsets = ReadonlyMap<string, ReadonlyMap<number, Committed>>

/** The coordinator of all groups. */
export class Groups {
  readonly #groups = new Map<string, Group>()
  readonly #before: CommittedOffsets
  readonly #members: { readonly member: Member; readonly group: Group }[] = []
  readonly #around: Surroundings
  readonly #partitionsOf: (topic: TopicName) => number
  readonly #onCommit: OnCommit

  constructor(
    before: CommittedOffsets,
    around: Surroundings,
    partitionsOf: (topic: TopicName) => number,
    onCommit: OnCommit,
  ) {
    this.#before = before
    this.#onCommit = onCommit
    this.#around = around
    this.#partitionsOf = partitionsOf
  }

  join(joining: Joining): Membership {
    const known = this.#groups.get(joining.group)
    const group = known ?? this.#group(joining)
    if (known === undefined) this.#groups.set(joining.group, group)
    const member = new Member(joining, group)
    this.#members.push({ member, group })
    group.add(member)
    if (joining.process.isDead || joining.process.isPaused) group.miss(member)
    return member
  }

  /** A process died or stands still: its groups will miss it. */
  miss(process: Process): void {
    for (const { member, group } of this.#members) if (member.joining.process === process) group.miss(member)
  }

  committedBy(group: string): ReadonlyMap<number, Committed> {
    return new Map(this.#groups.get(group)?.committed ?? this.#before.get(group))
  }

  get committed(): CommittedOffsets {
    return new Map([...this.#groups].map(([name, { committed }]) => [name, committed]))
  }

  #group({ topic, group }: Joining): Group {
    return new Group(this.#partitionsOf(topic), this.#before.get(group) ?? new Map(), this.#around, this.#onCommit)
  }
}
