import type { Quarantined } from '../../../schemas/day.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import {
  openingFault,
  PartitionDay,
  type DayOutput,
  type DaySettings,
  type RowFault,
  type SavedChain,
} from '../../../streams/index.ts'
import type { Logged } from '../../ports/bus.ts'
import { ColumnRoom, decode, type Message } from '../../wire/index.ts'

/** What one message of the market topic led to. */
export type StreamOutput =
  Exclude<DayOutput, { kind: 'fault' }> | { readonly kind: 'quarantined'; readonly value: Quarantined }

/** What is kept of a closed day: enough to tell what is said again behind the cut from what is said too late. */
export interface PastDay {
  readonly date: string
  readonly chains: readonly Pick<SavedChain, 'producer' | 'channel' | 'isOver' | 'crcs'>[]
}

/** Whether a record behind the cut of its day says again what stands before it, as whoever starts again may. */
function isRepeat(past: PastDay, { kind, value }: Message): boolean {
  // The first logged end of a day counts: what a coordinator appended a moment behind it says nothing.
  if (kind === 'reference' || kind === 'deadline' || kind === 'chainLost') return true
  if (kind !== 'tickBatch' && kind !== 'bookBatch' && kind !== 'chainEnded') return false
  const chain = past.chains.find(({ producer, channel }) => producer === value.producer && channel === value.channel)
  if (chain === undefined) return false
  if (kind === 'chainEnded') return chain.isOver
  return chain.crcs.some(([batchNumber, crc]) => batchNumber === value.batchNumber && crc === value.crc)
}

const fault = ({ offset }: Logged, date: string, code: RowFault['code'], detail: string): DayOutput => ({
  kind: 'fault',
  offset,
  date,
  fault: { row: -1, code, detail },
})

/**
 * One partition of the market topic: decodes messages, keeps the open day, turns what is no valid event into
 * quarantine records and goes on.
 */
export class PartitionStream {
  readonly partition: number
  private readonly settings: DaySettings
  private readonly room = new ColumnRoom()
  day: PartitionDay | null = null
  /** Offset of the record that opened the day. */
  openedOffset = -1
  /** Next offset to read, -1 before the first message. */
  nextOffset = -1
  /** The day that was closed last; asked while no other is open. */
  past: PastDay | null = null

  constructor(partition: number, settings: DaySettings) {
    this.partition = partition
    this.settings = settings
  }

  get lastClosedDate(): string {
    return this.past?.date ?? ''
  }

  take(message: Logged): StreamOutput[] {
    this.nextOffset = message.offset + 1
    let decoded: Message
    try {
      decoded = decode(message.value, this.room)
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
    // Of a day that is closed, as every earlier one is: whoever owns the partition makes its revision.
    if (decoded.kind === 'correction' && (day === null || date < day.date)) return []
    if (day === null || day.date !== date) {
      const past = day === null && this.past?.date === date ? this.past : null
      if (past !== null && isRepeat(past, decoded)) return []
      const code = past === null ? 'CB_DAY' : 'CB_CHAIN_ENDED'
      return [fault(message, date, code, `${decoded.kind} of ${date}, open is ${day?.date ?? 'no day'}`)]
    }
    const outputs = this.handleInDay(day, message, decoded)
    if (day.isClosed) this.leave(day)
    return outputs
  }

  private givingBack(day: PartitionDay): PartitionDay {
    day.onDone = ({ instrument }) => this.room.giveBack(instrument.buffer as ArrayBuffer)
    return day
  }

  private leave(day: PartitionDay): void {
    this.past = {
      date: day.date,
      chains: day.merge.chains.map(({ producer, channel, isOver, crcs }) => ({
        producer,
        channel,
        isOver,
        crcs: [...crcs],
      })),
    }
    this.day = null
  }

  private open(message: Logged, { value }: Extract<Message, { kind: 'dayOpened' }>): DayOutput[] {
    const wrong = openingFault(value, this.settings.profile)
    if (wrong !== null) return [{ kind: 'fault', offset: message.offset, date: message.date, fault: wrong }]
    const reached = this.day?.date ?? this.lastClosedDate
    if (value.date === reached) return []
    if (value.date < reached)
      return [fault(message, value.date, 'CB_DAY', `opening of ${value.date}, the partition has reached ${reached}`)]
    // A day that never ended is closed where the next one opens, as a deadline would have closed it.
    const outputs = this.day === null ? [] : this.day.close(message.offset)
    if (this.day !== null) this.leave(this.day)
    this.day = this.givingBack(new PartitionDay(value, this.settings))
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
      case 'correction':
        return [fault(message, day.date, 'CB_DAY', `correction of ${day.date}, which is not closed yet`)]
      default:
        return [fault(message, day.date, 'CB_WIRE_SCHEMA', `${decoded.kind} does not belong in the market topic`)]
    }
  }

  /** Goes on from a snapshot. */
  resume(day: PartitionDay | null, openedOffset: number, past: PastDay | null, nextOffset: number): void {
    this.day = day === null ? null : this.givingBack(day)
    this.nextOffset = nextOffset
    this.openedOffset = openedOffset
    this.past = past
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
