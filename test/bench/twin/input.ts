import { writeSync } from 'node:fs'
import type { BookBatch, TickBatch } from '../../../schemas/market.ts'
import type { FlowSizing } from '../../../schemas/rows.ts'
import { accStride } from '../../../streams/accumulators.ts'
import { barOfTrade, segmentAt } from '../../../streams/market/session.ts'
import type { PartitionDay } from '../../../streams/index.ts'
import { priceScale } from '../load/batches.ts'

/** µs. */
const minute = 60_000_000
const minutesOfDay = 1440

export interface LoadBatch {
  readonly kind: 'ticks' | 'books'
  readonly batch: TickBatch | BookBatch
}

/**
 * Writes what the program in C reads: the session, the accumulators as reference data left them, and every batch with
 * the rows of its dictionary. Each part begins on a multiple of eight bytes.
 */
export function writeTwinInput(
  file: number,
  day: PartitionDay,
  batches: readonly LoadBatch[],
  sizing: FlowSizing,
): void {
  const { session, state } = day.reducer
  const { profile, bars, midnight } = session
  const rows = state.count
  const put = (part: ArrayBufferView): void => {
    const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength)
    writeSync(file, Buffer.concat([bytes, Buffer.alloc(-bytes.length & 7)]))
  }
  const counts = [day.merge.chains.length, rows, bars, batches.length, Number(sizing === 'filled'), session.lastEdgeBar]
  put(Float64Array.of(...counts, midnight, priceScale, 1, ...profile.bucketEdges))
  put(session.sealTime)
  put(session.barEnd)
  const ends = (bar: number): boolean =>
    bar >= 1 && bar <= profile.minutes && session.barStart[bar + 1] !== session.barEnd[bar]
  put(Int32Array.from({ length: bars }, (_, bar) => Number(ends(bar))))
  const times = Array.from({ length: minutesOfDay }, (_, m) => midnight + m * minute)
  const bits = [0, 1, 2, 3]
  put(Int32Array.from(times.flatMap((t) => bits.map((b) => barOfTrade(session, t, (b & 1) !== 0, (b & 2) !== 0)))))
  put(Int32Array.from(times, (time) => segmentAt(session, time)))
  put(state.acc.subarray(0, rows * accStride))
  for (const { kind, batch } of batches) {
    const { channel, producer, dictionary, count, baseTime, markTime } = batch
    const chain = day.merge.chains.findIndex((one) => one.channel === channel && one.producer === producer)
    put(Float64Array.of(Number(kind === 'books'), chain, count, dictionary.length, baseTime, markTime))
    put(Int32Array.from(dictionary, ({ instrument }) => state.rowOf.get(instrument) as number))
    for (const column of kind === 'ticks' ? tickColumns(batch as TickBatch) : bookColumns(batch as BookBatch))
      put(column)
  }
}

const tickColumns = (b: TickBatch): readonly ArrayBufferView[] => [
  b.instrument,
  b.time,
  b.sequence,
  b.kind,
  b.side,
  b.orderType,
  b.flags,
  b.price,
  b.quantity,
  b.buyId,
  b.sellId,
]

const bookColumns = (b: BookBatch): readonly ArrayBufferView[] => [
  b.instrument,
  b.time,
  b.sequence,
  b.trades,
  b.volume,
  b.bidPrice,
  b.askPrice,
  b.bidQuantity,
  b.askQuantity,
]
