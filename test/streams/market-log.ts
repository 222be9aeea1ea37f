import {
  bookLevels,
  type BookBatch,
  type ChainName,
  type ReferenceEntry,
  type TickBatch,
} from '../../schemas/market.ts'
import type { Logged } from '../../src/ports/bus.ts'
import { codecs } from '../../src/wire/index.ts'
import { partitionOf } from '../../src/wire/partition.ts'
import type { Quote, Tape, Tick } from './tape-text.ts'

/** How a tape is laid into the market log; none of it may change a row. */
export interface Layout {
  readonly partitions: number
  /** Rows of the next batch, at least 1. */
  readonly batchRows: () => number
  /** Which of n chains speaks next. */
  readonly pick: (n: number) => number
}

export const plainLayout: Layout = { partitions: 1, batchRows: () => 50, pick: () => 0 }

export const producer = 'tape'
const spanMax = 30 * 60 * 1e6

interface ChainSoFar {
  readonly channel: string
  readonly partition: number
  batchNumber: number
  sequence: number
  events: number
}

function header(tape: Tape, chain: ChainSoFar, rows: readonly (Tick | Quote)[]) {
  const symbols = [...new Set(rows.map(({ instrument }) => instrument))]
  const last = rows.at(-1)
  chain.sequence = last?.sequence ?? chain.sequence
  chain.events += rows.length
  return {
    date: tape.date,
    producer,
    channel: chain.channel,
    partition: chain.partition,
    batchNumber: chain.batchNumber++,
    firstSequence: rows[0]?.sequence ?? -1,
    lastSequence: last?.sequence ?? -1,
    markTime: last?.time ?? 0,
    markSequence: chain.sequence,
    baseTime: rows[0]?.time ?? 0,
    count: rows.length,
    dictionary: symbols.map((instrument) => ({ instrument, priceScale: tape.priceScale, quantityScale: 1 })),
    crc: 0,
  }
}

function columnsOf(rows: readonly (Tick | Quote)[]) {
  const symbols = [...new Set(rows.map(({ instrument }) => instrument))]
  return {
    instrument: Uint16Array.from(rows, ({ instrument }) => symbols.indexOf(instrument)),
    time: Int32Array.from(rows, ({ time }) => time - rows[0].time),
    rawTime: new Int32Array(0),
    sequence: Float64Array.from(rows, ({ sequence }) => sequence),
  }
}

export const tickBatchOf = (tape: Tape, chain: ChainSoFar, rows: readonly Tick[]): TickBatch => ({
  ...header(tape, chain, rows),
  ...columnsOf(rows),
  kind: Uint8Array.from(rows, ({ kind }) => kind),
  side: Uint8Array.from(rows, ({ side }) => side),
  orderType: Uint8Array.from(rows, ({ orderType }) => orderType),
  flags: Uint8Array.from(rows, ({ flags }) => flags),
  price: Int32Array.from(rows, ({ price }) => price),
  quantity: Float64Array.from(rows, ({ quantity }) => quantity),
  buyId: Float64Array.from(rows, ({ buyId }) => buyId),
  sellId: Float64Array.from(rows, ({ sellId }) => sellId),
})

const levels = <T extends Int32Array | Float64Array>(
  out: T,
  rows: readonly Quote[],
  best: (row: Quote) => number,
): T => {
  rows.forEach((row, i) => (out[i * bookLevels] = best(row)))
  return out
}

export function bookBatchOf(tape: Tape, chain: ChainSoFar, rows: readonly Quote[]): BookBatch {
  const zeros = (): Float64Array => new Float64Array(rows.length)
  const size = rows.length * bookLevels
  return {
    ...header(tape, chain, rows),
    ...columnsOf(rows),
    last: new Int32Array(rows.length),
    trades: zeros(),
    volume: zeros(),
    amount: zeros(),
    bidPrice: levels(new Int32Array(size), rows, ({ bid }) => bid),
    bidQuantity: levels(new Float64Array(size), rows, ({ bidQuantity }) => bidQuantity),
    askPrice: levels(new Int32Array(size), rows, ({ ask }) => ask),
    askQuantity: levels(new Float64Array(size), rows, ({ askQuantity }) => askQuantity),
  }
}

/** Messages of one chain: its batches, then ChainEnded. */
function chainMessages(
  tape: Tape,
  chain: ChainSoFar,
  rows: readonly (Tick | Quote)[],
  batchRows: () => number,
): Uint8Array[] {
  const messages: Uint8Array[] = []
  for (let from = 0; from < rows.length;) {
    const wanted = from + Math.max(1, batchRows())
    let to = from
    while (to < rows.length && to < wanted && rows[to].time - rows[from].time < spanMax) to++
    const part = rows.slice(from, to)
    messages.push(
      'kind' in part[0]
        ? codecs.tickBatch.encode(tickBatchOf(tape, chain, part as Tick[]))
        : codecs.bookBatch.encode(bookBatchOf(tape, chain, part as Quote[])),
    )
    from = to
  }
  const { channel, partition, batchNumber, sequence, events } = chain
  const { date } = tape
  messages.push(
    codecs.chainEnded.encode({
      date,
      producer,
      channel,
      partition,
      batches: batchNumber,
      lastSequence: sequence,
      events,
    }),
  )
  return messages
}

/** A message as it stands in the log. */
export const logged = (value: Uint8Array, offset: number, date: string, partition = 0): Logged => ({
  topic: 'market',
  partition,
  offset,
  appendedAt: 0,
  date,
  key: '',
  value,
})

export const newChain = (channel: string, partition = 0): ChainSoFar => ({
  channel,
  partition,
  batchNumber: 0,
  sequence: -1,
  events: 0,
})

export const chainNames = (tape: Tape): ChainName[] =>
  [...new Set([...tape.ticks, ...tape.quotes].map(({ channel }) => channel))].map((channel) => ({ producer, channel }))

/** A reference entry that knows nothing but what is given. */
export const referenceOf = (instrument: string, known: Partial<ReferenceEntry>): ReferenceEntry => ({
  instrument,
  previousClose: Number.NaN,
  limitUp: Number.NaN,
  limitDown: Number.NaN,
  adv20: Number.NaN,
  floatShares: Number.NaN,
  largeOrderCount: Number.NaN,
  largeOrderSum: Number.NaN,
  largeOrderSquares: Number.NaN,
  ...known,
})

/** DayOpened of a partition and, where something is known, Reference. */
export function openingMessages(
  tape: Tape,
  partition: number,
  partitions: number,
  known: readonly ReferenceEntry[],
  chains = chainNames(tape),
): Uint8Array[] {
  const { date } = tape
  const opened = codecs.dayOpened.encode({ date, profile: 'cn', partitions, partition, chains, universeHash: '' })
  const instruments = known.filter(({ instrument }) => partitionOf(instrument, partitions) === partition)
  if (instruments.length === 0) return [opened]
  return [opened, codecs.reference.encode({ date, partition, instruments })]
}

/** The market log of a tape, partition by partition. */
export function marketLog(tape: Tape, layout: Layout = plainLayout, known: readonly ReferenceEntry[] = []): Logged[][] {
  return Array.from({ length: layout.partitions }, (_, partition) => {
    const ours = <T extends Tick | Quote>(rows: readonly T[], channel: string): T[] =>
      rows.filter((row) => row.channel === channel && partitionOf(row.instrument, layout.partitions) === partition)
    const waiting = chainNames(tape).map(({ channel }) => {
      const rows = [...ours(tape.ticks, channel), ...ours(tape.quotes, channel)]
      return chainMessages(tape, newChain(channel, partition), rows, layout.batchRows)
    })
    const messages = openingMessages(tape, partition, layout.partitions, known)
    while (waiting.some((chain) => chain.length > 0)) {
      const speaking = waiting.filter((chain) => chain.length > 0)
      messages.push(speaking[layout.pick(speaking.length)].shift() as Uint8Array)
    }
    return messages.map((value, offset) => logged(value, offset, tape.date, partition))
  })
}
