import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClosebellError, isGap } from '../../../schemas/errors.ts'
import type { Assignment, Committed, GroupHandlers, Membership } from '../../ports/bus.ts'
import { takeLock } from './lock.ts'
import type { PartitionLog } from './partition-log.ts'

/** Committed positions of a group, by topic path and partition. */
type Positions = Record<string, Record<string, Committed>>

/** @throws CB_CONFIG for a group that cannot name a file */
function fileOf(folder: string, group: string): string {
  if (/^[\w.-]+$/.test(group)) return join(folder, `${group}.json`)
  throw new ClosebellError('CB_CONFIG', `the group ${JSON.stringify(group)} is no plain name`)
}

/** What a group has committed on a topic. */
export function committedOf(folder: string, group: string, topic: string): ReadonlyMap<number, Committed> {
  const positions = readPositions(fileOf(folder, group))[topic] ?? {}
  return new Map(Object.entries(positions).map(([partition, committed]) => [Number(partition), committed]))
}

function readPositions(path: string): Positions {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Positions
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}

/** The one member of a group on a topic of a tape: it owns all partitions until it leaves. */
export class GroupMember implements Membership {
  readonly done: Promise<void>
  readonly #path: string
  readonly #topic: string
  readonly #logs: readonly PartitionLog[]
  readonly #handlers: GroupHandlers
  readonly #stopping = new AbortController()
  #over = false

  /** @throws CB_BUS_CONFLICT when the group has a member on this topic already */
  constructor(folder: string, group: string, topic: string, logs: readonly PartitionLog[], handlers: GroupHandlers) {
    this.#path = fileOf(folder, group)
    mkdirSync(folder, { recursive: true })
    this.#topic = topic
    this.#logs = logs
    this.#handlers = handlers
    const release = takeLock(join(folder, `${group}.${topic}.lock`))
    this.done = this.#run().finally(() => {
      this.#over = true
      release()
    })
  }

  async commit(partition: number, committed: Committed): Promise<void> {
    if (this.#over) throw new ClosebellError('CB_INTERNAL', `partition ${partition} is committed after leaving`)
    const positions = readPositions(this.#path)
    positions[this.#topic] = { ...positions[this.#topic], [partition]: committed }
    writeFileSync(`${this.#path}.tmp`, JSON.stringify(positions, null, 2))
    const descriptor = openSync(`${this.#path}.tmp`, 'r')
    fsyncSync(descriptor)
    closeSync(descriptor)
    renameSync(`${this.#path}.tmp`, this.#path)
  }

  async leave(): Promise<void> {
    this.#stopping.abort()
    await this.done.catch(() => undefined)
  }

  async #run(): Promise<void> {
    const positions = readPositions(this.#path)[this.#topic] ?? {}
    const assignments: readonly Assignment[] = this.#logs.map((_, partition) => ({
      partition,
      committed: positions[partition] ?? null,
    }))
    const starts = await this.#handlers.assigned(assignments, 1)
    try {
      await Promise.all(
        assignments.map(({ partition, committed }) => {
          const from = starts.get(partition) ?? committed?.offset ?? this.#logs[partition]!.offsets().first
          return this.#follow(partition, from).catch((error: unknown) => {
            if (!isGap(error) || this.#handlers.lost === undefined) throw error
            this.#handlers.lost(partition, error)
          })
        }),
      )
    } finally {
      this.#stopping.abort()
    }
  }

  async #follow(partition: number, from: number): Promise<void> {
    const { signal } = this.#stopping
    for await (const batch of this.#logs[partition]!.read({ from, until: 'never', signal })) {
      if (signal.aborted) return
      await this.#handlers.messages(partition, batch, 1)
    }
  }
}
