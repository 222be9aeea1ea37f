import { ClosebellError } from '../../../schemas/errors.ts'
import type { Bus } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import { heartbeatIntervalMs, stoppedStage, type Heartbeat } from '../status/heartbeat.ts'
import { livenessOf, newestReports, readStatus } from '../status/status-board.ts'

/** So long a rival has to say again that it lives: a worker that was killed says nothing any more. */
const proofMs = 2.5 * heartbeatIntervalMs
/** So long our own report may take into the log; where it never comes (a tape) nobody can claim. */
const claimMs = 1000
const lookMs = 50

/** What one close worker has reported. */
interface Reporter {
  /** Offset of its first report since it last stopped: whoever reported first stays. */
  readonly since: number
  readonly reportedAt: number
  readonly isLive: boolean
}

/**
 * Sees to it that one close worker is at work on a bus: of two that live, the one whose first report stands later in
 * `status` stands down. Without a heartbeat, or where another process writes `status` (a tape), nobody can claim; there
 * the lock of the tape keeps the second from publishing.
 */
export class Coordinator {
  readonly #bus: Bus
  readonly #clock: Clock
  readonly #heartbeat: Heartbeat

  constructor(bus: Bus, clock: Clock, heartbeat: Heartbeat) {
    this.#bus = bus
    this.#clock = clock
    this.#heartbeat = heartbeat
  }

  /** @throws ClosebellError CB_COORDINATOR when a close worker that came earlier lives */
  async check(signal?: AbortSignal): Promise<void> {
    const { owner } = this.#heartbeat
    const asked = this.#clock.elapsed()
    const before = await this.#reporters()
    for (let now = before; signal?.aborted !== true; now = await this.#reporters()) {
      const waited = this.#clock.elapsed() - asked
      const earlier = this.#earlier(now)
      for (const [name, { reportedAt }] of earlier) {
        if (now === before || reportedAt === before.get(name)?.reportedAt) continue
        throw new ClosebellError('CB_COORDINATOR', `${name} closes the days of this bus, and was there first`)
      }
      if (earlier.length === 0 ? now.has(owner) || waited >= claimMs : waited >= proofMs) return
      // A clock may answer an aborted sleep by a rejection.
      await this.#clock.sleep(lookMs, signal).catch(() => undefined)
    }
  }

  /** Those that seem to live and whose first report stands before ours. */
  #earlier(reporters: ReadonlyMap<string, Reporter>): [string, Reporter][] {
    const ours = reporters.get(this.#heartbeat.owner)?.since ?? Infinity
    return [...reporters].filter(([, { since, isLive }]) => isLive && since < ours)
  }

  async #reporters(): Promise<Map<string, Reporter>> {
    const reporters = new Map<string, Reporter>()
    for (const { offset, value } of await newestReports(this.#bus)) {
      const status = readStatus(value)
      if (status?.worker !== 'close') continue
      const { owner, stage, reportedAt } = status
      if (stage === stoppedStage) reporters.delete(owner)
      else {
        const isLive = livenessOf(status, this.#clock.now()) === 'live'
        reporters.set(owner, { since: reporters.get(owner)?.since ?? offset, reportedAt, isLive })
      }
    }
    return reporters
  }
}
