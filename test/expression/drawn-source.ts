import { dayRules } from '../../schemas/catalogue/index.ts'
import type { ExpressionSource } from '../../models/expression/panel.ts'
import type { FeaturePanel } from '../../models/sample.ts'
import { normal } from '../models/drawn-market.ts'

const dateOf = (day: number): string => new Date(Date.UTC(2022, 0, 3 + day)).toISOString().slice(0, 10)

/** Values in steps, so that some are equal, and one in twenty missing. */
const stepped = (random: () => number): number => (random() < 0.05 ? NaN : Math.round(8 * normal(random)) / 8)

function drawPrices(random: () => number, instruments: readonly string[], dates: readonly string[]): FeaturePanel {
  const [names, columns] = [instruments.length, dayRules.PV.map((rule) => rule.id)]
  const values = new Float64Array(dates.length * columns.length * names).fill(NaN)
  const level = Float64Array.from(instruments, () => 10 + 20 * random())
  for (let day = 0; day < dates.length; day++) {
    for (let name = 0; name < names; name++) {
      level[name] = Math.round(100 * level[name] * Math.exp(0.02 * normal(random))) / 100
      const close = level[name]
      const [low, high] = [close * (1 - 0.03 * random()), close * (1 + 0.03 * random())]
      const inside = (): number => low + (high - low) * random()
      // The first name stands still on every day; others are suspended now and then, with a row or without.
      const kind = name === 0 ? 1 : random()
      if (kind < 0.04) continue
      const volume = kind < 0.06 ? 0 : 100 * Math.round(Math.exp(7 + normal(random)))
      const row = [inside(), high, low, name === 0 ? 10 : close, inside(), volume]
      row.forEach((value, column) => (values[(day * columns.length + column) * names + name] = value))
    }
  }
  return { set: 'PV', dates, instruments, columns, values }
}

/**
 * Panels of all three sets with suspended days, missing values, ties, a split on one day for every third name; C and HF
 * know neither every name nor every date of PV.
 */
export function drawSource(random: () => number, names: number, days: number): ExpressionSource {
  const instruments = Array.from({ length: names }, (_, i) => `N${String(i).padStart(4, '0')}`)
  const dates = Array.from({ length: days }, (_, day) => dateOf(day))
  const PV = drawPrices(random, instruments, dates)
  const other = (set: 'C' | 'HF'): FeaturePanel => {
    const panel = {
      set,
      dates: dates.slice(5),
      instruments: instruments.slice(2),
      columns: dayRules[set].map(({ id }) => id),
    }
    const cells = panel.dates.length * panel.instruments.length * panel.columns.length
    return { ...panel, values: Float64Array.from({ length: cells }, () => stepped(random)) }
  }
  const splitOn = instruments.map((_, name) => (name % 3 === 1 ? Math.floor(days * random()) : days))
  const factors = Float64Array.from({ length: days * names }, (_, cell) => {
    const [day, name] = [Math.floor(cell / names), cell % names]
    return Number.isNaN(PV.values[(day * 6 + 5) * names + name]) ? NaN : day >= splitOn[name] ? 2.5 : 1
  })
  const floatShares = Float64Array.from({ length: days * names }, () =>
    random() < 0.1 ? NaN : Math.exp(16 + normal(random)),
  )
  return { panels: { PV, C: other('C'), HF: other('HF') }, factors, floatShares }
}
