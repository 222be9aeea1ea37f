import type { Panel } from '../../../schemas/day.ts'
import { placesOf } from '../../../models/inputs/panel.ts'
import { scaleDay, type ScaledDay } from '../../../models/inputs/scaling.ts'
import { joinPanels } from '../history/panels.ts'

/**
 * Days of the sets that are scaled by their section, each scaled once and kept as long as its record is: windows of
 * one date and the next share all days but one.
 */
export class ScaledPanels {
  private readonly days = new WeakMap<Panel, ScaledDay>()

  has(panel: Panel): boolean {
    return this.days.has(panel)
  }

  /** Over the record's own names. */
  of(panel: Panel, columns: readonly string[]): ScaledDay {
    const known = this.days.get(panel)
    if (known !== undefined) return known
    const scaled = scaleDay(joinPanels([panel], columns), 0, columns)
    this.days.set(panel, scaled)
    return scaled
  }

  /** Over names that hold those of the record; both are sorted. */
  over(panel: Panel, columns: readonly string[], names: readonly string[]): ScaledDay {
    const own = this.of(panel, columns)
    if (names.length === panel.instruments.length) return own
    const width = columns.length
    const x = new Float32Array(names.length * width)
    const mask = new Float32Array(names.length)
    placesOf(panel.instruments, names).forEach((place, i) => {
      x.set(own.x.subarray(i * width, (i + 1) * width), place * width)
      mask[place] = own.mask[i]
    })
    return { x, mask }
  }
}
