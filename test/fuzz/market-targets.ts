import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { BookBatch, DayOpened, TickBatch } from '../../schemas/market.ts'
import { cn } from '../../schemas/profiles/index.ts'
import { tableOf } from '../../schemas/tables.ts'
import { sets } from '../../schemas/topics.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { systemClock } from '../../src/compose/clock.ts'
import type { Logged } from '../../src/ports/bus.ts'
import { checkRows } from '../../src/ports/store-rows.ts'
import type { Random } from '../../src/simulator/random.ts'
import { allSchemas, codecs, decode } from '../../src/wire/index.ts'
import { fingerprints } from '../../src/workers/fingerprints.ts'
import { PartitionStream } from '../../src/workers/features/partition-stream.ts'
import { decodeSnapshot, encodeSnapshot, type SnapshotIdentity } from '../../src/workers/features/snapshot.ts'
import { project } from '../../src/workers/sink/projection.ts'
import { RowBuilders } from '../../src/workers/sink/row-builder.ts'
import { restoreDay, saveDay, type DaySettings } from '../../streams/index.ts'
import { below, mutated, pick } from './mutate.ts'
import { exampleOf, spoil, type Fields } from './records.ts'
import type { Target } from './runner.ts'

const date = '2023-02-01'
const midnight = Date.parse(`${date}T00:00:00Z`) * 1000 - 8 * 3600e6
const settings: DaySettings = { profile: cn, sizing: 'order', fingerprints, minuteRows: true }
const chain = { producer: 'feed', channel: 'sse-1' }

const opened: DayOpened = {
  date,
  profile: 'cn',
  partitions: 1,
  partition: 0,
  chains: [chain, { producer: 'feed', channel: 'sse-books' }],
  universeHash: '',
}

function headerOf(channel: string, rows: number, number: number) {
  const start = midnight + 10 * 3600e6 + number * 60e6
  return {
    date,
    producer: 'feed',
    channel,
    partition: 0,
    batchNumber: number,
    firstSequence: number * rows,
    lastSequence: number * rows + rows - 1,
    markTime: start + rows * 1000,
    markSequence: number * rows - 1,
    baseTime: start,
    count: rows,
    dictionary: ['600000.SH', '600519.SH'].map((instrument) => ({ instrument, priceScale: 100, quantityScale: 1 })),
    instrument: Uint16Array.from({ length: rows }, (_, i) => i % 2),
    time: Int32Array.from({ length: rows }, (_, i) => i * 1000),
    rawTime: new Int32Array(0),
    sequence: Float64Array.from({ length: rows }, (_, i) => number * rows + i),
    crc: 0,
  }
}

const ticks = (rows: number, number = 0): TickBatch => ({
  ...headerOf(chain.channel, rows, number),
  kind: Uint8Array.from({ length: rows }, (_, i) => [0, 0, 2, 1][i % 4] as number),
  side: Uint8Array.from({ length: rows }, (_, i) => 1 + (i % 2)),
  orderType: new Uint8Array(0),
  flags: new Uint8Array(rows),
  price: Int32Array.from({ length: rows }, (_, i) => 1000 + (i % 7)),
  quantity: Float64Array.from({ length: rows }, (_, i) => 100 * (1 + (i % 9))),
  buyId: Float64Array.from({ length: rows }, (_, i) => 1 + (i >> 1)),
  sellId: Float64Array.from({ length: rows }, (_, i) => 2 + (i >> 1)),
})

const books = (rows: number, number = 0): BookBatch => ({
  ...headerOf('sse-books', rows, number),
  last: Int32Array.from({ length: rows }, () => 1000),
  trades: new Float64Array(rows),
  volume: new Float64Array(rows),
  amount: new Float64Array(rows),
  bidPrice: Int32Array.from({ length: rows * 10 }, (_, i) => 1000 - (i % 10)),
  bidQuantity: new Float64Array(rows * 10).fill(100),
  askPrice: Int32Array.from({ length: rows * 10 }, (_, i) => 1001 + (i % 10)),
  askQuantity: new Float64Array(rows * 10).fill(100),
})

const ended = { date, ...chain, partition: 0, batches: 1, lastSequence: 1, events: 1 }

/** A message of each kind that the market topic has. */
const messages: readonly Buffer[] = [
  codecs.tickBatch.encode(ticks(12)),
  codecs.tickBatch.encode(ticks(0)),
  codecs.bookBatch.encode(books(3)),
  codecs.dayOpened.encode(opened),
  codecs.chainEnded.encode(ended),
  codecs.chainLost.encode({ date, ...chain, partition: 0 }),
  codecs.deadline.encode({ date, partition: 0 }),
  codecs.correction.encode({ date, partition: 0, revision: 1, retract: false, cause: 'bad prints' }),
  codecs.reference.encode({ date, partition: 0, instruments: ['600000.SH'].map(referenceOf) }),
]

/** One of every record that any topic has, with the bytes that its codec makes of it. */
const records = allSchemas.map((schema) => {
  const codec = Object.values(codecs).find(({ name }) => name === schema.name)
  return { name: schema.name, example: exampleOf(schema), encode: (fields: Fields) => codec?.encode(fields as never) }
})
const recordBytes = records.flatMap(({ example, encode }) => encode(example) ?? [])

function referenceOf(instrument: string) {
  const unknown = { limitUp: NaN, limitDown: NaN, largeOrderCount: 0, largeOrderSum: 0, largeOrderSquares: 0 }
  return { instrument, previousClose: 10, adv20: 1000, floatShares: 1e6, ...unknown }
}

const logged = (value: Uint8Array, offset: number): Logged => ({
  topic: 'market',
  partition: 0,
  offset,
  appendedAt: 0,
  date,
  key: '',
  value: Buffer.from(value),
})

function streamOf(...values: readonly Uint8Array[]): PartitionStream {
  const stream = new PartitionStream(0, settings)
  values.forEach((value, offset) => stream.take(logged(value, offset)))
  return stream
}

/** A batch whose checksum is right and whose content is not. */
function hostileBatch(random: Random): Buffer {
  const isTicks = random.uniform() < 0.7
  const batch: Fields = { ...(isTicks ? ticks(1 + below(random, 24), 1) : books(1 + below(random, 4), 1)) }
  for (let left = 1 + below(random, 4); left > 0; left--) spoil(batch, random)
  try {
    return isTicks ? codecs.tickBatch.encode(batch as never) : codecs.bookBatch.encode(batch as never)
  } catch {
    // Not everything can be written down.
    return codecs.tickBatch.encode(ticks(2, 1))
  }
}

function readInDay(input: Buffer): void {
  const stream = streamOf(messages[3] as Buffer, messages[0] as Buffer)
  stream.take(logged(input, 2))
  // What was taken in must not break what follows, nor the close.
  stream.take(logged(codecs.tickBatch.encode(ticks(8, 2)), 3))
  stream.take(logged(codecs.deadline.encode({ date, partition: 0 }), 4))
}

/** Records that the sink has rows of. */
const stored = ['MinuteRows', 'DayRow', 'Panel', 'Input', 'Factor', 'MlC', 'Completed']
const kinds = ['styles', 'exposures', 'graph-flow']

/** A record of an output topic, whose checksum is right and whose content is not. */
function hostileOutput(random: Random): Buffer {
  const { name, example, encode } = pick(
    random,
    records.filter((one) => stored.includes(one.name)),
  )
  const record = structuredClone(example)
  if ('set' in record) record['set'] = pick(random, sets)
  if (name === 'Input') record['kind'] = pick(random, kinds)
  for (let left = below(random, 4); left > 0; left--) spoil(record, random)
  try {
    return encode(record) ?? Buffer.alloc(0)
  } catch {
    // Not everything can be written down.
    return encode(example) ?? Buffer.alloc(0)
  }
}

/** Up to the check that every store makes before it writes. */
function readOutput(input: Buffer): void {
  const builders = new RowBuilders()
  project(logged(input, 0), 'live', builders)
  for (const [table, builder] of builders.tables) checkRows(tableOf(table), builder.build())
}

const identity: SnapshotIdentity = { partition: 0, sizing: 'order', codeVersion: '1', engine: '1', schemas: '1' }

const snapshots: readonly Buffer[] = [0, 1].map((pending) => {
  const stream = streamOf(messages[3] as Buffer, ...(pending === 0 ? [] : messages.slice(0, 3)))
  const { nextOffset, openedOffset, day } = stream
  return encodeSnapshot(identity, { nextOffset, openedOffset, past: null, day: day === null ? null : saveDay(day) })
})

/** Half of them with a checksum that is right again. */
function snapshot(random: Random): Buffer {
  const bytes = mutated(snapshots, random)
  if (random.uniform() < 0.5 || bytes.length < 4) return bytes
  bytes.writeUInt32LE(crc32(bytes.subarray(0, bytes.length - 4)), bytes.length - 4)
  return bytes
}

function readSnapshotBytes(input: Buffer): void {
  const { day } = decodeSnapshot(identity, input)
  try {
    if (day !== null) restoreDay(day, settings)
  } catch {
    // Whatever it is, the worker reads the day again.
  }
}

/** Files read as the only one of a partition of a tape. */
async function tapeTarget(): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-fuzz-tape-'))
  const bus = openTape(folder, { clock: systemClock })
  await bus.createTopics(1)
  const outgoing = messages.slice(0, 4).map((value, i) => ({ partition: 0, date, key: `k${i}`, value }))
  for (const message of outgoing) await bus.publish('market', [message])
  await bus.close()
  const [place = ''] = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.avro'),
  )
  const file = join(folder, place)
  const corpus = [readFileSync(file)]
  return {
    name: 'tape file',
    share: 1.5,
    draw: (random) => mutated(corpus, random),
    read: async (input) => {
      writeFileSync(file, input)
      const tape = openTape(folder, { clock: systemClock })
      const { first } = await tape.offsets('market', 0)
      for await (const part of tape.read('market', 0, { from: first, until: 'end' })) void part
      await tape.close()
    },
    close: async () => rmSync(folder, { recursive: true }),
  }
}

/** What comes from the market topic, and what a features worker keeps. */
export const marketTargets = async (): Promise<Target[]> => [
  {
    name: 'message',
    share: 722,
    draw: (random) => mutated(random.uniform() < 0.5 ? messages : recordBytes, random),
    read: (input) => void decode(input),
  },
  { name: 'output message', share: 12, draw: hostileOutput, read: readOutput },
  { name: 'batch', share: 3, draw: hostileBatch, read: readInDay },
  { name: 'market message', share: 2, draw: (random) => mutated(messages, random), read: readInDay },
  { name: 'snapshot', share: 15, draw: snapshot, read: readSnapshotBytes },
  await tapeTarget(),
]
