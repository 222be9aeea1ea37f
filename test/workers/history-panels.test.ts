import { describe, expect, it } from 'vitest'
import { dayRules, historySets } from '../../schemas/catalogue/index.ts'
import type { Panel } from '../../schemas/day.ts'
import { Quality } from '../../schemas/rows.ts'
import type { SetName } from '../../schemas/topics.ts'
import { evaluate } from '../../models/expression/evaluate.ts'
import { parseExpression } from '../../models/expression/parse.ts'
import type { FeaturePanel } from '../../models/sample.ts'
import { technicalDays } from '../../streams/index.ts'
import { panelRecord } from '../../src/workers/close/day-rows.ts'
import { historyPanels, type SetHistory } from '../../src/workers/close/history-panels.ts'
import { joinPanels } from '../../src/workers/history/panels.ts'
import { seededRandom } from '../../models/training/random.ts'
import { seed } from '../seed.ts'

/** Enough names for a regression over the section, and more than are read together. */
const names = Array.from({ length: 80 }, (_, n) => `6000${String(n + 10)}.SH`)
const suspended = names[1]
const young = names[4]
const paused = names[70]
const unpriced = names[75]
const days = 270
const dates = Array.from({ length: days }, (_, day) => new Date(Date.UTC(2023, 0, 1 + day)).toISOString().slice(0, 10))
const today = dates[days - 1]
const columnsOf = (set: SetName): string[] => dayRules[set].map(({ id }) => id)

/** Drawn rows of PV: names that rest on the last day, are twenty days old, rested a while ago, lack some closes. */
function drawnPrices(): FeaturePanel {
  const random = seededRandom(seed)
  const columns = columnsOf('PV')
  const values = new Float64Array(days * columns.length * names.length).fill(NaN)
  const close = names.map(() => 10)
  for (let day = 0; day < days; day++) {
    names.forEach((name, n) => {
      close[n] *= 1 + (random() - 0.5) / 20
      const isResting = name === suspended && day === days - 1
      const wasPaused = name === paused && day > days - 100 && day < days - 93
      if (isResting || wasPaused || (name === young && day < days - 20)) return
      const bar = [close[n], close[n] * 1.01, close[n] * 0.99, close[n], close[n] * 1.001, 1e5 + 1e6 * random()]
      if (name === unpriced && day % 30 === 0) bar[3] = NaN
      bar.forEach((value, c) => (values[(day * columns.length + c) * names.length + n] = value))
    })
  }
  const factors = new Float64Array(days * names.length).fill(1)
  factors.fill(1.2, (days - 30) * names.length)
  return { set: 'PV', dates, instruments: names, columns, values, factors }
}

function drawnPanel(set: SetName, date: string, day: number): Panel {
  const random = seededRandom(seed + day)
  const columns = columnsOf(set)
  const quality = Int32Array.from(names, (_, n) => (n === 0 ? Quality.orders : Quality.late | Quality.history))
  const values = Float64Array.from({ length: columns.length * names.length }, () => random() - 0.5)
  return panelRecord({
    date,
    set,
    revision: 0,
    sizing: 'order',
    catalogue: '',
    instruments: names,
    columns,
    quality,
    values,
  })
}

const prices = drawnPrices()
const published: Partial<Record<SetName, Panel[]>> = {
  C: dates.map((date, day) => drawnPanel('C', date, day)),
  HF: dates.map((date, day) => drawnPanel('HF', date, day + days)),
}
/** Shares of the float, which double on a day within the windows. */
const sharesOn = (day: number): number => (day < days - 12 ? 1e8 : 2e8)
const listings: NonNullable<SetHistory['listings']> = {
  inForce: (instrument, on) =>
    on.map((date) => {
      const floatShares = sharesOn(dates.indexOf(date))
      return { instrument, industry: '', floatShares, totalShares: floatShares, listDate: '' }
    }),
}
const history: SetHistory = { pv: prices, listings, published: (set, count) => published[set]?.slice(-count) ?? [] }
const pv = drawnPanel('PV', today, 0)
const made = historyPanels(history, pv)
const valueOf = (set: SetName, id: string, name: string, panels = made): number => {
  const panel = panels.find((candidate) => candidate.set === set) as Panel
  return panel.values[panel.columns.indexOf(id) * panel.count + panel.instruments.indexOf(name)]
}

/** One name's column of the drawn prices. */
const column = (n: number, id: string): Float64Array =>
  Float64Array.from(dates, (_, day) => prices.values[(day * 6 + prices.columns.indexOf(id)) * names.length + n])

describe('panels of the sets that are made of earlier days', () => {
  it('are one for each of them, over the names of the day', () => {
    expect(made.map(({ set }) => set)).toEqual(historySets)
    for (const panel of made) {
      expect(panel).toMatchObject({
        date: today,
        instruments: names,
        sizing: 'order',
        columns: columnsOf(panel.set as SetName),
      })
      expect(panel.values).toHaveLength(panel.columns.length * names.length)
    }
  })

  it('[G-01..08, G-12..13, G-17..20, G-25, G-27..33, G-80..81] are those of the bars of each name', () => {
    names.forEach((name, n) => {
      const [high, low, close, vwap, volume] = ['pv_high', 'pv_low', 'pv_close', 'pv_vwap', 'pv_volume'].map((id) =>
        column(n, id),
      )
      const factor = Float64Array.from(dates, (_, day) => (prices.factors as Float64Array)[day * names.length + n])
      const wanted = technicalDays({ high, low, close, vwap, volume, factor }).slice(-24)
      expect(columnsOf('G').map((id) => valueOf('G', id, name))).toEqual([...wanted])
    })
    expect(valueOf('G', 'g_rsi_14', names[0])).not.toBeNaN()
    expect(valueOf('G', 'g_rsi_14', young)).toBeNaN()
  })

  it('[DP-01..19] are the committed expressions over PV, C, HF and float shares of the last days', () => {
    const source = {
      panels: {
        PV: prices,
        C: joinPanels(published.C ?? [], columnsOf('C')),
        HF: joinPanels(published.HF ?? [], columnsOf('HF')),
      },
      factors: prices.factors as Float64Array,
      floatShares: Float64Array.from(dates.flatMap((_, day) => names.map(() => sharesOn(day)))),
    }
    dayRules.DP.forEach(({ id, formula }) => {
      const [wanted] = evaluate([parseExpression(formula)], source, today)
      expect([id, ...names.map((name) => valueOf('DP', id, name))]).toEqual([id, ...wanted])
      expect([id, wanted.some((value) => !Number.isNaN(value))]).toEqual([id, true])
    })
  })

  it('have no value for a name that rests', () => {
    for (const set of historySets)
      for (const id of columnsOf(set)) expect([id, valueOf(set, id, suspended)]).toEqual([id, NaN])
  })

  it('have the quality of the PV row, and the history bit where days are missing that the set looks back on', () => {
    const bitsOf = (set: number, n: number): number => made[set].quality[n]
    const [g, dp] = [0, 1]
    expect([0, 1, 2, 4].map((n) => bitsOf(g, n))).toEqual([
      Quality.orders,
      Quality.late | Quality.history,
      Quality.late,
      Quality.late | Quality.history,
    ])
    expect([0, 1, 2, 4].map((n) => bitsOf(dp, n))).toEqual([Quality.orders, Quality.late, Quality.late, Quality.late])
    const published = history.published
    const [, short] = historyPanels({ ...history, published: (set, count) => published(set, Math.min(count, 5)) }, pv)
    expect([...short.quality].every((bits) => (bits & Quality.history) !== 0)).toBe(true)
  })

  it('are NaN for a name that history does not know', () => {
    const other = panelRecord({ ...pv, instruments: [...names.slice(0, -1), '900001.SH'] })
    const panels = historyPanels(history, other)
    for (const set of historySets)
      for (const id of columnsOf(set)) expect([id, valueOf(set, id, '900001.SH', panels)]).toEqual([id, NaN])
  })
})
