import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../src/ports/clock.ts'

/** The machine's clock, for suites that run against real parts. */
export const realClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal === undefined ? {} : { signal })
  },
}
