import type { ChainName, TickBatch } from '../../../schemas/market.ts'
import type { Outgoing } from '../../../src/ports/bus.ts'
import { dayStart, clock, cn } from '../../../schemas/profiles/index.ts'
import { codecs, decode } from '../../../src/wire/index.ts'
import { partitionOf } from '../../../src/wire/partition.ts'
import { partitions } from './market.ts'

/**
 * A second producer that keeps no order: its chain promises the whole day with its first batch and then sends an event
 * of before, the same batch with other bytes, bytes that are no message, and a batch behind the cut.
 */
export const strayChain: ChainName = { producer: 'stray', channel: 'extra' }

/** What it appends right behind a message of the feed; the same whenever that message is appended. */
export function strayBehind(message: Outgoing): Outgoing[] {
  const { date, partition, key } = message
  if (key !== 'session' && !key.endsWith('SZSE-ticks') && !key.endsWith('SSE-books')) return []
  const decoded = decode(message.value)
  const send = (value: Uint8Array): Outgoing => ({ partition, date, key: 'stray/extra', value })
  if (decoded.kind === 'reference') {
    return [send(batchOf(date, partition, 0, [clock(9, 31), clock(9, 34)]))]
  }
  if (decoded.kind === 'chainEnded') {
    const batches = 2
    if (decoded.value.channel === 'SZSE-ticks')
      return [send(codecs.chainEnded.encode({ ...strayChain, date, partition, batches, lastSequence: 20, events: 4 }))]
    return decoded.value.channel === 'SSE-books' ? [send(batchOf(date, partition, 2, [clock(9, 36)]))] : []
  }
  if (decoded.kind !== 'tickBatch' || decoded.value.batchNumber !== 5) return []
  const late = batchOf(date, partition, 1, [clock(9, 35), clock(9, 39, 1)])
  const conflicting = batchOf(date, partition, 1, [clock(9, 35), clock(9, 39, 2)])
  return [late, conflicting, late.subarray(0, 40)].map(send)
}

/** A name for each partition that no list has: it is streamed and stored, not scored. */
const unlisted = Array.from({ length: partitions }, (_, partition) => {
  const names = Array.from({ length: 20 }, (_, i) => `${900_900 + i}.SH`)
  return names.find((name) => partitionOf(name, partitions) === partition) ?? ''
})

const markTime = clock(9, 39)

function batchOf(date: string, partition: number, batchNumber: number, times: readonly number[]): Uint8Array {
  const count = times.length
  const sequence = Float64Array.from(times, (_, i) => 1 + batchNumber * 10 + i)
  const midnight = dayStart(cn, date)
  const batch: TickBatch = {
    ...strayChain,
    date,
    partition,
    batchNumber,
    firstSequence: sequence[0],
    lastSequence: sequence[count - 1],
    markTime: midnight + markTime,
    markSequence: sequence[count - 1],
    baseTime: midnight + times[0],
    count,
    dictionary: [{ instrument: unlisted[partition], priceScale: 100, quantityScale: 1 }],
    instrument: new Uint16Array(count),
    kind: new Uint8Array(count).fill(2),
    side: new Uint8Array(count).fill(1),
    orderType: new Uint8Array(0),
    flags: new Uint8Array(count),
    time: Int32Array.from(times, (time) => time - times[0]),
    rawTime: new Int32Array(0),
    sequence,
    price: new Int32Array(count).fill(1000),
    quantity: new Float64Array(count).fill(100),
    buyId: sequence.map((n) => 2 * n),
    sellId: sequence.map((n) => 2 * n + 1),
    crc: 0,
  }
  return codecs.tickBatch.encode(batch)
}
