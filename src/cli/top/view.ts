import type { Health } from '../../../schemas/limits.ts'
import type { Phase } from '../../monitor/protocol/phase.ts'
import type { CloseProgress } from '../../workers/status/close-state.ts'

/** What `top` shows, and with --json prints. Times are ms UTC; null = nobody has said. */
export interface TopView {
  readonly deployment: string
  readonly at: number
  readonly utcOffsetMinutes: number
  /** The newest date in the log; empty before the first. */
  readonly date: string
  /** `closed`: no trading day. */
  readonly phase: Phase | 'closed'
  readonly countdown: { readonly to: string; readonly seconds: number } | null
  readonly partitions: readonly PartitionLine[]
  /** Workers that own no partition. */
  readonly workers: readonly WorkerLine[]
  readonly close: CloseLine | null
  /** Oldest first. */
  readonly events: readonly EventLine[]
}

export interface Judged {
  readonly value: number | null
  readonly health: Health
}

export interface PartitionLine {
  readonly partition: number
  readonly stage: string
  readonly date: string
  /** The merge's mark, ms UTC. */
  readonly mark: number | null
  readonly lagSeconds: Judged
  /** Messages of the log that are not taken in. */
  readonly messagesBehind: number
  readonly eventsPerSecond: number
  readonly events: number
  readonly late: Judged
  readonly gaps: Judged
  readonly quarantined: Judged
  readonly owner: string
  readonly liveness: Liveness
  readonly snapshotAgeSeconds: number | null
  /** Chains that hold the merge back, the slowest first. */
  readonly waiting: readonly string[]
}

/** `absent`: no heartbeat was ever seen. */
export type Liveness = 'live' | 'silent' | 'stopped' | 'absent'

export interface WorkerLine {
  readonly worker: string
  readonly stage: string
  readonly date: string
  readonly messagesBehind: number
  readonly behindSeconds: Judged
  readonly detail: string
  readonly owner: string
  readonly liveness: Liveness
  readonly reportedAt: number
  readonly waiting: readonly string[]
}

export interface CloseLine extends CloseProgress {
  /** Of what the close waits for now, ms UTC; null while nobody says one. */
  readonly deadline: number | null
}

export interface EventLine {
  readonly at: number
  readonly kind: 'late' | 'quarantine' | 'completed' | 'worker'
  readonly text: string
}
