import type { Status } from '../../../schemas/day.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import { codecs, kindOf } from '../../wire/index.ts'
import { stoppedStage } from './heartbeat.ts'

/** So many of the newest reports tell what every worker does now; older ones are of workers long gone. */
const newest = 2000
/** A worker that missed this many beats is silent. */
const missedBeats = 5

/** The newest report of every worker: of each partition whoever owns it now, of the others each process. */
export class StatusBoard {
  readonly #latest = new Map<string, Status>()

  take(messages: readonly Pick<Logged, 'value'>[]): void {
    for (const { value } of messages) {
      const status = readStatus(value)
      if (status === null) continue
      const { worker, partition, owner, reportedAt } = status
      const key = partition < 0 ? `${worker}||${owner}` : `${worker}|${partition}`
      const known = this.#latest.get(key)
      if (known === undefined || known.reportedAt <= reportedAt) this.#latest.set(key, status)
    }
  }

  /** By worker, partition and owner. */
  reports(worker?: string): readonly Status[] {
    return [...this.#latest.values()]
      .filter((status) => worker === undefined || status.worker === worker)
      .sort((a, b) => a.worker.localeCompare(b.worker) || a.partition - b.partition || a.owner.localeCompare(b.owner))
  }
}

/** A report of a version that we do not know is passed over: reports are for people, and new ones come in seconds. */
export function readStatus(value: Uint8Array): Status | null {
  try {
    return kindOf(value) === 'status' ? codecs.status.decode(value) : null
  } catch (error) {
    if (error instanceof ClosebellError) return null
    throw error
  }
}

/** `now` ms UTC. */
export function livenessOf({ stage, reportedAt, interval }: Status, now: number): 'live' | 'silent' | 'stopped' {
  if (stage === stoppedStage) return 'stopped'
  return now - reportedAt > 1000 * missedBeats * Math.max(interval, 1) ? 'silent' : 'live'
}

/** The newest reports, in the order of the log; none where the topic does not exist yet. */
export async function newestReports(bus: Bus): Promise<Logged[]> {
  const found: Logged[] = []
  if ((await bus.partitions('status')) === 0) return found
  const { first, next } = await bus.offsets('status', 0)
  if (first === next) return found
  const from = Math.max(first, next - newest)
  for await (const messages of bus.read('status', 0, { from, until: 'end' })) found.push(...messages)
  return found
}

/** The board as it stands now; empty where the topic does not exist yet. */
export async function readStatusBoard(bus: Bus, board = new StatusBoard()): Promise<StatusBoard> {
  board.take(await newestReports(bus))
  return board
}
