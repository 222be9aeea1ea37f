import avro from 'avsc'
import type { TickBatch } from '../../schemas/market.ts'
import { ColumnRoom, decode, kindOf } from '../../src/wire/index.ts'
import { LoadMarket } from './load/market.ts'
import { costOf, machine, median, say } from './measure.ts'

const load = { seed: 20261130, instruments: 5500, parents: 1_000_000, partitions: 1 }
const singles = 500_000
/** The first round warms the compiler up. */
const rounds = 7

/** The record that a feed without batches would write: the same fields, one tick a message. */
const tickType = avro.Type.forSchema({
  type: 'record',
  name: 'Tick',
  fields: [
    { name: 'instrument', type: 'string' },
    ...['kind', 'side', 'orderType', 'flags', 'price'].map((name) => ({ name, type: 'int' })),
    ...['time', 'sequence', 'quantity', 'buyId', 'sellId'].map((name) => ({ name, type: 'long' })),
  ],
} as avro.Schema)

/** Ticks of a batch, one message each. */
const singleMessages = (batch: TickBatch): Buffer[] =>
  Array.from({ length: batch.count }, (_, i) =>
    tickType.toBuffer({
      instrument: batch.dictionary[batch.instrument[i]].instrument,
      kind: batch.kind[i],
      side: batch.side[i],
      orderType: batch.orderType[i],
      flags: batch.flags[i],
      price: batch.price[i],
      time: batch.baseTime + batch.time[i],
      sequence: batch.sequence[i],
      quantity: batch.quantity[i],
      buyId: batch.buyId[i],
      sellId: batch.sellId[i],
    }),
  )

/** CPU nanoseconds a tick of a columnar batch, CRC included, beside avsc with one record a tick. */
export async function decodeBatches(): Promise<object> {
  const market = new LoadMarket(load)
  const batches = [...market.messages()]
    .filter(({ value, events }) => events > 0 && kindOf(value) === 'tickBatch')
    .map(({ value }) => value)
  const room = new ColumnRoom()
  const decodedOf = (bytes: Uint8Array): TickBatch => {
    const batch = decode(bytes, room).value as TickBatch
    room.giveBack(batch.instrument.buffer as ArrayBuffer)
    return batch
  }
  const single = batches
    .slice(0, Math.ceil(singles / 4000))
    .flatMap((bytes) => singleMessages(decodedOf(bytes)))
    .slice(0, singles)
  const columnar: number[] = []
  const records: number[] = []
  let ticks = 0
  for (let round = 0; round <= rounds; round++) {
    ticks = 0
    const batched = await costOf(() => {
      for (const bytes of batches) ticks += decodedOf(bytes).count
    })
    let sum = 0
    const one = await costOf(() => {
      for (const bytes of single) sum += (tickType.fromBuffer(bytes) as { price: number }).price
    })
    if (round > 0) {
      columnar.push((batched.cpuSeconds * 1e9) / ticks)
      records.push((one.cpuSeconds * 1e9) / single.length)
      say(`round ${round}: ${columnar.at(-1)?.toFixed(1)} and ${records.at(-1)?.toFixed(1)} ns (${sum})`)
    }
  }
  const bytes = batches.reduce((sum, { byteLength }) => sum + byteLength, 0)
  const [batch, record] = [median(columnar), median(records)]
  return {
    bench: 'decode',
    machine: machine(),
    rounds,
    ticks,
    ticks_per_batch: ticks / batches.length,
    symbols_per_batch: batches.reduce((sum, one) => sum + decodedOf(one).dictionary.length, 0) / batches.length,
    bytes_per_tick: bytes / ticks,
    cpu_ns_per_tick: { columnar_with_crc: batch, avsc_record: record },
    times_avsc: record / batch,
  }
}
