import { dayRules } from '../../../schemas/catalogue/index.ts'
import type { Completed } from '../../../schemas/day.ts'
import { sets, type TopicName } from '../../../schemas/topics.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import { codecs, kindOf } from '../../wire/index.ts'

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

/** Watches the close of one date in the topics that it leads to; each look reads only what is new. */
export class CloseWatch {
  readonly date: string
  readonly #bus: Bus
  readonly #next = new Map<string, number>()
  readonly #closed = new Set<number>()
  readonly #panels = new Set<string>()
  readonly #jobs = new Set<string>()
  readonly #results = new Set<string>()
  #hasComposite = false
  #completed: Completed | null = null
  #jobsAt = 0
  #completedAt = 0

  constructor(bus: Bus, date: string) {
    this.#bus = bus
    this.date = date
  }

  async look(): Promise<CloseProgress> {
    await this.#read('days', (message) => {
      if (kindOf(message.value) === 'partitionClosed') this.#closed.add(message.partition)
    })
    await this.#read('panels', ({ value }) => this.#panels.add(codecs.panel.decode(value).set))
    await this.#read('jobs', ({ value, appendedAt }) => {
      this.#jobs.add(codecs.job.decode(value).set)
      this.#jobsAt = Math.max(this.#jobsAt, appendedAt)
    })
    await this.#read('results', ({ value }) => this.#results.add(codecs.result.decode(value).set))
    await this.#read('ml-c', () => (this.#hasComposite = true))
    await this.#read('completed', ({ value, appendedAt }) => {
      this.#completed = codecs.completed.decode(value)
      this.#completedAt = appendedAt
    })
    return this.#progress(await this.#bus.partitions('days'))
  }

  #progress(partitions: number): CloseProgress {
    const open = Array.from({ length: partitions }, (_, partition) => partition)
    return {
      date: this.date,
      partitions: {
        done: this.#closed.size,
        total: partitions,
        waiting: open.filter((partition) => !this.#closed.has(partition)),
      },
      panels: {
        done: this.#panels.size,
        total: Math.max(this.#panels.size, sets.filter((set) => dayRules[set].length > 0).length),
      },
      results: {
        done: this.#results.size,
        total: this.#jobs.size,
        waiting: [...this.#jobs].filter((set) => !this.#results.has(set)),
      },
      hasComposite: this.#hasComposite,
      completed: this.#completed,
      jobsAt: this.#jobsAt,
      completedAt: this.#completedAt,
    }
  }

  async #read(topic: TopicName, take: (message: Logged) => void): Promise<void> {
    const partitions = await this.#bus.partitions(topic)
    for (let partition = 0; partition < partitions; partition++) {
      const place = `${topic}/${partition}`
      const from = this.#next.get(place) ?? (await this.#bus.offsetOfDate(topic, partition, this.date))
      this.#next.set(place, from)
      if (from >= (await this.#bus.offsets(topic, partition)).next) continue
      for await (const messages of this.#bus.read(topic, partition, { from, until: 'end' })) {
        for (const message of messages) if (message.date === this.date) take(message)
        this.#next.set(place, (messages.at(-1)?.offset ?? from) + 1)
      }
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
  if (partitions.done < partitions.total) {
    const waiting = partitions.waiting.map((partition) => `partition ${partition}`)
    return { stage: 'partitions', done: partitions.done, total: partitions.total, waiting }
  }
  if (panels.done === 0 || (results.total === 0 && panels.done < panels.total))
    return { stage: 'panels', done: panels.done, total: panels.total, waiting: [] }
  if (results.done < results.total) return { stage: 'results', ...results }
  return { stage: hasComposite ? 'completing' : 'composite', done: 0, total: 1, waiting: [] }
}
