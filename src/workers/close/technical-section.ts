import { dayRules } from '../../../schemas/catalogue/index.ts'
import { technicalBars, technicalDay, type DailyBars } from '../../../streams/index.ts'
import { dateIndex, panelColumn, placesOf, section } from '../../../models/inputs/panel.ts'
import type { FeaturePanel } from '../../../models/sample.ts'
import type { HistorySection, SetHistory } from './history-panels.ts'

const columns = dayRules.G.map(({ id }) => id)

/** G of a day: each name from its own last traded bars. */
export function technicalSection({ pv }: SetHistory, date: string, instruments: readonly string[]): HistorySection {
  const bars = new BarReader(pv, dateIndex(pv, date))
  const values = new Float64Array(columns.length * instruments.length).fill(Number.NaN)
  const shortened = new Uint8Array(instruments.length).fill(1)
  placesOf(instruments, pv.instruments).forEach((place, i) => {
    if (place < 0) return
    const ofName = bars.of(place)
    if (isLong(ofName)) shortened[i] = 0
    technicalDay(ofName).forEach((value, c) => (values[c * instruments.length + i] = value))
  })
  return { columns, values, shortened }
}

/** Whether a name that traded on the last day has as many traded bars as an indicator may look back over. */
function isLong({ close, volume }: DailyBars): boolean {
  const isTraded = (day: number): boolean => volume[day] > 0 && close[day] > 0
  const last = volume.length - 1
  if (!isTraded(last)) return false
  let traded = 0
  for (let day = last; day >= 0 && traded < technicalBars; day--) if (isTraded(day)) traded++
  return traded === technicalBars
}

/** Names whose bars are turned together, so that what is read of a day lies side by side. */
const namesTogether = 64

/** Reads the bars of one name after another out of a PV panel. */
class BarReader {
  private readonly pv: FeaturePanel
  private readonly days: number
  private readonly sources: readonly number[]
  private readonly rows: number
  /** [names][sources, factor][last days] of some names from `first` on. */
  private readonly turned: Float64Array
  private first = -1
  /** The last days that hold all traded bars which an indicator looks back over, for each of these names. */
  private span = 0

  constructor(pv: FeaturePanel, day: number) {
    this.pv = pv
    this.days = day + 1
    this.sources = ['pv_high', 'pv_low', 'pv_close', 'pv_vwap', 'pv_volume'].map((id) => panelColumn(pv, id))
    this.rows = this.sources.length + (pv.factors === undefined ? 0 : 1)
    this.turned = new Float64Array(namesTogether * this.rows * this.days)
  }

  /** A bar a day, oldest first, good until the next name is asked for. */
  of(place: number): DailyBars {
    const first = place - (place % namesTogether)
    if (first !== this.first) this.turn(first)
    const [high, low, close, vwap, volume, factor] = Array.from({ length: this.rows }, (_, row) => {
      const from = ((place - first) * this.rows + row) * this.span
      return this.turned.subarray(from, from + this.span)
    })
    const bars = { high, low, close, vwap, volume }
    return this.pv.factors === undefined ? bars : { ...bars, factor }
  }

  private turn(first: number): void {
    const { values, columns: width, instruments, factors = null } = this.pv
    const count = Math.min(namesTogether, instruments.length - first)
    const from = this.firstDay(first, count)
    this.span = this.days - from
    for (let day = from; day < this.days; day++) {
      for (let row = 0; row < this.rows; row++) {
        const isFactor = row === this.sources.length
        const source = isFactor && factors !== null ? factors : values
        const at = (isFactor ? day : day * width.length + this.sources[row]) * instruments.length + first
        for (let i = 0; i < count; i++) this.turned[(i * this.rows + row) * this.span + day - from] = source[at + i]
      }
    }
    this.first = first
  }

  /** The day from which on each of some names has as many traded bars as an indicator looks back over. */
  private firstDay(first: number, count: number): number {
    const [closeAt, volumeAt] = ['pv_close', 'pv_volume'].map((id) => panelColumn(this.pv, id))
    const traded = new Int32Array(count)
    for (let day = this.days - 1; day > 0; day--) {
      const [close, volume] = [section(this.pv, day, closeAt), section(this.pv, day, volumeAt)]
      let isEnough = true
      for (let i = 0; i < count; i++) {
        if (volume[first + i] > 0 && close[first + i] > 0) traded[i]++
        isEnough &&= traded[i] >= technicalBars
      }
      if (isEnough) return day
    }
    return 0
  }
}
