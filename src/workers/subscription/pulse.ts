import { shiftDays } from '../../../schemas/calendars/index.ts'
import type { Bus } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'

/** `waiting`: no later day has begun; `trading`: one has; `closing`: its panels stand in the log. */
export type Stage = 'waiting' | 'trading' | 'closing'

/** How far the day behind the last completed one has come. */
export async function stageAfter(bus: Bus, lastDate: string): Promise<Stage> {
  const after = lastDate === '' ? '' : shiftDays(lastDate, 1)
  for (const [topic, stage] of [
    ['panels', 'closing'],
    ['market', 'trading'],
  ] as const) {
    if ((await bus.offsetOfDate(topic, 0, after)) < (await bus.offsets(topic, 0)).next) return stage
  }
  return 'waiting'
}

/** Whether any worker lives: each reports to the topic `status` every few seconds. */
export class Pulse {
  readonly #bus: Bus
  readonly #clock: Clock
  #next = -1
  #heardAt: number

  constructor(bus: Bus, clock: Clock) {
    this.#bus = bus
    this.#clock = clock
    this.#heardAt = clock.elapsed()
  }

  /** Counts the silence from now on. */
  restart(): void {
    this.#heardAt = this.#clock.elapsed()
  }

  /** Whether a worker has reported since the last look. The first look only says from where to count. */
  async look(): Promise<boolean> {
    const next = (await this.#bus.partitions('status')) === 0 ? 0 : (await this.#bus.offsets('status', 0)).next
    const isHeard = this.#next >= 0 && next > this.#next
    this.#next = next
    if (isHeard) this.restart()
    return isHeard
  }

  /** Time since a worker was heard, ms; 0 on a log in which none has ever reported, such as one that waits to begin. */
  silence(): number {
    return this.#next === 0 ? 0 : this.#clock.elapsed() - this.#heardAt
  }
}
