import type { Bus } from '../../src/ports/bus.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { followDays, type FollowOptions, type SubscriptionEvent } from '../../src/workers/subscription/follow-days.ts'
import { realClock } from '../real-clock.ts'

/** Time passes only when the test says so, and then every sleep ends. */
export class HandClock implements Clock {
  private readonly sleepers = new Set<() => void>()
  private ms = 1_000_000

  now(): number {
    return this.ms
  }

  elapsed(): number {
    return this.ms
  }

  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.sleepers.delete(wake)
        resolve()
      }
      this.sleepers.add(wake)
      signal?.addEventListener('abort', wake, { once: true })
    })
  }

  pass(ms: number): void {
    this.ms += ms
    for (const wake of this.sleepers) wake()
  }
}

export const follow = (bus: Bus, more: Partial<FollowOptions> = {}): AsyncGenerator<SubscriptionEvent, void> =>
  followDays({ bus, clock: realClock, from: 'latest', sets: ['PV', 'HF', 'ML_C'], ...more })

/** What an event is about, as a test compares it. */
export const gist = (event: SubscriptionEvent | undefined | void): string =>
  event === undefined ? 'end' : event.type === 'heartbeat' ? event.stage : `${event.type} ${event.date}`

export async function nextOf(days: AsyncGenerator<SubscriptionEvent, void>): Promise<string> {
  return gist((await days.next()).value)
}

/**
 * The events that are sure to come, however long a busy machine takes, and what else comes until nothing did for a
 * moment; the reader is left at its question for more.
 */
export async function readFor(
  days: AsyncGenerator<SubscriptionEvent, void>,
  sure: number,
  quietMs: number,
): Promise<string[]> {
  const found: string[] = []
  for (;;) {
    const next = days.next()
    const quiet = (): Promise<'quiet'> => realClock.sleep(quietMs).then(() => 'quiet' as const)
    const event = await (found.length < sure ? next : Promise.race([next, quiet()]))
    if (event === 'quiet') return found
    found.push(gist(event.value))
    if (event.done === true) return found
  }
}
