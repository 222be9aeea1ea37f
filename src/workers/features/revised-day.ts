import type { Correction } from '../../../schemas/market.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import { LeftOut, type DaySettings, type PartitionDay } from '../../../streams/index.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import { codecs, decode, kindOf } from '../../wire/index.ts'
import { PartitionStream, type StreamOutput } from './partition-stream.ts'

/** A correction with its place in the market log. */
export interface LoggedCorrection {
  readonly offset: number
  readonly value: Correction
}

/** The correction that a message of the market topic is; null for any other, and for bytes that are no message. */
export function correctionOf({ offset, value }: Logged): LoggedCorrection | null {
  try {
    return kindOf(value) === 'correction' ? { offset, value: codecs.correction.decode(value) } : null
  } catch (error) {
    if (!(error instanceof ClosebellError)) throw error
    return null
  }
}

/**
 * Rows of the revision that a correction of a partition starts, a few messages' worth at a time: a pure function of the
 * log up to the correction, read twice. Nothing when the day had not been closed before it, or when an earlier record
 * started the same revision.
 */
export async function* revisedRows(
  bus: Bus,
  partition: number,
  settings: DaySettings,
  correction: LoggedCorrection,
  signal?: AbortSignal,
): AsyncGenerator<readonly StreamOutput[], void, undefined> {
  const { date, revision } = correction.value
  const found = await leftOutOf(bus, partition, settings, correction, signal)
  if (found === null) return
  const stream = new PartitionStream(partition, { ...settings, revision: { number: revision, leftOut: found.leftOut } })
  const options = { from: found.openedOffset, until: 'end', ...(signal === undefined ? {} : { signal }) } as const
  for await (const messages of bus.read('market', partition, options)) {
    const outputs: StreamOutput[] = []
    for (const message of messages) {
      if (stream.lastClosedDate !== date) outputs.push(...stream.take(message).filter(isRow))
    }
    yield outputs
    if (stream.lastClosedDate === date) return
  }
}

const isRow = ({ kind }: StreamOutput): boolean =>
  kind === 'minuteRows' || kind === 'dayRow' || kind === 'partitionClosed'

interface Found {
  readonly leftOut: LeftOut
  readonly openedOffset: number
}

/** What the first revision of a day left out, of all that is logged up to a correction. */
async function leftOutOf(
  bus: Bus,
  partition: number,
  settings: DaySettings,
  { offset, value }: LoggedCorrection,
  signal?: AbortSignal,
): Promise<Found | null> {
  const { date, revision } = value
  const stream = new PartitionStream(partition, { ...settings, minuteRows: false })
  const from = await bus.offsetOfDate('market', partition, date)
  let first: PartitionDay | null = null
  let leftOut: LeftOut | null = null
  let openedOffset = -1
  for await (const messages of bus.read('market', partition, {
    from,
    until: 'end',
    ...(signal === undefined ? {} : { signal }),
  })) {
    for (const message of messages) {
      if (message.offset >= offset) {
        return leftOut === null || stream.lastClosedDate !== date ? null : { leftOut, openedOffset }
      }
      const isClosed = stream.lastClosedDate === date
      const outputs = isClosed ? [] : stream.take(message)
      if (first === null && stream.day?.date === date) {
        first = stream.day
        leftOut = new LeftOut(first)
        openedOffset = stream.openedOffset
      }
      const earlier = correctionOf(message)?.value
      if (earlier?.date === date && earlier.revision === revision) return null
      if (leftOut !== null) note(leftOut, message, date, outputs, isClosed)
    }
  }
  return null
}

/** Takes down what one message says that the first revision does without. */
function note(
  leftOut: LeftOut,
  message: Logged,
  date: string,
  outputs: readonly StreamOutput[],
  isClosed: boolean,
): void {
  const rows = outputs.flatMap((output) => (output.kind === 'late' ? [output.value.row] : []))
  const isRefused = outputs.some(
    ({ kind, value }) => kind === 'quarantined' && value.code === 'CB_CHAIN_ENDED' && value.row < 0,
  )
  if (rows.length === 0 && !isRefused && !isClosed && !isEnd(message)) return
  if (!isOfDate(message.value, date)) return
  let decoded: ReturnType<typeof decode>
  try {
    decoded = decode(message.value)
  } catch (error) {
    if (!(error instanceof ClosebellError)) throw error
    return
  }
  if (decoded.kind === 'chainEnded') leftOut.ended(decoded.value)
  else if (decoded.kind === 'tickBatch' || decoded.kind === 'bookBatch') {
    const kind = decoded.kind === 'tickBatch' ? 'ticks' : 'books'
    if (rows.length > 0) leftOut.rows(kind, decoded.value, message.offset, rows)
    else leftOut.batch(kind, decoded.value, message.offset)
  }
}

function isEnd({ value }: Logged): boolean {
  try {
    return kindOf(value) === 'chainEnded'
  } catch {
    return false
  }
}

/** Every record of the market topic begins with its date: behind the cut, others need not be decoded. */
const isOfDate = (value: Uint8Array, date: string): boolean =>
  value[10] === 2 * date.length && Buffer.from(value.buffer, value.byteOffset + 11, date.length).toString() === date
