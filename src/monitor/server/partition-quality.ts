import type { Status } from '../../../schemas/day.ts'
import { healthOf, worstHealth, type Measure } from '../../../schemas/limits.ts'
import { dayStart, type MarketProfile } from '../../../schemas/profiles/index.ts'
import { Quality, type MinuteRows, type PartitionClosed } from '../../../schemas/rows.ts'
import type { Measured, PartitionQuality, StatusTick } from '../protocol/messages.ts'
import { minuteEnd } from '../protocol/phase.ts'

export const measured = (measure: Measure, value: number): Measured => ({
  value: Number.isFinite(value) ? value : null,
  health: healthOf(measure, value),
})

/** A heartbeat older than this many of its intervals says nothing of now. */
const missedBeatsMax = 5

/** Where an event stands in the market log of its partition. */
interface Place {
  readonly offset: number
  readonly row: number
}

/** Counts events that a worker tells of in the order of the log, each once: one that starts again says some again. */
class Count {
  count = 0
  #offset = -1
  readonly #rows = new Set<number>()

  take({ offset, row }: Place): boolean {
    if (offset < this.#offset || (offset === this.#offset && this.#rows.has(row))) return false
    if (offset > this.#offset) this.#rows.clear()
    this.#offset = offset
    this.#rows.add(row)
    this.count++
    return true
  }
}

/** What is known of one partition's day: from its minute rows, from late and quarantine, and from heartbeats. */
export class PartitionState {
  readonly partition: number
  minute: number | null = null
  names = 0
  gapNames = 0
  closed: PartitionClosed | null = null
  readonly #late = new Count()
  readonly #quarantined = new Count()
  #heartbeat: Status | null = null

  constructor(partition: number) {
    this.partition = partition
  }

  takeMinute({ minute, count, quality }: MinuteRows): void {
    if (this.minute !== null && minute < this.minute) return
    this.minute = minute
    this.names = count
    this.gapNames = quality.reduce((sum, bits) => sum + ((bits & Quality.gap) === 0 ? 0 : 1), 0)
  }

  takeHeartbeat(status: Status): void {
    if (this.#heartbeat === null || status.reportedAt >= this.#heartbeat.reportedAt) this.#heartbeat = status
  }

  /** Counts a late or refused event. @returns false for one that was counted before */
  takeEvent(kind: 'late' | 'quarantined', place: Place): boolean {
    return (kind === 'late' ? this.#late : this.#quarantined).take(place)
  }

  /**
   * At a time (ms UTC). Ages run while trading is on; `listed` is how many names the partition should have, NaN when
   * nobody said.
   */
  at(now: number, profile: MarketProfile, date: string, isTrading: boolean, listed: number): PartitionQuality {
    const beat = this.#fresh(now)
    const events = this.closed?.eventsIn ?? (this.#heartbeat?.date === date ? this.#heartbeat.events : NaN)
    const share = (count: number): number => (count === 0 ? 0 : events > 0 ? count / events : NaN)
    const midnight = dayStart(profile, date)
    const sealed = this.minute === null ? NaN : midnight + minuteEnd(profile, this.minute)
    return {
      partition: this.partition,
      owner: beat?.owner ?? '',
      minute: this.minute,
      lag: measured('lag', beat !== null && beat.markTime > 0 && isTrading ? now / 1e3 - beat.markTime / 1e6 : NaN),
      sealedAge: measured('sealedAge', isTrading ? now / 1e3 - sealed / 1e6 : NaN),
      gaps: measured('gaps', this.names === 0 ? NaN : this.gapNames / this.names),
      late: measured('late', share(this.#late.count)),
      quarantined: measured('quarantined', share(this.#quarantined.count)),
      coverage: measured('coverage', this.minute === null ? NaN : Math.min(1, this.names / listed)),
      names: this.names,
      gapNames: this.gapNames,
      lateEvents: this.#late.count,
      quarantinedEvents: this.#quarantined.count,
      events: Number.isNaN(events) ? null : events,
      closed: this.closed === null ? 'no' : this.closed.degraded ? 'degraded' : 'yes',
    }
  }

  #fresh(now: number): Status | null {
    const beat = this.#heartbeat
    if (beat === null) return null
    const interval = beat.interval > 0 ? beat.interval * 1000 : 2000
    return now - beat.reportedAt <= missedBeatsMax * interval ? beat : null
  }
}

/** The whole day's figures are those of its worst partition, so that one that stands still cannot hide. */
export function worstOf(parts: readonly PartitionQuality[]): StatusTick['quality'] {
  const worst = (measure: keyof StatusTick['quality']): Measured => {
    const all = parts.map((part) => part[measure])
    const health = worstHealth(all.map((one) => one.health))
    const values = all.flatMap(({ value }) => (value === null ? [] : [value]))
    if (values.length === 0) return { value: null, health }
    return { value: measure === 'coverage' ? Math.min(...values) : Math.max(...values), health }
  }
  return {
    lag: worst('lag'),
    sealedAge: worst('sealedAge'),
    gaps: worst('gaps'),
    late: worst('late'),
    quarantined: worst('quarantined'),
    coverage: worst('coverage'),
  }
}
