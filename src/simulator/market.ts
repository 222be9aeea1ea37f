import { shiftTradingDays } from '../../schemas/calendars/index.ts'
import type { ReferenceEntry } from '../../schemas/market.ts'
import { cn, dayStart } from '../../schemas/profiles/index.ts'
import type { BookBlock, Feed, FeedChannel, FeedDay, TickBlock } from '../ports/feed.ts'
import { drawEarlierBars, isSuspended, sharesOf, sizeFactorOf, type DailyBars } from './bars.ts'
import { DayLog } from './day-log.ts'
import { channelsOf, encodeBooks, encodeTicks, type ChannelState } from './dialect.ts'
import { drawFundamentals, type FundamentalReport } from './fundamentals.ts'
import { completeOptions, simulatedDates, type SimulationOptions } from './options.ts'
import { drawPath, type MarketPath } from './path.ts'
import { Random } from './random.ts'
import { sessionReference, tradedShares, volumeDays } from './session-reference.ts'
import { openingStart, lastSnapshot, snapshotTimes } from './session.ts'
import { actionsPerEvent, TradingDay } from './trading-day.ts'
import { drawUniverse, type Exchange, type Instrument } from './universe.ts'

const exchanges: readonly Exchange[] = ['SZSE', 'SSE']
const priceScale = 100
/** A block spans 15 minutes, so that its i32 times in µs cannot overflow and no long one piles up in memory. */
const blockSpan = 15 * 60_000

/** Trading days of announcements before the first day: all names have reported by then, whatever the earlier bars. */
const reportDays = 300

export interface PlantedReturns {
  readonly dates: readonly string[]
  readonly instruments: readonly string[]
  /** [dates][instruments]: expected log return of the average price of d+1 to that of d+1+H, as of the close of d. */
  readonly values: Float64Array
}

/** Orders and cancels of one instrument and day that give about `eventsPerDay` events, snapshots among them. */
export const actionsOf = ({ eventsPerDay, bookSeconds }: SimulationOptions): number =>
  Math.max(40, Math.round((eventsPerDay - snapshotTimes(bookSeconds).length) * actionsPerEvent))

/** A simulated market: its reference data, and its days as a feed. */
export class SimulatedMarket implements Feed {
  readonly producer = 'simulator'
  readonly options: SimulationOptions
  readonly instruments: readonly Instrument[]
  /** Dates of the simulated days. */
  readonly dates: readonly string[]
  readonly fundamentals: readonly FundamentalReport[]
  readonly path: MarketPath
  readonly earlierBars: DailyBars
  private readonly tradingDay = new TradingDay()
  private readonly snapshotTimes: Int32Array
  /** Closing prices in ticks after each simulated day that is known, before the first day in row 0. */
  private readonly closes: Int32Array[]
  /** Shares traded by instrument on the last earlier days and each simulated day that is known. */
  private readonly volumes: Float64Array[]

  constructor(options: SimulationOptions) {
    this.options = options
    const { seed } = options
    const dates = simulatedDates(options)
    this.dates = dates.days
    this.instruments = drawUniverse(seed, options.instruments)
    const reportsFrom = [dates.earlier[0], shiftTradingDays(cn.name, dates.days[0], -reportDays)].sort()[0]
    this.fundamentals = drawFundamentals(seed, this.instruments, reportsFrom, dates.days.at(-1) ?? '')
    this.path = drawPath(options, this.instruments, this.fundamentals, dates.days)
    this.earlierBars = drawEarlierBars(seed, this.instruments, this.path, dates.earlier, actionsOf(options))
    this.snapshotTimes = snapshotTimes(options.bookSeconds)
    const lastRow = (dates.earlier.length - 1) * options.instruments
    const closes = this.earlierBars.close.subarray(lastRow, lastRow + options.instruments)
    this.closes = [Int32Array.from(closes, (close) => Math.round(close * priceScale))]
    const { volume } = this.earlierBars
    const rows = Array.from({ length: dates.earlier.length }, (_, row) => row * options.instruments)
    this.volumes = rows.slice(-volumeDays).map((row) => volume.slice(row, row + options.instruments))
  }

  /** Total and floating shares of an instrument. */
  shares(instrument: number): { total: number; float: number } {
    return sharesOf(this.instruments[instrument], this.path.start[instrument])
  }

  plantedReturns(): PlantedReturns {
    const instruments = this.instruments.map(({ symbol }) => symbol)
    return { dates: this.dates, instruments, values: this.path.expected }
  }

  /** Whether an instrument does not trade on simulated day d: it then has no event and no snapshot. */
  isSuspended(d: number, instrument: number): boolean {
    return isSuspended(this.options.seed, d, instrument)
  }

  async *days(): AsyncGenerator<FeedDay> {
    for (let d = 0; d < this.dates.length; d++) yield await Promise.resolve(this.day(d))
  }

  /** Simulated day d, drawn when its blocks are read, and again at each reading. */
  day(d: number): FeedDay {
    const channels: FeedChannel[] = exchanges.flatMap((exchange) => {
      const { ticks, books } = channelsOf(exchange)
      return [
        { channel: ticks, kind: 'ticks' as const, contiguous: true },
        { channel: books, kind: 'books' as const, contiguous: true },
      ]
    })
    const blocks = this.blocks.bind(this)
    const reference = (): ReferenceEntry[] => this.reference(d)
    return { date: this.dates[d], profile: cn.name, channels, reference, blocks: () => blocks(d) }
  }

  /** As of the open of day d, in symbol order. */
  private reference(d: number): ReferenceEntry[] {
    while (this.closes.length <= d) this.simulate(this.closes.length - 1)
    const known = this.volumes.slice(0, this.volumes.length - this.closes.length + 1 + d)
    const entries = this.instruments.map(({ symbol }, i) => {
      const shares = known.map((volumes) => volumes[i])
      return sessionReference(symbol, this.closes[d][i] / priceScale, shares, this.shares(i).float)
    })
    return entries.sort((a, b) => (a.instrument < b.instrument ? -1 : 1))
  }

  private async *blocks(d: number): AsyncGenerator<{ readonly ticks: TickBlock } | { readonly books: BookBlock }> {
    const blocks = encodeDay(this.simulate(d), this.instruments, dayStart(cn, this.dates[d]))
    for (const block of blocks) yield await Promise.resolve(block)
  }

  /** Sends the orders of day d (and of the days before, where their closes are not known yet) through the books. */
  private simulate(d: number): DayLog {
    while (this.closes.length <= d) this.simulate(this.closes.length - 1)
    const { options, path } = this
    const closes = Int32Array.from(this.closes[d])
    const volumes = new Float64Array(path.names)
    const actions = actionsOf(options)
    const log = new DayLog(2 * actions * path.names, this.snapshotTimes.length * path.names)
    this.instruments.forEach((instrument, i) => {
      if (this.isSuspended(d, i)) return
      const at = d * path.names + i
      const firstRow = log.rows
      closes[i] = this.tradingDay.run(log, new Random(options.seed, 12, d, i), {
        instrument: i,
        level: path.level[(path.earlier + d) * path.names + i] + Math.log(priceScale),
        previousClose: closes[i],
        tick: 1 / priceScale,
        sizeFactor: sizeFactorOf(instrument),
        shown: { pv: path.shown.pv[at], c: path.shown.c[at], hf: path.shown.hf[at] },
        actions,
        snapshotTimes: this.snapshotTimes,
      })
      volumes[i] = tradedShares(log, firstRow, log.rows)
    })
    if (this.closes.length === d + 1) {
      this.closes.push(closes)
      this.volumes.push(volumes)
    }
    return log
  }
}

export const simulateMarket = (options: Partial<SimulationOptions> = {}): SimulatedMarket =>
  new SimulatedMarket(completeOptions(options))

/** Row numbers of one exchange in the order of (time, instrument, row); `starts[w]` is the first of window w. */
interface Windows {
  readonly order: Int32Array
  readonly starts: Int32Array
}

const windowCount = Math.ceil((lastSnapshot + 1 - openingStart) / blockSpan)

function inWindows(
  count: number,
  time: Int32Array,
  instrument: Uint16Array,
  chosen: (instrument: number) => boolean,
): Windows {
  // Time in 10 ms (21 bits), instrument (13) and row (19) share the 53 bits of one number: doubles sort without a
  // comparator.
  const instrumentUnit = 2 ** 19
  const timeUnit = instrumentUnit * 2 ** 13
  const first = new Int32Array(2 ** 13)
  const keys = new Float64Array(count)
  let used = 0
  let before = -1
  for (let row = 0; row < count; row++) {
    const i = instrument[row]
    if (i !== before) first[i] = row
    before = i
    if (!chosen(i)) continue
    keys[used++] = ((time[row] - openingStart) / 10) * timeUnit + i * instrumentUnit + row - first[i]
  }
  const sorted = keys.subarray(0, used).sort()
  const order = new Int32Array(used)
  const starts = new Int32Array(windowCount + 1).fill(used)
  for (let k = used - 1; k >= 0; k--) {
    const i = Math.floor((sorted[k] % timeUnit) / instrumentUnit)
    order[k] = first[i] + (sorted[k] % instrumentUnit)
    starts[Math.floor((time[order[k]] - openingStart) / blockSpan)] = k
  }
  for (let w = windowCount - 1; w >= 0; w--) starts[w] = Math.min(starts[w], starts[w + 1])
  return { order, starts }
}

function newChannel(instruments: readonly Instrument[], exchange: Exchange, orders: number): ChannelState {
  const members = Array.from(instruments.keys()).filter((i) => instruments[i].exchange === exchange)
  const place = new Uint16Array(instruments.length)
  members.forEach((i, k) => (place[i] = k))
  const dictionary = members.map((i) => ({ instrument: instruments[i].symbol, priceScale, quantityScale: 1 }))
  return { sequence: 0, orderNumber: 0, ids: new Float64Array(orders + 1), place, dictionary }
}

/** The day's blocks in time order; `start` is local midnight, µs UTC. */
export function* encodeDay(
  log: DayLog,
  instruments: readonly Instrument[],
  start: number,
): Generator<{ readonly ticks: TickBlock } | { readonly books: BookBlock }> {
  const parts = exchanges.map((exchange) => {
    const chosen = (i: number): boolean => instruments[i].exchange === exchange
    return {
      exchange,
      groups: inWindows(log.groups, log.groupTime, log.groupInstrument, chosen),
      snapshots: inWindows(log.snapshots, log.snapshotTime, log.snapshotInstrument, chosen),
      ticks: newChannel(instruments, exchange, log.orders),
      books: newChannel(instruments, exchange, 0),
    }
  })
  for (let w = 0; w < windowCount; w++) {
    const times = { dayStart: start, baseTime: start + (openingStart + w * blockSpan) * 1000 }
    const range = ({ order, starts }: Windows): { order: Int32Array; from: number; to: number } => ({
      order,
      from: starts[w],
      to: starts[w + 1],
    })
    for (const { exchange, groups, snapshots, ticks, books } of parts) {
      if (groups.starts[w] < groups.starts[w + 1]) {
        const block = encodeTicks(log, exchange, range(groups), ticks, times)
        if (block.count > 0) yield { ticks: block }
      }
      if (snapshots.starts[w] < snapshots.starts[w + 1]) {
        yield { books: encodeBooks(log, exchange, range(snapshots), books, times) }
      }
    }
  }
}
