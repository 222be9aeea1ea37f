import { bookLevels, type BatchHeader, type DictionaryEntry } from '../../../schemas/market.ts'
import { codecs } from '../../../src/wire/index.ts'

/** Rows of a batch of ticks and of books, as a feed writes them by default. */
const rowsMax = { ticks: 4096, books: 1800 }

export const priceScale = 100

/** Gathers rows of one chain and encodes them as the feed does: a dictionary of its own in every batch. */
export class ChainWriter {
  count = 0
  batches = 0
  events = 0
  readonly channel: string
  readonly partition: number
  readonly kind: 'ticks' | 'books'
  readonly capacity: number
  readonly time: Float64Array
  readonly sequence: Float64Array
  readonly columns: Readonly<Record<string, Uint8Array | Int32Array | Float64Array>>
  private readonly instrument: Uint16Array
  private dictionary: DictionaryEntry[] = []
  /** Batch in which an instrument was named last, and its place in the dictionary there. */
  private readonly namedIn: Int32Array
  private readonly indexOf: Uint16Array
  private readonly symbols: readonly string[]
  private readonly date: string

  constructor(date: string, channel: string, partition: number, kind: 'ticks' | 'books', symbols: readonly string[]) {
    this.date = date
    this.channel = channel
    this.partition = partition
    this.kind = kind
    this.symbols = symbols
    this.capacity = rowsMax[kind]
    this.time = new Float64Array(this.capacity)
    this.sequence = new Float64Array(this.capacity)
    this.instrument = new Uint16Array(this.capacity)
    this.namedIn = new Int32Array(symbols.length).fill(-1)
    this.indexOf = new Uint16Array(symbols.length)
    this.columns = kind === 'ticks' ? tickColumns(this.capacity) : bookColumns(this.capacity)
  }

  /** Begins a row. @returns its place in the columns */
  row(instrument: number, time: number, sequence: number): number {
    if (this.namedIn[instrument] !== this.batches) {
      this.namedIn[instrument] = this.batches
      const entry = { instrument: this.symbols[instrument], priceScale, quantityScale: 1 }
      this.indexOf[instrument] = this.dictionary.push(entry) - 1
    }
    const i = this.count++
    this.time[i] = time
    this.sequence[i] = sequence
    this.instrument[i] = this.indexOf[instrument]
    return i
  }

  /** Encodes what was gathered, with the promise that nothing before `mark` follows. */
  take(mark: number): Uint8Array {
    const { count, time, sequence, instrument, dictionary, columns } = this
    const baseTime = count > 0 ? time[0] : mark
    const header: BatchHeader = {
      date: this.date,
      producer: 'load',
      channel: this.channel,
      partition: this.partition,
      batchNumber: this.batches++,
      firstSequence: count > 0 ? sequence[0] : -1,
      lastSequence: count > 0 ? sequence[count - 1] : -1,
      markTime: mark,
      markSequence: -1,
      baseTime,
      count,
      dictionary,
      crc: 0,
    }
    const value = {
      ...header,
      instrument: instrument.subarray(0, count),
      time: Int32Array.from(time.subarray(0, count), (at) => at - baseTime),
      rawTime: new Int32Array(0),
      sequence: sequence.subarray(0, count),
    } as Record<string, unknown>
    for (const [name, column] of Object.entries(columns))
      value[name] = column.subarray(0, (column.length / this.capacity) * count)
    this.events += count
    this.count = 0
    this.dictionary = []
    return this.kind === 'ticks' ? codecs.tickBatch.encode(value as never) : codecs.bookBatch.encode(value as never)
  }

  end(): Uint8Array {
    const { date, channel, partition, batches, events } = this
    return codecs.chainEnded.encode({
      date,
      producer: 'load',
      channel,
      partition,
      batches,
      lastSequence: this.sequence[0],
      events,
    })
  }
}

const tickColumns = (capacity: number) => ({
  kind: new Uint8Array(capacity),
  side: new Uint8Array(capacity),
  orderType: new Uint8Array(capacity),
  flags: new Uint8Array(capacity),
  price: new Int32Array(capacity),
  quantity: new Float64Array(capacity),
  buyId: new Float64Array(capacity),
  sellId: new Float64Array(capacity),
})

const bookColumns = (capacity: number) => ({
  last: new Int32Array(capacity),
  trades: new Float64Array(capacity),
  volume: new Float64Array(capacity),
  amount: new Float64Array(capacity),
  bidPrice: new Int32Array(capacity * bookLevels),
  bidQuantity: new Float64Array(capacity * bookLevels),
  askPrice: new Int32Array(capacity * bookLevels),
  askQuantity: new Float64Array(capacity * bookLevels),
})
