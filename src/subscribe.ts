import { ClosebellError } from '../schemas/errors.ts'
import { sets } from '../schemas/topics.ts'
import { openBus } from './compose/bus.ts'
import { systemClock } from './compose/clock.ts'
import { stderrLog } from './compose/log.ts'
import { followDays, type SubscriptionEvent } from './workers/subscription/follow-days.ts'
import type { FactorName } from './workers/subscription/whole-day.ts'

export interface SubscribeOptions {
  /** `kafka://host:port[/<prefix>]` or `tape:<folder>`. */
  readonly bus: string
  /** Readers of one name share the days, and after a restart go on behind the last event that they asked on from. */
  readonly group?: string
  /**
   * Where to begin, for a group that has committed nothing and for a reader without a group: at a date, or with the
   * newest completed day.
   */
  readonly from: string
  /** Factors that are wanted; all unless said. */
  readonly sets?: readonly FactorName[]
  /** Ends the iteration. */
  readonly signal?: AbortSignal
}

const factorNames: readonly FactorName[] = [...sets, 'ML_C']

/**
 * Follows the completed days of a deployment. A `day` comes only whole: after its `completed` record, with every factor
 * that the record names read and its sha256 checked; once per date and revision. Asking for the next event commits the
 * last, so a reader that dies while it works on a day is given that day again. After ten seconds without news a
 * `heartbeat` says what the deployment is at; it comes only when a worker has reported, so that "not yet" differs from
 * "dead".
 * @throws ClosebellError CB_USAGE, CB_CONFIG, CB_ABSENT when the bus has no topics, CB_WIRE_CRC when a factor is not
 * the one that `completed` names, CB_BUS_GAP when it is missing, CB_BUS_UNREACHABLE, CB_SILENT after thirty seconds
 * without a day and without a worker's report
 */
export async function* subscribe(options: SubscribeOptions): AsyncGenerator<SubscriptionEvent, void, undefined> {
  const { from, sets: wanted = factorNames } = options
  if (from !== 'latest' && !/^\d{4}-\d{2}-\d{2}$/.test(from)) {
    throw new ClosebellError('CB_USAGE', `from: ${from} is neither a date YYYY-MM-DD nor latest`)
  }
  const unknown = wanted.find((name) => !factorNames.includes(name))
  if (unknown !== undefined) {
    throw new ClosebellError('CB_USAGE', `sets: ${unknown} is none of ${factorNames.join(', ')}`)
  }
  const bus = await openBus(options.bus, { clock: systemClock, log: stderrLog('warn') })
  try {
    yield* followDays({ ...options, bus, clock: systemClock, sets: wanted })
  } finally {
    await bus.close()
  }
}
