import type { Panel } from '../../../schemas/day.ts'
import type { DayRow, PartitionClosed } from '../../../schemas/rows.ts'
import type { SetName } from '../../../schemas/topics.ts'
import type { Bus } from '../../ports/bus.ts'
import { asBytes, codecs, kindOf, sha256 } from '../../wire/index.ts'

/** What the partitions published of a day. */
export interface ClosedDay {
  /** In symbol order. */
  readonly rows: readonly DayRow[]
  readonly closed: readonly PartitionClosed[]
}

/** Waits until every partition has closed the date; null when `signal` ended the wait. */
export async function readClosedDay(bus: Bus, date: string, signal?: AbortSignal): Promise<ClosedDay | null> {
  const partitions = await bus.partitions('days')
  const parts = await Promise.all(
    Array.from({ length: partitions }, (_, partition) => readPartition(bus, partition, date, signal)),
  )
  const whole = parts.filter((part) => part !== null)
  if (whole.length < partitions) return null
  const rows = whole.flatMap((part) => [...part.rows.values()])
  return {
    rows: rows.sort((a, b) => (a.instrument < b.instrument ? -1 : 1)),
    closed: whole.map((part) => part.closed),
  }
}

interface Part {
  readonly rows: ReadonlyMap<string, DayRow>
  readonly closed: PartitionClosed
}

async function readPartition(bus: Bus, partition: number, date: string, signal?: AbortSignal): Promise<Part | null> {
  const rows = new Map<string, DayRow>()
  const from = await bus.offsetOfDate('days', partition, date)
  for await (const messages of bus.read('days', partition, {
    from,
    until: 'never',
    ...(signal === undefined ? {} : { signal }),
  })) {
    for (const message of messages) {
      if (message.date !== date) continue
      if (kindOf(message.value) === 'dayRow') {
        const row = codecs.dayRow.decode(message.value)
        rows.set(row.instrument, row)
      } else if (kindOf(message.value) === 'partitionClosed')
        return { rows, closed: codecs.partitionClosed.decode(message.value) }
    }
  }
  return null
}

/** The cross-section of one set: a row per instrument that the partitions gave. */
export function panelOf(set: SetName, date: string, rows: readonly DayRow[]): Panel {
  const first = rows[0]
  const { columns, catalogue, from } =
    first === undefined ? { columns: [], catalogue: '', from: 0 } : placeOf(first, set)
  const count = rows.length
  const values = new Float64Array(columns.length * count)
  rows.forEach((row, i) => columns.forEach((_, c) => (values[c * count + i] = row.values[from + c])))
  const instruments = rows.map((row) => row.instrument)
  const quality = Int32Array.from(rows, (row) => row.quality)
  const sizing = first?.sizing ?? ''
  return panelRecord({ date, set, revision: 0, sizing, catalogue, instruments, columns, quality, values })
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
