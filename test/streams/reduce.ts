import type { ReferenceEntry } from '../../schemas/market.ts'
import { cn } from '../../schemas/profiles/index.ts'
import { barColumns, type FlowSizing } from '../../schemas/rows.ts'
import type { DaySettings } from '../../streams/index.ts'
import type { Logged } from '../../src/ports/bus.ts'
import { fingerprints } from '../../src/workers/fingerprints.ts'
import { PartitionStream, type StreamOutput } from '../../src/workers/features/partition-stream.ts'
import { marketLog, plainLayout, type Layout } from './market-log.ts'
import { tape, type Tape } from './tape-text.ts'

export const settingsOf = (sizing: FlowSizing = 'order'): DaySettings => ({
  profile: cn,
  sizing,
  fingerprints,
  minuteRows: true,
})

/** What the messages of one partition lead to. */
export function takeAll(messages: readonly Logged[], settings: DaySettings = settingsOf()): StreamOutput[] {
  const stream = new PartitionStream(messages[0]?.partition ?? 0, settings)
  return messages.flatMap((message) => stream.take(message))
}

type Values = Readonly<Record<string, number>>

/** Values of an instrument's day row by catalogue id. */
export function dayValues(outputs: readonly StreamOutput[], instrument: string): Values {
  for (const output of outputs) {
    if (output.kind !== 'dayRow' || output.value.instrument !== instrument) continue
    const { sets, values } = output.value
    return Object.fromEntries(sets.flatMap(({ columns }) => columns).map((id, i) => [id, values[i]]))
  }
  throw new RangeError(`no day row of ${instrument}`)
}

/** Values of an instrument in the rows of one minute, of all sets, by catalogue id. */
export function minuteValues(outputs: readonly StreamOutput[], instrument: string, minute: number): Values {
  const found: Record<string, number> = {}
  for (const output of outputs) {
    if (output.kind !== 'minuteRows' || output.value.minute !== minute) continue
    const { columns, count, instruments, values } = output.value
    const row = instruments.indexOf(instrument)
    if (row < 0) continue
    columns.forEach((id, c) => (found[id] = values[c * count + row]))
  }
  if (Object.keys(found).length === 0) throw new RangeError(`no rows of ${instrument} in minute ${minute}`)
  return found
}

/** Bar `bar` (0 opening auction, 1..n, n+1 closing auction) of a day row's minute block. */
export function barOf(outputs: readonly StreamOutput[], instrument: string, bar: number): Values {
  for (const output of outputs) {
    if (output.kind !== 'dayRow' || output.value.instrument !== instrument) continue
    const { minuteCount, minutes } = output.value
    return Object.fromEntries(barColumns.map((id, c) => [id, minutes[c * minuteCount + bar]]))
  }
  throw new RangeError(`no day row of ${instrument}`)
}

export const closedOf = (outputs: readonly StreamOutput[]) => {
  const closed = outputs.find((output) => output.kind === 'partitionClosed')
  if (closed === undefined) throw new RangeError('the day did not close')
  return closed.value
}

export interface Reduced {
  readonly outputs: readonly StreamOutput[]
  day(instrument?: string): Values
  minute(minute: number, instrument?: string): Values
  bar(bar: number, instrument?: string): Values
}

/** Reduces a tape in one partition; values are of its first instrument unless one is named. */
export function reduce(
  text: string | Tape,
  { sizing = 'order', known = [] }: { sizing?: FlowSizing; known?: readonly ReferenceEntry[] } = {},
): Reduced {
  const parsed = typeof text === 'string' ? tape(text) : text
  const outputs = takeAll(marketLog(parsed, plainLayout, known)[0], settingsOf(sizing))
  const first = [...parsed.ticks, ...parsed.quotes, ...known][0].instrument
  return {
    outputs,
    day: (instrument = first) => dayValues(outputs, instrument),
    minute: (minute, instrument = first) => minuteValues(outputs, instrument, minute),
    bar: (bar, instrument = first) => barOf(outputs, instrument, bar),
  }
}

const hex = (values: Float64Array): string =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')

/** Bits of every row by what it is, wherever its instrument was reduced: sorted keys, so that two can be compared. */
export function rowBits(outputs: readonly StreamOutput[]): Map<string, string> {
  const bits = new Map<string, string>()
  for (const output of outputs) {
    if (output.kind === 'dayRow') {
      const { instrument, quality, values, minutes } = output.value
      bits.set(`${instrument} day`, `${quality} ${hex(values)} ${hex(minutes)}`)
    } else if (output.kind === 'minuteRows') {
      const { set, minute, count, instruments, columns, quality, values } = output.value
      instruments.forEach((instrument, row) => {
        const own = Float64Array.from(columns, (_, c) => values[c * count + row])
        bits.set(`${instrument} ${set} ${minute}`, `${quality[row]} ${hex(own)}`)
      })
    }
  }
  return new Map([...bits].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Reduces every partition of a layout and gathers the bits of all rows. */
export const bitsUnder = (of: Tape, layout: Layout, sizing: FlowSizing, known: readonly ReferenceEntry[]) =>
  rowBits(marketLog(of, layout, known).flatMap((messages) => takeAll(messages, settingsOf(sizing))))
