import { dayRules } from '../../../schemas/catalogue/index.ts'
import { Quality } from '../../../schemas/rows.ts'
import { technicalBars, technicalDays } from '../../../streams/index.ts'
import type { ColumnValues, Rows } from '../../ports/store.ts'

const fields = ['high', 'low', 'close', 'vwap', 'volume', 'factor'] as const
export type TechnicalBar = Readonly<Record<(typeof fields)[number], number>>

const ids = dayRules.G.map(({ id }) => id)

/** The bars of one name that are looked back at, and those whose rows are to be made. */
class NameBars {
  count = 0
  fresh = 0
  /** [fields][room] */
  private values = new Float64Array(fields.length * 64)
  /** [room] row that a bar's indicators go to, -1 = none. */
  rows = new Int32Array(64)

  push(bar: TechnicalBar, row: number): void {
    if (this.count === this.rows.length) this.grow()
    const room = this.rows.length
    for (let f = 0; f < fields.length; f++) this.values[f * room + this.count] = bar[fields[f]]
    this.rows[this.count++] = row
    this.fresh++
  }

  private grow(): void {
    const room = this.rows.length
    const values = new Float64Array(2 * this.values.length)
    for (let f = 0; f < fields.length; f++) values.set(this.values.subarray(f * room, (f + 1) * room), 2 * f * room)
    const rows = new Int32Array(2 * room)
    rows.set(this.rows)
    this.values = values
    this.rows = rows
  }

  /** [count - first] one field of the bars from one on. */
  column(field: number, first: number): Float64Array {
    const from = field * this.rows.length
    return this.values.subarray(from + first, from + this.count)
  }

  /** Forgets what no later bar looks back at. */
  settle(): void {
    const dropped = Math.max(0, this.count - technicalBars)
    for (let f = 0; f < fields.length; f++) this.column(f, 0).copyWithin(0, dropped)
    this.count -= dropped
    this.fresh = 0
  }
}

/**
 * Rows of table g for rows of table pv, by the formulas that a close computes them with: each name from its last 250
 * traded bars. Memory holds those bars and the rows of one append.
 */
export class TechnicalRows {
  private readonly bars: readonly NameBars[]

  constructor(names: number) {
    this.bars = Array.from({ length: names }, () => new NameBars())
  }

  /** @param row place of the bar among the rows of the next append, -1 when it is only looked back at */
  add(name: number, bar: TechnicalBar, row: number): void {
    this.bars[name].push(bar, row)
  }

  /** Bars so far are only looked back at. */
  settle(): void {
    for (const bars of this.bars) bars.settle()
  }

  /** Indicators of all bars since the last time, beside the keys of their rows of pv. */
  take(pv: Rows): Rows {
    const values = ids.map(() => new Float64Array(pv.count).fill(Number.NaN))
    const quality = new Float64Array(pv.count)
    for (const bars of this.bars) if (bars.fresh > 0) writeName(bars, values, quality)
    const columns: Record<string, ColumnValues> = { quality }
    for (const name of ['event_time', 'instrument', 'revision', 'known_at', 'origin']) columns[name] = pv.columns[name]
    ids.forEach((id, c) => (columns[id] = values[c]))
    return { count: pv.count, columns }
  }
}

function writeName(bars: NameBars, values: readonly Float64Array[], quality: Float64Array): void {
  const fresh = bars.count - bars.fresh
  // Indicators of the first fresh bar look back at the 249 before it.
  const first = Math.max(0, fresh - technicalBars + 1)
  const [high, low, close, vwap, volume, factor] = fields.map((_, f) => bars.column(f, first))
  const found = technicalDays({ high, low, close, vwap, volume, factor }, fresh - first)
  for (let at = fresh; at < bars.count; at++) {
    const row = bars.rows[at]
    if (row < 0) continue
    for (let c = 0; c < values.length; c++) values[c][row] = found[(at - fresh) * values.length + c]
    if (at + 1 < technicalBars) quality[row] = Quality.history
  }
  bars.settle()
}
