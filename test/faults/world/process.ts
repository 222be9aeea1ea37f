import type { Clock } from '../../../src/ports/clock.ts'
import type { Random } from '../../../src/simulator/random.ts'
import type { Fault, Faults, Kind } from './faults.ts'
import type { Timeline } from './timeline.ts'

/** What all processes of a world share. */
export interface Surroundings {
  readonly timeline: Timeline
  readonly random: Random
  readonly faults: Faults
}

const never = new Promise<never>(() => undefined)

/**
 * A process: everything that its worker asks of the outside passes here, one call at a time, and that is where it can
 * die, stand still, or be told that something failed.
 */
export class Process {
  readonly kind: Kind
  isDead = false
  /** Told when it died, and how long it stands still. */
  onCrash: (losesDisk: boolean) => void = () => undefined
  onPause: (ms: number) => void = () => undefined
  readonly #around: Surroundings
  /** Answers that came while it stood still; null when it runs. */
  #held: (() => void)[] | null = null
  /** Calls that name the same lane arrive in the order in which they were made. */
  readonly #lanes = new Map<string, number>()

  constructor(kind: Kind, around: Surroundings) {
    this.kind = kind
    this.#around = around
  }

  get isPaused(): boolean {
    return this.#held !== null
  }

  /**
   * Asks the outside for something: `effect` happens there after a while, its answer arrives after another.
   * @param failure what the worker is told when the call fails, whether or not it had an effect
   */
  call<T>(effect: (fault: Fault | undefined) => T, failure: () => Error, lane = ''): Promise<T> {
    if (this.isDead) return never
    const { faults, timeline, random } = this.#around
    const fault = faults.next(this.kind, lane !== '')
    if (fault?.act === 'crash before') {
      this.crash(fault.losesDisk)
      return never
    }
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void): void => timeline.after(this.#delay(), () => this.deliver(settle))
      timeline.after(this.#arrival(lane), () => {
        // What a process had sent when it died may arrive or not.
        if (this.isDead && random.below(2) === 0) return
        if (fault?.act === 'fail before') return answer(() => reject(failure()))
        let settle: () => void
        try {
          const value = effect(fault)
          settle = () => resolve(value)
        } catch (error) {
          settle = () => reject(error as Error)
        }
        if (fault?.act === 'crash after') return this.crash(fault.losesDisk)
        if (fault?.act === 'fail after') return answer(() => reject(failure()))
        if (fault?.act === 'pause') this.#pause(fault.ms)
        answer(settle)
      })
    })
  }

  /** Resolves after `ms`, or when it stands still, when it runs again. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#around.timeline.after(ms, () => this.deliver(resolve)))
  }

  /** Goes on with `settle` unless it is dead; when it stands still, later. */
  deliver(settle: () => void): void {
    if (this.isDead) return
    if (this.#held === null) settle()
    else this.#held.push(settle)
  }

  crash(losesDisk: boolean): void {
    if (this.isDead) return
    this.isDead = true
    this.onCrash(losesDisk)
  }

  get clock(): Clock {
    const { timeline } = this.#around
    return {
      now: () => timeline.now,
      elapsed: () => timeline.now,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          const wake = (): void => {
            signal?.removeEventListener('abort', wake)
            resolve()
          }
          signal?.addEventListener('abort', wake, { once: true })
          timeline.after(ms, () => this.deliver(wake))
        }),
    }
  }

  #pause(ms: number): void {
    if (this.#held !== null) return
    this.#held = []
    this.#around.timeline.after(ms, () => {
      const held = this.#held ?? []
      this.#held = null
      for (const settle of held) this.deliver(settle)
    })
    this.onPause(ms)
  }

  #delay(): number {
    const { random } = this.#around
    // Most answers come at once, some late.
    return random.below(16) === 0 ? 5 + random.below(60) : random.below(4)
  }

  #arrival(lane: string): number {
    const { now } = this.#around.timeline
    const at = Math.max(now + this.#delay(), this.#lanes.get(lane) ?? 0)
    if (lane !== '') this.#lanes.set(lane, at)
    return at - now
  }
}
