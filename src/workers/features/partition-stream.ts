import type { Quarantined } from '../../../schemas/day.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import { openingFault, PartitionDay, type DayOutput, type DaySettings } from '../../../streams/index.ts'
import type { Logged } from '../../ports/bus.ts'
import { decode, type Message } from '../../wire/index.ts'

/** What one message of the market topic led to. */
export type StreamOutput =
  Exclude<DayOutput, { kind: 'fault' }> | { readonly kind: 'quarantined'; readonly value: Quarantined }

/**
 * One partition of the market topic: decodes messages, keeps the open day, turns what is no valid event into
 * quarantine records and goes on.
 */
export class PartitionStream {
  readonly partition: number
  private readonly settings: DaySettings
  day: PartitionDay | null = null
  /** Offset of the record that opened the day. */
  openedOffset = -1
  /** Next offset to read, -1 before the first message. */
  nextOffset = -1
  private lastClosed = ''

  constructor(partition: number, settings: DaySettings) {
    this.partition = partition
    this.settings = settings
  }

  get lastClosedDate(): string {
    return this.lastClosed
  }

  take(message: Logged): StreamOutput[] {
    this.nextOffset = message.offset + 1
    let decoded: Message
    try {
      decoded = decode(message.value)
    } catch (error) {
      if (!(error instanceof ClosebellError)) throw error
      return [this.refuse(message, error.code, error.fact)]
    }
    return this.withoutFaults(message, this.handle(message, decoded))
  }

  private handle(message: Logged, decoded: Message): DayOutput[] {
    if (decoded.kind === 'dayOpened') return this.open(message, decoded)
    const day = this.day
    const date = 'date' in decoded.value ? decoded.value.date : ''
    if (day === null || day.date !== date) {
      // The first logged end of a day counts: what a coordinator appended a moment behind it says nothing.
      if (date === this.lastClosed && (decoded.kind === 'deadline' || decoded.kind === 'chainLost')) return []
      const code = date === this.lastClosed ? 'CB_CHAIN_ENDED' : 'CB_DAY'
      return [
        {
          kind: 'fault',
          offset: message.offset,
          date,
          fault: { row: -1, code, detail: `${decoded.kind} of ${date}, open is ${day?.date ?? 'no day'}` },
        },
      ]
    }
    const outputs = this.handleInDay(day, message, decoded)
    if (day.isClosed) {
      this.lastClosed = day.date
      this.day = null
    }
    return outputs
  }

  private open(message: Logged, { value }: Extract<Message, { kind: 'dayOpened' }>): DayOutput[] {
    const wrong = openingFault(value, this.settings.profile)
    if (wrong !== null) return [{ kind: 'fault', offset: message.offset, date: message.date, fault: wrong }]
    if (this.day?.date === value.date || this.lastClosed === value.date) return []
    // A day that never ended is closed where the next one opens, as a deadline would have closed it.
    const outputs = this.day === null ? [] : this.day.close(message.offset)
    if (this.day !== null) this.lastClosed = this.day.date
    this.day = new PartitionDay(value, this.settings)
    this.openedOffset = message.offset
    return outputs
  }

  private handleInDay(day: PartitionDay, message: Logged, decoded: Message): DayOutput[] {
    switch (decoded.kind) {
      case 'tickBatch':
        return day.takeBatch('ticks', decoded.value, message.offset)
      case 'bookBatch':
        return day.takeBatch('books', decoded.value, message.offset)
      case 'reference':
        return day.refer(decoded.value, message.offset)
      case 'chainEnded':
        day.endChain(decoded.value)
        return day.settle(message.offset)
      case 'chainLost':
        day.loseChain(decoded.value)
        return day.settle(message.offset)
      case 'deadline':
        return day.close(message.offset)
      default:
        return [
          {
            kind: 'fault',
            offset: message.offset,
            date: day.date,
            fault: { row: -1, code: 'CB_WIRE_SCHEMA', detail: `${decoded.kind} does not belong in the market topic` },
          },
        ]
    }
  }

  /** Goes on from a snapshot. */
  resume(day: PartitionDay | null, openedOffset: number, lastClosed: string, nextOffset: number): void {
    this.day = day
    this.nextOffset = nextOffset
    this.openedOffset = openedOffset
    this.lastClosed = lastClosed
  }

  private withoutFaults(message: Logged, outputs: readonly DayOutput[]): StreamOutput[] {
    let isFirst = true
    return outputs.map((output) => {
      if (output.kind !== 'fault') return output
      const bytes = isFirst ? message.value : Buffer.alloc(0)
      isFirst = false
      const { row, code, detail } = output.fault
      return this.quarantine(message, output.date, code, detail, row, bytes)
    })
  }

  private refuse(message: Logged, code: string, detail: string): StreamOutput {
    return this.quarantine(message, message.date, code, detail, -1, message.value)
  }

  private quarantine(
    message: Logged,
    date: string,
    code: string,
    detail: string,
    row: number,
    bytes: Uint8Array,
  ): StreamOutput {
    const value = {
      topic: message.topic,
      partition: message.partition,
      offset: message.offset,
      date,
      code,
      detail,
      row,
      bytes,
    }
    return { kind: 'quarantined', value }
  }
}
