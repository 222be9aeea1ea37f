import { dayRules } from '../../../schemas/catalogue/index.ts'
import type { Late, Panel, Quarantined } from '../../../schemas/day.ts'
import type { ReferenceEntry } from '../../../schemas/market.ts'
import { dayStart, type MarketProfile } from '../../../schemas/profiles/index.ts'
import { sets } from '../../../schemas/topics.ts'
import { Quality, type DayRow, type MinuteRows } from '../../../schemas/rows.ts'
import { CloseState } from '../../workers/status/close-state.ts'
import { returnColumn } from '../protocol/columns.ts'
import {
  qualityColumn,
  type EarlierMinute,
  type InstrumentDay,
  type PartitionQuality,
  type RefusedEvents,
} from '../protocol/messages.ts'
import { base64Of, LiveSection, type InstrumentFacts } from './live-section.ts'
import { MinuteFile } from './minute-file.ts'
import { PartitionState } from './partition-quality.ts'

/** Refused events that are shown; the topics keep all of them. */
const refusedMax = 200

/** Columns of an instrument's day that are drawn. */
export const chartColumns = [
  'bar_close',
  'bar_volume',
  'bar_amount',
  'pv_vwap',
  'c_nbr_s',
  'c_nbr_m',
  'c_nbr_l',
  'c_nbr_xl',
  'hf_imb1',
  'hf_ofi',
] as const

/** Everything that the monitor knows of one trading day. */
export class MonitoredDay {
  readonly date: string
  readonly profile: MarketProfile
  readonly section: LiveSection
  readonly minutes: MinuteFile
  readonly close: CloseState
  /** Until when the close worker says that it waits, ms UTC; 0 = it says nothing. */
  closeDeadline = 0
  readonly partitions: readonly PartitionState[]
  readonly #previousClose = new Map<string, number>()
  readonly #listed: number[]
  readonly #final = new Map<string, DayRow>()
  readonly #late: Late[] = []
  readonly #quarantined: Quarantined[] = []

  constructor(
    date: string,
    profile: MarketProfile,
    partitions: number,
    folder: string,
    facts: (symbol: string) => InstrumentFacts,
  ) {
    this.date = date
    this.profile = profile
    this.section = new LiveSection(date, facts)
    this.close = new CloseState(date)
    this.minutes = new MinuteFile(folder)
    this.partitions = Array.from({ length: partitions }, (_, partition) => new PartitionState(partition))
    this.#listed = Array.from({ length: partitions }, () => NaN)
  }

  reference(partition: number, entries: readonly ReferenceEntry[]): void {
    if (entries.length > 0) this.#listed[partition] = entries.length
    for (const { instrument, previousClose } of entries) this.#previousClose.set(instrument, previousClose)
    // A restart reads the day's rows as fast as it reads this.
    this.#writeReturns(entries.map(({ instrument }) => instrument).filter((symbol) => this.section.find(symbol) >= 0))
  }

  minuteRows(rows: MinuteRows): void {
    const part = this.partitions[rows.partition]
    if (part === undefined) return
    this.minutes.take(rows)
    part.takeMinute(rows)
    // Behind the day rows no minute is news.
    if (part.closed !== null || part.minute !== rows.minute) return
    this.section.take(rows)
    if (rows.set === 'PV') this.#writeReturns(rows.instruments)
  }

  dayRow(row: DayRow): void {
    const known = this.#final.get(row.instrument)
    if (known !== undefined && known.revision > row.revision) return
    // The minute block is in the minutes already, and would be most of the memory.
    this.#final.set(row.instrument, { ...row, minutes: new Float64Array() })
    const columns = row.sets.flatMap((set) => set.columns)
    const quality = Int32Array.of(row.quality)
    this.section.take({ instruments: [row.instrument], columns, values: row.values, quality })
    this.#writeReturns([row.instrument])
  }

  /** Columns that exist at the close only: history and section features. */
  panel({ instruments, columns, values, count }: Panel): void {
    const isLate = new Set(
      sets.flatMap((set) => dayRules[set].filter(({ level }) => level !== 'tick').map(({ id }) => id)),
    )
    for (const [c, id] of columns.entries()) {
      if (!isLate.has(id)) continue
      instruments.forEach((symbol, row) => this.section.set(id, this.section.placeOf(symbol), values[c * count + row]))
    }
  }

  late(late: Late): void {
    if (this.partitions[late.partition]?.takeEvent('late', late) !== false) keep(this.#late, late)
  }

  quarantined(refused: Quarantined): void {
    if (this.partitions[refused.partition]?.takeEvent('quarantined', refused) !== false)
      keep(this.#quarantined, { ...refused, bytes: new Uint8Array() })
  }

  /** Names that Reference lists; 0 while it is not there. */
  get listed(): number {
    return this.#listed.reduce((sum, count) => sum + (Number.isNaN(count) ? 0 : count), 0)
  }

  /** Last minute that every partition has sealed; null before. */
  get minute(): number | null {
    const sealed = this.partitions.map(({ minute }) => minute)
    return sealed.some((minute) => minute === null) ? null : Math.min(...(sealed as number[]))
  }

  /** Last minute that any partition has sealed; null before. */
  get newestMinute(): number | null {
    const sealed = this.partitions.flatMap(({ minute }) => (minute === null ? [] : [minute]))
    return sealed.length === 0 ? null : Math.max(...sealed)
  }

  get isFinal(): boolean {
    return this.partitions.length > 0 && this.partitions.every(({ closed }) => closed !== null)
  }

  quality(now: number, isTrading: boolean): PartitionQuality[] {
    return this.partitions.map((part, p) => part.at(now, this.profile, this.date, isTrading, this.#listed[p]))
  }

  earlierMinute(minute: number, ids: readonly string[]): EarlierMinute {
    const { symbols } = this.section
    const column = (id: string): Float64Array =>
      this.minutes.column(minute, id, symbols.length, (symbol) => this.section.find(symbol))
    const returns = (): Float64Array => column('pv_close').map((close, place) => this.#returnOf(symbols[place], close))
    const columns = ids.map((id) => [id, base64Of(id === returnColumn ? returns() : column(id))])
    return {
      date: this.date,
      minute,
      columns: Object.fromEntries(columns) as Record<string, string>,
      partitions: this.minutes.partitionsOf(minute),
    }
  }

  /** Null for an instrument that has no row. */
  instrument(symbol: string): InstrumentDay | null {
    const place = this.section.find(symbol)
    if (place < 0) return null
    const { name, industry } = this.section.factsOf(symbol)
    const minutes = this.minutes.minutes
    const series = chartColumns.map((id) => [id, plain(this.minutes.series(symbol, id, minutes))])
    const final = this.#final.get(symbol)
    const values = [...this.section.ids()].map((id) => [id, json(this.section.value(id, place))])
    const quality = this.minutes.series(symbol, qualityColumn, minutes)
    return {
      date: this.date,
      symbol,
      name,
      industry,
      minutes,
      gaps: minutes.filter((_, i) => Number.isNaN(quality[i]) || (quality[i] & Quality.gap) !== 0),
      series: Object.fromEntries(series) as InstrumentDay['series'],
      values: Object.fromEntries(values) as InstrumentDay['values'],
      isProvisional: final === undefined,
      previousClose: json(this.#previousClose.get(symbol) ?? NaN),
    }
  }

  refused(): RefusedEvents {
    return {
      late: this.#late
        .toReversed()
        .map(({ partition, offset, instrument, producer, channel, eventTime, markTime }) => ({
          partition,
          offset,
          instrument,
          chain: `${producer}/${channel}`,
          seconds: (markTime - eventTime) / 1e6,
        })),
      quarantined: this.#quarantined
        .toReversed()
        .map(({ topic, partition, offset, row, code, detail }) => ({ topic, partition, offset, row, code, detail })),
    }
  }

  /** Exchange time `HH:MM:SS` of a time in ms UTC. */
  timeText(at: number): string {
    const seconds = Math.floor((at * 1000 - dayStart(this.profile, this.date)) / 1e6)
    const inDay = ((seconds % 86_400) + 86_400) % 86_400
    return [inDay / 3600, (inDay / 60) % 60, inDay % 60].map((n) => String(Math.floor(n)).padStart(2, '0')).join(':')
  }

  end(): void {
    this.minutes.close()
  }

  #writeReturns(symbols: readonly string[]): void {
    for (const symbol of symbols) {
      const place = this.section.find(symbol)
      this.section.set(returnColumn, place, this.#returnOf(symbol, this.section.value('pv_close', place)))
    }
  }

  #returnOf(symbol: string, close: number): number {
    const previous = this.#previousClose.get(symbol) ?? NaN
    return previous > 0 ? close / previous - 1 : NaN
  }
}

function keep<T>(list: T[], item: T): void {
  list.push(item)
  if (list.length > refusedMax) list.shift()
}

const json = (value: number): number | null => (Number.isFinite(value) ? value : null)

const plain = (values: Float64Array): (number | null)[] => Array.from(values, json)

/** Quality bits that a page names. */
export const namedFlags = {
  gap: Quality.gap,
  incomplete: Quality.incomplete,
  late: Quality.late,
  partial: Quality.partial,
} as const
