import type {
  BookBatch,
  ChainEnded,
  ChainLost,
  DayOpened,
  DictionaryEntry,
  Reference,
  TickBatch,
} from '../../schemas/market.ts'
import { Quality, type FlowSizing } from '../../schemas/rows.ts'
import type { MarketProfile } from '../../schemas/profiles/index.ts'
import { Acc, accStride } from '../accumulators.ts'
import { restepMinutes, stepMinute } from '../book/minute-bars.ts'
import { endQuoteSegment } from '../book/quotes.ts'
import { openSession } from '../market/session.ts'
import { batchFault, isSoundBatch, isSymbol, refusedRows, settleTimes, skipOf, symbolFault } from './check.ts'
import type { DayOutput, PendingBatch, RowFault } from './events.ts'
import type { LeftOut } from './left-out.ts'
import { Merge, type Chain, type Reduce } from './merge.ts'
import { Reducer } from './reducer.ts'
import { dayRowsOf, minuteRowsOf, symbolOrder, type Fingerprints, type RowIdentity } from './rows.ts'

export interface DaySettings {
  readonly profile: MarketProfile
  readonly sizing: FlowSizing
  readonly fingerprints: Fingerprints
  /** Backfill wants day rows only. */
  readonly minuteRows: boolean
  /** A later revision of a day, with what the first one left out in its place. */
  readonly revision?: { readonly number: number; readonly leftOut: LeftOut }
}

/** µs. */
const dayLength = 86_400_000_000

interface Counts {
  eventsIn: number
  eventsQuarantined: number
  eventsLate: number
}

/**
 * One trading day of one partition: a pure function of the log from DayOpened to the cut. Messages go in by offset,
 * rows come out: minute rows when the merge passes a minute, day rows and PartitionClosed at the cut.
 */
export class PartitionDay {
  readonly opened: DayOpened
  readonly merge: Merge
  readonly reducer: Reducer
  readonly counts: Counts = { eventsIn: 0, eventsQuarantined: 0, eventsLate: 0 }
  isClosed = false
  /** Next bar to be sealed. */
  nextBar = 0
  /** Close before the bar that is sealed next, by row. */
  carried: Float64Array = new Float64Array(0)
  /**
   * Quality bits of all rows of the day, also of names that show up later: a lost batch could have held any of them.
   */
  quality = 0
  /** First dictionary entry of each symbol, whose scales hold for the day. */
  readonly scales: Readonly<Record<PendingBatch['kind'], Map<string, DictionaryEntry>>> = {
    ticks: new Map(),
    books: new Map(),
  }
  private readonly identity: RowIdentity
  private readonly wantsMinutes: boolean
  private readonly leftOut: LeftOut | null
  /** Rows in symbol order, for as long as no instrument is new. */
  private order: Int32Array = new Int32Array(0)
  /** Is told of a batch of which nothing will be read any more: its memory may be used again. */
  onDone: (batch: TickBatch | BookBatch) => void = () => undefined
  private readonly reduce: Reduce = (chain, pending, from, to) => this.reducer.reduce(chain, pending, from, to)
  /** What is woven from parts of a batch still shares its memory. */
  private readonly done = ({ batch }: PendingBatch): void => {
    if (this.leftOut === null) this.onDone(batch)
  }

  constructor(opened: DayOpened, settings: DaySettings, merge = new Merge(opened.chains), reducer?: Reducer) {
    this.opened = opened
    this.merge = merge
    this.wantsMinutes = settings.minuteRows
    this.leftOut = settings.revision?.leftOut ?? null
    this.reducer = reducer ?? new Reducer(openSession(settings.profile, opened.date), settings.sizing)
    this.identity = {
      session: this.reducer.session,
      partition: opened.partition,
      revision: settings.revision?.number ?? 0,
      sizing: settings.sizing,
      fingerprints: settings.fingerprints,
    }
  }

  get date(): string {
    return this.opened.date
  }

  /** Names with a gap: all of them once a batch is missing, for it could have held any. */
  get gaps(): number {
    const { acc, count } = this.reducer.state
    if ((this.quality & Quality.gap) !== 0) return count
    let gaps = 0
    for (let row = 0; row < count; row++) if ((acc[row * accStride + Acc.quality] & Quality.gap) !== 0) gaps++
    return gaps
  }

  /** Takes reference data in and gives out the entries whose symbol is none. */
  refer(reference: Reference, offset: number): DayOutput[] {
    const faults = reference.instruments.flatMap(({ instrument }, row) => symbolFault(row, instrument) ?? [])
    this.reducer.state.reserve(this.reducer.state.count + reference.instruments.length - faults.length)
    for (const entry of reference.instruments) if (isSymbol(entry.instrument)) this.reducer.refer(entry)
    return faults.map((fault) => this.fault(offset, fault))
  }

  /** Takes a batch in and gives out what it releases. */
  takeBatch(kind: PendingBatch['kind'], batch: TickBatch | BookBatch, offset: number): DayOutput[] {
    const wrong = batchFault(kind, batch)
    if (wrong !== null) {
      this.counts.eventsIn += batch.count
      this.counts.eventsQuarantined += batch.count
      return [this.fault(offset, wrong)]
    }
    const chain = this.merge.find(batch.producer, batch.channel)
    const judgement = this.merge.judge(chain, batch)
    if (judgement === 'repeated') return []
    if (judgement === 'conflict') {
      return [
        this.fault(offset, {
          row: -1,
          code: 'CB_CHAIN',
          detail: `${batch.producer}/${batch.channel} batch ${batch.batchNumber} came again with other bytes`,
        }),
      ]
    }
    this.counts.eventsIn += batch.count
    if (chain === undefined || judgement !== 'taken') {
      this.counts.eventsQuarantined += batch.count
      const why = chain === undefined ? 'is no chain of this day' : 'had ended'
      return [
        this.fault(offset, { row: -1, code: 'CB_CHAIN_ENDED', detail: `${batch.producer}/${batch.channel} ${why}` }),
      ]
    }
    const outputs: DayOutput[] = []
    const known = this.knownRows(kind, batch)
    const { midnight } = this.reducer.session
    const isSound = known !== null && isSoundBatch(kind, batch, midnight)
    const refused = isSound ? new Map<number, RowFault>() : refusedRows(kind, batch, midnight, this.scales[kind])
    const skip = this.judgeRows(batch, chain, offset, refused, outputs)
    this.flagHole(chain, batch.batchNumber)
    const rows = known ?? new Int32Array(batch.dictionary.length).fill(-1)
    const pending = { kind, batch, offset, skip, rows }
    this.merge.take(chain, batch, this.leftOut?.woven(pending) ?? [pending])
    this.release(this.merge.mark, outputs)
    return outputs
  }

  endChain(ended: ChainEnded): void {
    const chain = this.merge.find(ended.producer, ended.channel)
    if (chain === undefined || chain.isOver) return
    chain.isOver = true
    this.flagHole(chain, ended.batches)
    this.merge.put(chain, this.leftOut?.remainder(chain) ?? [])
  }

  loseChain(lost: ChainLost): void {
    const chain = this.merge.find(lost.producer, lost.channel)
    if (chain === undefined || chain.isOver) return
    chain.isOver = true
    chain.isLost = true
    chain.markTime = this.reducer.session.midnight + dayLength
    if (this.leftOut?.isComplete(chain) !== true) this.quality |= Quality.gap | Quality.incomplete
    this.merge.put(chain, this.leftOut?.remainder(chain) ?? [])
  }

  /** Gives out what is released after chains ended, and closes the day when none is left. */
  settle(offset: number): DayOutput[] {
    const outputs: DayOutput[] = []
    if (this.isClosed) return outputs
    if (this.merge.isOver) return this.close(offset)
    this.release(this.merge.mark, outputs)
    return outputs
  }

  /** The cut: everything that is in the log is released, rows are written, the day is closed. */
  close(offset: number): DayOutput[] {
    const outputs: DayOutput[] = []
    const missing = this.merge.chains
      .filter((chain) => (!chain.isOver || chain.isLost) && this.leftOut?.hasEnded(chain) !== true)
      .map((chain) => `${chain.producer}/${chain.channel}`)
    if (missing.length > 0) this.quality |= Quality.gap | Quality.incomplete
    for (const chain of this.merge.chains) this.merge.put(chain, this.leftOut?.remainder(chain) ?? [])
    this.release(Number.POSITIVE_INFINITY, outputs)
    const { state, session } = this.reducer
    const order = this.symbolOrder()
    for (const row of order) restepMinutes(state, row)
    const rows = dayRowsOf(
      this.identity,
      state,
      order,
      this.context(session.profile.minutes, session.barEnd[session.bars - 1]),
      this.quality,
    )
    for (const value of rows) outputs.push({ kind: 'dayRow', value })
    const { eventsIn, eventsQuarantined, eventsLate } = this.leftOut?.counts ?? this.counts
    outputs.push({
      kind: 'partitionClosed',
      value: {
        date: this.date,
        partition: this.opened.partition,
        revision: this.identity.revision,
        sizing: this.identity.sizing,
        cutOffset: offset,
        rows: rows.length,
        eventsIn,
        eventsUsed: eventsIn - eventsQuarantined - eventsLate,
        eventsQuarantined,
        eventsLate,
        degraded: missing.length > 0,
        missing,
        rowsHash: '',
        codeVersion: '',
      },
    })
    this.isClosed = true
    return outputs
  }

  private context(elapsed: number, until: number) {
    return { elapsed, until, isTradeSizing: this.identity.sizing === 'trade' }
  }

  private symbolOrder(): Int32Array {
    if (this.order.length !== this.reducer.state.count) this.order = symbolOrder(this.reducer.state)
    return this.order
  }

  /**
   * Rows of the batch's dictionary, where events of each of its entries were taken in before, so that symbol and scales
   * are known to be good; null otherwise.
   */
  private knownRows(kind: PendingBatch['kind'], { dictionary }: TickBatch | BookBatch): Int32Array | null {
    const known = this.reducer.rowOfEntry[kind]
    const rows = new Int32Array(dictionary.length)
    for (let i = 0; i < rows.length; i++) {
      const row = known.get(dictionary[i])
      if (row === undefined) return null
      rows[i] = row
    }
    return rows
  }

  private fault(offset: number, fault: RowFault): DayOutput {
    return { kind: 'fault', offset, date: this.date, fault }
  }

  /** A batch is missing between the last one and another: it could have held any name. */
  private flagHole(chain: Chain, next: number): void {
    const from = chain.batchNumber + 1
    if (next > from && this.leftOut?.isWhole(chain, from, next) !== true)
      this.quality |= Quality.gap | Quality.incomplete
  }

  /** Refused and late rows of a batch: counted, given out, and left out of the reduction. */
  private judgeRows(
    batch: TickBatch | BookBatch,
    chain: Chain,
    offset: number,
    refused: ReadonlyMap<number, RowFault>,
    outputs: DayOutput[],
  ): Uint8Array | null {
    for (const fault of refused.values()) outputs.push(this.fault(offset, fault))
    this.counts.eventsQuarantined += refused.size
    const lateRows = this.lateRows(batch, chain, refused)
    this.counts.eventsLate += lateRows.length
    for (const row of lateRows) {
      const instrument = batch.dictionary[batch.instrument[row]].instrument
      if (this.leftOut === null) this.reducer.flag(this.reducer.state.row(instrument), Quality.late)
      outputs.push({
        kind: 'late',
        value: {
          date: this.date,
          partition: this.opened.partition,
          offset,
          row,
          instrument,
          producer: batch.producer,
          channel: batch.channel,
          sequence: batch.sequence[row],
          eventTime: batch.baseTime + batch.time[row],
          markTime: chain.markTime,
        },
      })
    }
    settleTimes(batch, refused)
    return skipOf(batch.count, [...refused.keys(), ...lateRows])
  }

  /** A row is late when it lies below a mark that its own chain had already logged, in time or sequence. */
  private lateRows(batch: TickBatch | BookBatch, chain: Chain, refused: ReadonlyMap<number, RowFault>): number[] {
    const rows: number[] = []
    const earliest = chain.markTime - batch.baseTime
    for (let i = 0; i < batch.count; i++) {
      const isLate = batch.time[i] < earliest || batch.sequence[i] <= chain.markSequence
      if (isLate && !refused.has(i)) rows.push(i)
    }
    return rows
  }

  /** Releases what lies below the mark, up to each seal that it passes and then behind it. */
  private release(mark: number, outputs: DayOutput[]): void {
    const { session } = this.reducer
    for (; this.nextBar < session.bars && session.sealTime[this.nextBar] <= mark; this.nextBar++) {
      this.merge.release(session.sealTime[this.nextBar], this.reduce, this.done)
      this.seal(this.nextBar, outputs)
    }
    this.merge.release(mark, this.reduce, this.done)
  }

  private seal(bar: number, outputs: DayOutput[]): void {
    const { state, session } = this.reducer
    const minutes = session.profile.minutes
    const endsSegment = bar >= 1 && bar <= minutes && session.barStart[bar + 1] !== session.barEnd[bar]
    if (this.carried.length < state.count) this.carried = growCarried(this.carried, state.count)
    for (let row = 0; row < state.count; row++) {
      const base = row * accStride
      this.carried[row] = state.acc[base + Acc.carriedClose]
      stepMinute(state, row, bar)
      if (endsSegment) endQuoteSegment(state.acc, base, session.barEnd[bar])
    }
    if (!this.wantsMinutes) return
    const context = this.context(Math.min(bar, minutes), session.barEnd[bar])
    const order = this.symbolOrder()
    for (const value of minuteRowsOf(this.identity, state, order, bar, context, this.carried, this.quality))
      outputs.push({ kind: 'minuteRows', value })
  }
}

function growCarried(old: Float64Array, count: number): Float64Array {
  const grown = new Float64Array(Math.max(64, count * 2)).fill(Number.NaN)
  grown.set(old)
  return grown
}
