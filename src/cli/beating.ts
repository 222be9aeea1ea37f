import { hostname } from 'node:os'
import type { Bus } from '../ports/bus.ts'
import type { Heartbeat } from '../workers/status/heartbeat.ts'
import type { Context } from './context.ts'

/** Runs a worker that publishes what it is at to `status`; `name` tells processes apart for whoever watches. */
export async function beating<R>(
  { clock, log }: Context,
  bus: Bus,
  worker: string,
  work: (heartbeat: Heartbeat) => Promise<R>,
  name = `${hostname()}:${process.pid}`,
): Promise<R> {
  const { heartbeatIntervalMs, startHeartbeat } = await import('../workers/status/heartbeat.ts')
  const heartbeat = startHeartbeat({ bus, clock, log, worker, owner: name, intervalMs: heartbeatIntervalMs })
  try {
    return await work(heartbeat)
  } finally {
    await heartbeat.stop()
  }
}
