import type { Panel } from '../../../schemas/day.ts'
import type { DayRow, PartitionClosed } from '../../../schemas/rows.ts'
import type { SetName } from '../../../schemas/topics.ts'
import type { Bus } from '../../ports/bus.ts'
import { asBytes, codecs, kindOf, sha256 } from '../../wire/index.ts'
import { isKeyOf, type Revision } from '../corrections.ts'

/** What the partitions published of a day. */
export interface ClosedDay {
  /** In symbol order, of the partitions that closed. */
  readonly rows: readonly DayRow[]
  readonly closed: readonly PartitionClosed[]
  /** Partitions that the day goes without. */
  readonly missing: readonly number[]
}

export interface Waiting {
  /** Ends the wait for partitions: what has closed by then makes the day. Without it all of them are waited for. */
  readonly overdue?: AbortSignal
  readonly signal?: AbortSignal
  readonly onClosed?: (partition: number) => void
}

/** Waits until every partition has closed the revision, or the day is overdue; null when `signal` ended the wait. */
export async function readClosedDay(bus: Bus, of: Revision, waiting: Waiting = {}): Promise<ClosedDay | null> {
  const partitions = await bus.partitions('days')
  const parts = await Promise.all(
    Array.from({ length: partitions }, (_, partition) => readPartition(bus, partition, of, waiting)),
  )
  if (waiting.signal?.aborted === true) return null
  const whole = parts.filter((part) => part !== null)
  const rows = whole.flatMap((part) => [...part.rows.values()])
  return {
    rows: rows.sort((a, b) => (a.instrument < b.instrument ? -1 : 1)),
    closed: whole.map((part) => part.closed),
    missing: parts.flatMap((part, partition) => (part === null ? [partition] : [])),
  }
}

/**
 * The day as a published panel has it: without the partitions that had not closed when the panel was made, though they
 * may have since.
 */
export function dayOfPanel(day: ClosedDay, panel: Panel): ClosedDay {
  const names = new Set(panel.instruments)
  const used = new Set(day.rows.filter((row) => names.has(row.instrument)).map((row) => row.partition))
  const isIn = ({ partition, rows }: PartitionClosed): boolean => rows === 0 || used.has(partition)
  const late = day.closed.filter((closed) => !isIn(closed)).map(({ partition }) => partition)
  return {
    rows: day.rows.filter((row) => used.has(row.partition)),
    closed: day.closed.filter(isIn),
    missing: [...day.missing, ...late].sort((a, b) => a - b),
  }
}

interface Part {
  readonly rows: ReadonlyMap<string, DayRow>
  readonly closed: PartitionClosed
}

async function readPartition(bus: Bus, partition: number, of: Revision, waiting: Waiting): Promise<Part | null> {
  const { overdue, signal, onClosed } = waiting
  const ends = [overdue, signal].filter((end) => end !== undefined)
  const isOver = (): boolean => ends.some((end) => end.aborted)
  const rows = new Map<string, DayRow>()
  let next = await bus.offsetOfDate('days', partition, of.startedOn)
  const read = async (until: 'never' | 'end'): Promise<Part | null> => {
    const ending = until === 'never' && ends.length > 0 ? { signal: AbortSignal.any(ends) } : {}
    for await (const messages of bus.read('days', partition, { from: next, until, ...ending })) {
      for (const message of messages) {
        next = message.offset + 1
        if (!isKeyOf(of, message.key)) continue
        if (kindOf(message.value) === 'dayRow') {
          const row = codecs.dayRow.decode(message.value)
          rows.set(row.instrument, row)
        } else if (kindOf(message.value) === 'partitionClosed') {
          onClosed?.(partition)
          return { rows, closed: codecs.partitionClosed.decode(message.value) }
        }
      }
    }
    return null
  }
  // Behind the end of the wait the log is read once more: what stands there counts, however the reader was held up.
  return (isOver() ? null : await read('never')) ?? (signal?.aborted === true ? null : await read('end'))
}

/** The cross-section of one set: a row per instrument that the partitions gave. */
export function panelOf(set: SetName, { date, revision }: Revision, rows: readonly DayRow[]): Panel {
  const first = rows[0]
  const { columns, catalogue, from } =
    first === undefined ? { columns: [], catalogue: '', from: 0 } : placeOf(first, set)
  const count = rows.length
  const values = new Float64Array(columns.length * count)
  rows.forEach((row, i) => columns.forEach((_, c) => (values[c * count + i] = row.values[from + c])))
  const instruments = rows.map((row) => row.instrument)
  const quality = Int32Array.from(rows, (row) => row.quality)
  const sizing = first?.sizing ?? ''
  return panelRecord({ date, set, revision, sizing, catalogue, instruments, columns, quality, values })
}

/** What a panel says; its hash and count follow. */
interface PanelContent extends Pick<
  Panel,
  'date' | 'set' | 'revision' | 'sizing' | 'catalogue' | 'quality' | 'values'
> {
  readonly instruments: readonly string[]
  readonly columns: readonly string[]
}

export function panelRecord(content: PanelContent): Panel {
  const { set, date, quality, values } = content
  const instruments = [...content.instruments]
  const columns = [...content.columns]
  const hash = sha256(JSON.stringify([set, date, instruments, columns]), asBytes(quality), asBytes(values))
  return { ...content, hash, count: instruments.length, instruments, columns, crc: 0 }
}

/** Where a set's values stand in a row. */
export function placeOf(row: DayRow, set: SetName): { columns: readonly string[]; catalogue: string; from: number } {
  let from = 0
  for (const entry of row.sets) {
    if (entry.set === set) return { columns: entry.columns, catalogue: entry.catalogue, from }
    from += entry.columns.length
  }
  return { columns: [], catalogue: '', from }
}
