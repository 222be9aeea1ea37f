import type { CloseState } from '../../workers/status/close-state.ts'
import type { CloseCard } from '../protocol/messages.ts'

/** A close that takes this much longer than usual is said to be late. */
const overdueFactor = 1.5

const known = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** What a card shows beside the topics. Times are ms UTC. */
export interface CardContext {
  readonly now: number
  readonly partitions: number
  /** NaN when the log does not tell. */
  readonly usualSeconds: number
  /** As the close worker says it; 0 when it does not. */
  readonly deadline: number
  readonly timeText: (at: number) => string
}

/** How far the close of a day has come. */
export function closeCard(state: CloseState, context: CardContext): CloseCard {
  const { now, partitions, usualSeconds, deadline, timeText } = context
  const { completed } = state
  const started = state.closedAt.size === partitions ? Math.max(...state.closedAt.values()) : NaN
  const elapsed = ((completed === null ? now : state.completedAt) - started) / 1000
  return {
    state: wordOf(state, context, started, elapsed),
    revision: completed?.revision ?? 0,
    partitionsClosed: state.closedAt.size,
    partitions,
    panels: [...state.panels],
    jobs: state.jobs.size,
    results: [...state.results],
    hasMlC: state.hasComposite,
    cause: completed?.cause ?? '',
    completedAt: completed === null ? '' : timeText(state.completedAt),
    elapsedSeconds: known(Math.max(0, elapsed)),
    usualSeconds: known(usualSeconds),
    deadline: deadline > 0 ? deadline : null,
  }
}

function wordOf(
  { completed, closedAt }: CloseState,
  { now, usualSeconds, deadline }: CardContext,
  started: number,
  elapsed: number,
): CloseCard['state'] {
  if (completed !== null) {
    if (completed.retracted) return 'retracted'
    return completed.degraded ? 'degraded' : 'complete'
  }
  if (deadline > 0 && now > deadline) return 'failed'
  if (Number.isNaN(started)) return closedAt.size > 0 ? 'closing' : 'open'
  return elapsed > overdueFactor * usualSeconds ? 'overdue' : 'closing'
}
