import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import { storeWaitStage, type Status } from '../../../schemas/day.ts'
import type { StatusTick } from '../protocol/messages.ts'

const closeStates = ['open', 'closing', 'overdue', 'failed', 'complete', 'degraded', 'retracted'] as const

/** Prometheus metrics of a running system as the monitor sees it; README.md beside this folder says what each means. */
export class MonitorMetrics {
  readonly #registry = new Registry()
  readonly #gauges = new Map<string, Gauge>()
  readonly #counters = new Map<string, Counter>()

  constructor() {
    collectDefaultMetrics({ register: this.#registry })
    for (const [name, help, labels] of gauges) {
      this.#gauges.set(name, new Gauge({ name, help, labelNames: labels, registers: [this.#registry] }))
    }
    for (const [name, help] of counters) {
      this.#counters.set(name, new Counter({ name, help, registers: [this.#registry] }))
    }
  }

  count(name: CounterName, by: number): void {
    this.#counters.get(name)?.inc(by)
  }

  /** The text that Prometheus reads, of one moment. */
  async text(tick: StatusTick, heartbeats: Iterable<Status>, clients: number, published: number): Promise<string> {
    this.#set('closebell_monitor_clients', clients)
    this.#set('closebell_monitor_read_ratio', tick.read)
    this.#set('closebell_store_readable', tick.store === '' ? 1 : 0)
    this.#set('closebell_factor_names', published)
    this.#set('closebell_close_elapsed_seconds', tick.close.elapsedSeconds)
    this.#set('closebell_close_usual_seconds', tick.close.usualSeconds)
    this.#set('closebell_partitions_closed', tick.close.partitionsClosed)
    for (const state of closeStates) this.#set('closebell_close_state', state === tick.close.state ? 1 : 0, { state })
    this.#partitions(tick)
    this.#workers(tick.now, heartbeats)
    return this.#registry.metrics()
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  #partitions({ parts }: StatusTick): void {
    for (const part of parts) {
      const labels = { partition: String(part.partition) }
      this.#set('closebell_partition_lag_seconds', part.lag.value, labels)
      this.#set('closebell_partition_sealed_age_seconds', part.sealedAge.value, labels)
      this.#set('closebell_partition_gap_ratio', part.gaps.value, labels)
      this.#set('closebell_partition_coverage_ratio', part.coverage.value, labels)
      this.#set('closebell_partition_names', part.names, labels)
      this.#set('closebell_partition_late_events', part.lateEvents, labels)
      this.#set('closebell_partition_quarantined_events', part.quarantinedEvents, labels)
      this.#set('closebell_partition_events', part.events, labels)
    }
  }

  #workers(now: number, heartbeats: Iterable<Status>): void {
    for (const name of workerGauges) this.#gauges.get(name)?.reset()
    for (const { worker, owner, partition, stage, reportedAt, lag, behind, rate } of heartbeats) {
      const labels = { worker, owner, partition: String(partition) }
      this.#set('closebell_worker_heartbeat_age_seconds', (now - reportedAt) / 1000, labels)
      this.#set('closebell_worker_lag_messages', lag, labels)
      this.#set('closebell_worker_behind_seconds', behind / 1000, labels)
      this.#set('closebell_worker_store_waiting', stage === storeWaitStage ? 1 : 0, labels)
      this.#set('closebell_worker_events_per_second', rate, labels)
    }
  }

  /** What is not known is NaN, which no alert mistakes for a good figure. */
  #set(name: string, value: number | null, labels: Record<string, string> = {}): void {
    this.#gauges.get(name)?.set(labels, value ?? NaN)
  }
}

const counters = [
  ['closebell_monitor_sent_bytes_total', 'Bytes written to the streams of pages'],
  ['closebell_monitor_silent_clients_total', 'Streams closed because their reader took nothing'],
  ['closebell_monitor_messages_total', 'Messages read from the output topics'],
] as const
type CounterName = (typeof counters)[number][0]

const workerGauges = [
  'closebell_worker_heartbeat_age_seconds',
  'closebell_worker_lag_messages',
  'closebell_worker_behind_seconds',
  'closebell_worker_store_waiting',
  'closebell_worker_events_per_second',
]

const ofPartition = ['partition']
const ofWorker = ['worker', 'owner', 'partition']

const gauges: readonly (readonly [name: string, help: string, labels: string[]])[] = [
  ['closebell_monitor_clients', 'Pages that are connected', []],
  ['closebell_monitor_read_ratio', 'Share of the log of the start that is read', []],
  ['closebell_store_readable', '1 when the last question to the store was answered', []],
  ['closebell_factor_names', 'Names with a value in the newest completed day', []],
  ['closebell_close_elapsed_seconds', 'From the last closed partition to completed, or to now', []],
  ['closebell_close_usual_seconds', 'Median of that over up to 10 days before', []],
  ['closebell_close_state', '1 for the state that the close of the day is in', ['state']],
  ['closebell_partitions_closed', 'Partitions that have closed the day', []],
  ['closebell_partition_lag_seconds', 'Lowest mark of a partition behind the clock, while trading is on', ofPartition],
  ['closebell_partition_sealed_age_seconds', 'Age of the last sealed minute, while trading is on', ofPartition],
  ['closebell_partition_gap_ratio', 'Names with a gap, of the names with rows', ofPartition],
  ['closebell_partition_coverage_ratio', 'Names with rows, of those that Reference lists', ofPartition],
  ['closebell_partition_names', 'Names with rows', ofPartition],
  ['closebell_partition_late_events', 'Late events of the day', ofPartition],
  ['closebell_partition_quarantined_events', 'Refused events of the day', ofPartition],
  ['closebell_partition_events', 'Events of the day', ofPartition],
  ['closebell_worker_heartbeat_age_seconds', 'Age of the last heartbeat of a worker', ofWorker],
  ['closebell_worker_lag_messages', 'Messages that a worker is behind', ofWorker],
  ['closebell_worker_behind_seconds', 'While messages wait: age of the last one that was taken in', ofWorker],
  ['closebell_worker_store_waiting', '1 while a worker waits for a store that is away or suspended', ofWorker],
  ['closebell_worker_events_per_second', 'Events a second that a worker takes in', ofWorker],
]

/** Names of all metrics, for the document that lists them. */
export const metricNames: readonly string[] = [...gauges, ...counters].map(([name]) => name)
