import { expect, it } from 'vitest'
import type { Panel } from '../../schemas/day.ts'
import { scaleDay } from '../../models/inputs/scaling.ts'
import { panelRecord } from '../../src/workers/close/day-rows.ts'
import { joinPanels } from '../../src/workers/history/panels.ts'
import { ScaledPanels } from '../../src/workers/scoring/scaled-panels.ts'
import { randomOf } from '../contract/awkward-values.ts'
import { seed } from '../seed.ts'

const columns = ['c_one', 'c_two', 'c_three']

it('a day that was scaled before the others were known has the bits of one that was scaled among them', () => {
  const random = randomOf(seed)
  const drawn = (date: string, instruments: readonly string[]): Panel =>
    panelRecord({
      ...{ date, set: 'C', revision: 0, sizing: 'order', catalogue: '', instruments, columns },
      quality: new Int32Array(instruments.length),
      values: Float64Array.from({ length: columns.length * instruments.length }, () =>
        random() < 0.1 ? NaN : Math.exp(10 * random()),
      ),
    })
  const names = (first: number) => Array.from({ length: 60 }, (_, i) => String(600_000 + first + 2 * i))
  const panels = [drawn('2024-01-02', names(0)), drawn('2024-01-03', names(0)), drawn('2024-01-04', names(11))]
  const scaled = new ScaledPanels()
  scaled.of(panels[0], columns)
  for (const some of [panels.slice(0, 2), panels]) {
    const joined = joinPanels(some, columns)
    some.forEach((panel, day) => {
      expect(scaled.over(panel, columns, joined.instruments)).toEqual(scaleDay(joined, day, columns))
    })
  }
})
