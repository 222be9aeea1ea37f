import type { Status } from '../../../schemas/day.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { TopicName } from '../../../schemas/topics.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import { codecs } from '../../wire/index.ts'
import { livenessOf } from '../../workers/status/status-board.ts'
import type { EventLine } from './view.ts'

/** So many events are kept, and at most so many are read back at the start of each topic. */
const kept = 200
const readBack = 100

const topics = ['late', 'quarantine', 'completed'] as const satisfies readonly TopicName[]

/** The newest events: what was late or refused, days that were completed, workers that came, stopped or fell silent. */
export class EventTail {
  readonly #bus: Bus
  readonly #next = new Map<TopicName, number>()
  readonly #workers = new Map<string, string>()
  #events: EventLine[] = []

  constructor(bus: Bus) {
    this.#bus = bus
  }

  async look(reports: readonly Status[], now: number): Promise<readonly EventLine[]> {
    const found: EventLine[] = []
    for (const topic of topics) found.push(...(await this.#read(topic)))
    found.push(...this.#changes(reports, now))
    if (found.length > 0) this.#events = [...this.#events, ...found].sort((a, b) => a.at - b.at).slice(-kept)
    return this.#events
  }

  async #read(topic: (typeof topics)[number]): Promise<EventLine[]> {
    if ((await this.#bus.partitions(topic)) === 0) return []
    const { first, next } = await this.#bus.offsets(topic, 0)
    const from = this.#next.get(topic) ?? Math.max(first, next - readBack)
    this.#next.set(topic, from)
    const found: EventLine[] = []
    if (from >= next) return found
    for await (const messages of this.#bus.read(topic, 0, { from, until: 'end' })) {
      for (const message of messages) found.push(eventOf(topic, message))
      this.#next.set(topic, (messages.at(-1)?.offset ?? from) + 1)
    }
    return found
  }

  #changes(reports: readonly Status[], now: number): EventLine[] {
    return reports.flatMap((status): EventLine[] => {
      const { worker, partition, owner, date, reportedAt } = status
      const liveness = livenessOf(status, now)
      const name = partition < 0 ? `${worker} ${owner}` : `${worker} partition ${partition}`
      const stage = liveness === 'live' ? status.stage : liveness
      const state = `${owner}|${stage}|${date}`
      if (this.#workers.get(name) === state) return []
      this.#workers.set(name, state)
      const by = partition < 0 ? '' : `, ${owner}`
      return [{ at: reportedAt, kind: 'worker', text: `${name} ${stage}${date === '' ? '' : ` ${date}`}${by}` }]
    })
  }
}

function eventOf(kind: (typeof topics)[number], message: Logged): EventLine {
  return { at: message.appendedAt, kind, text: readable(kind, message) }
}

function readable(kind: (typeof topics)[number], { value, offset }: Logged): string {
  try {
    if (kind === 'late') {
      const { instrument, partition, producer, channel, eventTime, markTime } = codecs.late.decode(value)
      const behind = ((markTime - eventTime) / 1e6).toFixed(1)
      return `late ${instrument}, ${behind} s below the mark of ${producer}/${channel}, partition ${partition}`
    }
    if (kind === 'quarantine') {
      const { topic, partition, offset: at, code, detail } = codecs.quarantined.decode(value)
      return `refused ${code}: ${detail}, ${topic}/${partition} offset ${at}`
    }
    const { date, revision, degraded, retracted, published, universe, cause } = codecs.completed.decode(value)
    const word = retracted ? 'RETRACTED' : degraded ? 'DEGRADED' : 'COMPLETE'
    return `${date} ${word} r${revision + 1}: ${published} of ${universe} names${cause === '' ? '' : `, ${cause}`}`
  } catch (error) {
    if (error instanceof ClosebellError) return `${kind} offset ${offset} cannot be read: ${error.code}`
    throw error
  }
}
