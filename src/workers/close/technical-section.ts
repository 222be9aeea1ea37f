import { dayRules } from '../../../schemas/catalogue/index.ts'
import { technicalBars, technicalDay, type DailyBars } from '../../../streams/index.ts'
import { dateIndex, panelColumn, placesOf } from '../../../models/inputs/panel.ts'
import type { FeaturePanel } from '../../../models/sample.ts'
import type { HistorySection, SetHistory } from './history-panels.ts'

const columns = dayRules.G.map(({ id }) => id)

/** G of a day: each name from its own last traded bars. */
export function technicalSection({ pv }: SetHistory, date: string, instruments: readonly string[]): HistorySection {
  const bars = new BarReader(pv, dateIndex(pv, date))
  const values = new Float64Array(columns.length * instruments.length).fill(Number.NaN)
  const shortened = new Uint8Array(instruments.length)
  placesOf(instruments, pv.instruments).forEach((place, i) => {
    const ofName = place < 0 ? null : bars.of(place)
    shortened[i] = (ofName?.close.length ?? 0) < technicalBars ? 1 : 0
    if (ofName === null) return
    technicalDay(ofName).forEach((value, c) => (values[c * instruments.length + i] = value))
  })
  return { columns, values, shortened }
}

/** Reads the last traded bars of one name after another out of a PV panel. */
class BarReader {
  private readonly pv: FeaturePanel
  private readonly day: number
  private readonly sources: readonly number[]

  constructor(pv: FeaturePanel, day: number) {
    this.pv = pv
    this.day = day
    this.sources = ['pv_high', 'pv_low', 'pv_close', 'pv_vwap', 'pv_volume'].map((id) => panelColumn(pv, id))
  }

  /** The last traded bars, oldest first; without any when the name did not trade on the day. */
  of(place: number): DailyBars {
    const days = this.tradedDays(place)
    const [high, low, close, vwap, volume] = this.sources.map((column) =>
      Float64Array.from(days, (day) => this.at(day, column, place)),
    )
    const { factors, instruments } = this.pv
    const bars = { high, low, close, vwap, volume }
    if (factors === undefined) return bars
    return { ...bars, factor: Float64Array.from(days, (day) => factors[day * instruments.length + place]) }
  }

  private tradedDays(place: number): number[] {
    const days: number[] = []
    const volume = this.sources[4]
    for (let day = this.day; day >= 0 && days.length < technicalBars; day--) {
      if (this.at(day, volume, place) > 0) days.push(day)
      else if (day === this.day) break
    }
    return days.reverse()
  }

  private at(day: number, column: number, place: number): number {
    const { values, columns: width, instruments } = this.pv
    return values[(day * width.length + column) * instruments.length + place]
  }
}
