import { dayRules } from '../../../schemas/catalogue/index.ts'
import type { Completed } from '../../../schemas/day.ts'
import { sets } from '../../../schemas/topics.ts'
import type { Logged } from '../../ports/bus.ts'
import type { Message } from '../../wire/index.ts'
import { isKeyOf } from '../corrections.ts'

/** How far the close of a date is, as its topics tell. */
export interface CloseProgress {
  readonly date: string
  /** `waiting`: partitions that are not closed, sets whose result is not in. */
  readonly partitions: { readonly done: number; readonly total: number; readonly waiting: readonly number[] }
  readonly panels: { readonly done: number; readonly total: number }
  /** `total`: the jobs that were given out, 0 before that. */
  readonly results: { readonly done: number; readonly total: number; readonly waiting: readonly string[] }
  readonly hasComposite: boolean
  readonly completed: Completed | null
  /** When the jobs were given out and when the day was completed, ms UTC; 0 = not yet. */
  readonly jobsAt: number
  readonly completedAt: number
}

/**
 * The one reduction of the topics that the close of a date leads to: close worker, `top` and monitor read it. It tells
 * of one revision, and which of the later ones is completed.
 */
export class CloseState {
  readonly date: string
  readonly #revision: number
  /** When each partition closed, ms UTC. */
  readonly closedAt = new Map<number, number>()
  readonly panels = new Set<string>()
  readonly results = new Set<string>()
  readonly jobs = new Set<string>()
  hasComposite = false
  /** The newest revision; of its records the first. */
  completed: Completed | null = null
  completedAt = 0
  #jobsAt = 0

  constructor(date: string, revision = 0) {
    this.date = date
    this.#revision = revision
  }

  /** A record of another date or revision changes nothing, whatever date it stands under. */
  take(message: Message, { key, partition, appendedAt }: Pick<Logged, 'key' | 'partition' | 'appendedAt'>): void {
    const isOurs = isKeyOf({ date: this.date, revision: this.#revision }, key)
    if (!isOurs && message.kind !== 'completed') return
    switch (message.kind) {
      case 'partitionClosed':
        if (!this.closedAt.has(partition)) this.closedAt.set(partition, appendedAt)
        return
      case 'panel':
        return void this.panels.add(message.value.set)
      case 'job':
        this.#jobsAt = Math.max(this.#jobsAt, appendedAt)
        return void this.jobs.add(message.value.set)
      case 'result':
        return void this.results.add(message.value.set)
      case 'mlC':
        this.hasComposite = true
        return
      case 'completed':
        if (message.value.date !== this.date) return
        if (message.value.revision <= (this.completed?.revision ?? this.#revision - 1)) return
        this.completed = message.value
        this.completedAt = appendedAt
        return
      default:
    }
  }

  progress(partitions: number): CloseProgress {
    const all = Array.from({ length: partitions }, (_, partition) => partition)
    const made = sets.filter((set) => dayRules[set].length > 0).length
    return {
      date: this.date,
      partitions: {
        done: this.closedAt.size,
        total: partitions,
        waiting: all.filter((partition) => !this.closedAt.has(partition)),
      },
      panels: { done: this.panels.size, total: Math.max(this.panels.size, made) },
      results: {
        done: this.results.size,
        total: this.jobs.size,
        waiting: [...this.jobs].filter((set) => !this.results.has(set)),
      },
      hasComposite: this.hasComposite,
      completed: this.completed,
      jobsAt: this.#jobsAt,
      completedAt: this.completedAt,
    }
  }
}

/** Stage of a close that a reader is told: the first that is not through, and what it waits for. */
export function stageOf(progress: CloseProgress): {
  readonly stage: string
  readonly done: number
  readonly total: number
  readonly waiting: readonly string[]
} {
  const { partitions, panels, results, hasComposite, completed } = progress
  if (completed !== null) return { stage: 'completed', done: 1, total: 1, waiting: [] }
  // A day whose panels stand goes without the partitions that are missing.
  if (partitions.done < partitions.total && panels.done === 0) {
    const waiting = partitions.waiting.map((partition) => `partition ${partition}`)
    return { stage: 'partitions', done: partitions.done, total: partitions.total, waiting }
  }
  // Jobs of the stream's sets are out before the other panels are.
  if (panels.done === 0 || (panels.done < panels.total && results.done === results.total))
    return { stage: 'panels', done: panels.done, total: panels.total, waiting: [] }
  if (results.done < results.total) return { stage: 'results', ...results }
  return { stage: hasComposite ? 'completing' : 'composite', done: 0, total: 1, waiting: [] }
}
