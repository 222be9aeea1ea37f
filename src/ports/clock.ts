/** Wall clock and timers, passed in so that nothing else reads them. */
export interface Clock {
  /** ms UTC. */
  now(): number
  /** Monotonic ms, for durations. */
  elapsed(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
