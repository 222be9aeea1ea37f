import { ClosebellError } from '../../schemas/errors.ts'
import { panelColumn, placesOf } from '../inputs/panel.ts'
import type { FeaturePanel } from '../sample.ts'
import { priceTerminals, setOfTerminal, type TerminalSet } from './terminals.ts'

/** What expressions are evaluated over. */
export interface ExpressionSource {
  /**
   * PV over consecutive market days, prices and volume as stored; its dates and names are those of the values. The
   * other sets may lack names and dates, which are NaN then, and may be absent.
   */
  readonly panels: Readonly<{ PV: FeaturePanel } & Partial<Record<TerminalSet, FeaturePanel>>>
  /** [dates][names] of PV: a stored price times this is comparable across days; NaN = it is as it stands. */
  readonly factors?: Float64Array
  /** [dates][names] of PV: shares of the float in units of the stored price; NaN = not known. */
  readonly floatShares?: Float64Array
}

interface Placed {
  readonly panel: FeaturePanel
  /** [dates of PV] and [names of PV]: places in the panel, -1 = none. */
  readonly days: Int32Array
  readonly names: Int32Array
}

/**
 * Reads terminals of a source, prices and volume adjusted to one day: p·f_t/f_day and v·f_day/f_t, so that nothing
 * after the day enters. A name that did not trade on a day has NaN there in every terminal.
 */
export class TerminalReader {
  /** Names of a day. */
  readonly width: number
  private readonly source: ExpressionSource
  private readonly placed = new Map<TerminalSet, Placed>()
  /** [names] factor in force on the day; empty when nothing is adjusted. */
  private readonly factor: Float64Array

  /** @param day index of the day that prices are adjusted to */
  constructor(source: ExpressionSource, day: number) {
    this.source = source
    const pv = source.panels.PV
    this.width = pv.instruments.length
    checkCells(source, pv.dates.length * this.width)
    for (const [set, panel] of Object.entries(source.panels))
      this.placed.set(set as TerminalSet, {
        panel,
        days: placesOf(pv.dates, panel.dates),
        names: placesOf(pv.instruments, panel.instruments),
      })
    this.factor = source.factors === undefined ? new Float64Array(0) : inForce(source.factors, day, this.width)
  }

  /** Values of days `from` to `to` of PV; days before its first are NaN. @returns [to − from + 1][names] */
  read(id: string, from: number, to: number): Float64Array {
    switch (id) {
      case 'ret':
        return this.returns(from, to)
      case 'amplitude':
        return combined(
          this.stored('pv_high', from, to),
          this.stored('pv_low', from, to),
          (high, low) => high / low - 1,
        )
      case 'amount':
        return combined(this.stored('pv_vwap', from, to), this.stored('pv_volume', from, to), (p, v) => p * v)
      case 'trade_amount':
        return combined(this.read('amount', from, to), this.stored('trades', from, to), ratio)
      case 'turnover':
        return combined(this.stored('pv_volume', from, to), this.cells(this.source.floatShares, from, to), ratio)
      default:
        return this.adjusted(id, from, to)
    }
  }

  /** 1 where a name traded. @returns [to − from + 1][names] */
  traded(from: number, to: number): Uint8Array {
    const volume = this.column('pv_volume', from, to)
    const traded = new Uint8Array(volume.length)
    for (let at = 0; at < volume.length; at++) traded[at] = volume[at] > 0 ? 1 : 0
    return traded
  }

  /** Close over the close of the market day before − 1, NaN unless the name traded on both. */
  private returns(from: number, to: number): Float64Array {
    const close = this.stored('pv_close', from - 1, to)
    const factors = this.cells(this.source.factors, from - 1, to)
    const { width } = this
    const returns = new Float64Array(close.length - width)
    for (let at = 0; at < returns.length; at++) {
      const change = factors[at + width] / factors[at]
      returns[at] = (close[at + width] / close[at]) * (Number.isNaN(change) ? 1 : change) - 1
    }
    return returns
  }

  private adjusted(id: string, from: number, to: number): Float64Array {
    const values = this.stored(id, from, to)
    if (this.factor.length === 0 || setOfTerminal(id) !== 'PV') return values
    const factors = this.cells(this.source.factors, from, to)
    const isPrice = priceTerminals.includes(id)
    for (let at = 0; at < values.length; at++) {
      const change = factors[at] / this.factor[at % this.width]
      if (!Number.isNaN(change)) values[at] *= isPrice ? change : 1 / change
    }
    return values
  }

  /** A catalogue column as stored, NaN where the name did not trade. */
  private stored(id: string, from: number, to: number): Float64Array {
    const values = this.column(id, from, to)
    const volume = id === 'pv_volume' ? values : this.column('pv_volume', from, to)
    for (let at = 0; at < values.length; at++) if (!(volume[at] > 0)) values[at] = NaN
    return values
  }

  private column(id: string, from: number, to: number): Float64Array {
    const { width } = this
    const values = new Float64Array((to - from + 1) * width).fill(NaN)
    const placed = this.placed.get(setOfTerminal(id) as TerminalSet)
    const column = placed?.panel.columns.indexOf(id) ?? -1
    if (placed === undefined || column < 0) return values
    const { panel, days, names } = placed
    for (let day = Math.max(0, from); day <= to; day++) {
      if (days[day] < 0) continue
      const row = (days[day] * panel.columns.length + column) * panel.instruments.length
      const start = (day - from) * width
      for (let name = 0; name < width; name++)
        if (names[name] >= 0) values[start + name] = panel.values[row + names[name]]
    }
    return values
  }

  /** Days of a grid over PV's dates and names; all NaN without one. */
  private cells(grid: Float64Array | undefined, from: number, to: number): Float64Array {
    const { width } = this
    const values = new Float64Array((to - from + 1) * width).fill(NaN)
    const first = Math.max(0, from)
    if (grid !== undefined) values.set(grid.subarray(first * width, (to + 1) * width), (first - from) * width)
    return values
  }
}

const ratio = (a: number, b: number): number => (b === 0 ? NaN : a / b)

function combined(a: Float64Array, b: Float64Array, of: (x: number, y: number) => number): Float64Array {
  for (let at = 0; at < a.length; at++) a[at] = of(a[at], b[at])
  return a
}

/** The last known factor of each name up to a day. */
function inForce(factors: Float64Array, day: number, width: number): Float64Array {
  return Float64Array.from({ length: width }, (_, name) => {
    let at = day
    while (at > 0 && Number.isNaN(factors[at * width + name])) at--
    return factors[at * width + name]
  })
}

/** @throws ClosebellError CB_ENGINE_INPUT for grids of another size, CB_ARTIFACT when PV does not say who traded */
function checkCells(source: ExpressionSource, cells: number): void {
  panelColumn(source.panels.PV, 'pv_volume')
  for (const grid of [source.factors, source.floatShares]) {
    if (grid === undefined || grid.length === cells) continue
    throw new ClosebellError(
      'CB_ENGINE_INPUT',
      `factors and float shares have a value for each of the ${cells} cells of PV; there are ${grid.length}`,
    )
  }
}
