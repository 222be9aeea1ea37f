import { dayRules } from '../../../schemas/catalogue/index.ts'
import { evaluate, historyDays } from '../../../models/expression/evaluate.ts'
import { parseExpression } from '../../../models/expression/parse.ts'
import { columnsRead, daysRead } from '../../../models/expression/syntax.ts'
import type { TerminalSet } from '../../../models/expression/terminals.ts'
import { dateIndex, daysOf, placesOf } from '../../../models/inputs/panel.ts'
import { floatSharesOf } from '../history/daily-history.ts'
import { joinPanels } from '../history/panels.ts'
import type { HistorySection, SetHistory } from './history-panels.ts'

const columns = dayRules.DP.map(({ id }) => id)
const expressions = dayRules.DP.map(({ formula }) => parseExpression(formula))
const read = columnsRead(expressions)

/** Market days of a set that the expressions over it look back on. */
const reachOf = (set: TerminalSet): number =>
  Math.max(0, ...expressions.filter((expression) => columnsRead([expression])[set].length > 0).map(daysRead))

/**
 * DP of a day: the committed expressions over PV of the store, and C and HF as they were published. Its cross-section
 * is every name that traded, listed or not.
 */
export function expressionSection(history: SetHistory, date: string, instruments: readonly string[]): HistorySection {
  const days = dateIndex(history.pv, date) + 1
  const pv = daysOf(history.pv, Math.max(0, days - historyDays), days)
  const c = joinPanels(history.published('C', historyDays), read.C)
  const hf = joinPanels(history.published('HF', historyDays), read.HF)
  const { factors } = pv
  const { listings } = history
  const source = {
    panels: { PV: pv, C: c, HF: hf },
    ...(factors === undefined ? {} : { factors }),
    ...(listings === undefined ? {} : { floatShares: floatSharesOf(pv, listings) }),
  }
  const sections = evaluate(expressions, source, date)
  const values = new Float64Array(columns.length * instruments.length).fill(Number.NaN)
  placesOf(instruments, pv.instruments).forEach((place, i) => {
    if (place >= 0) sections.forEach((section, e) => (values[e * instruments.length + i] = section[place]))
  })
  const isShort = pv.dates.length < reachOf('PV') || c.dates.length < reachOf('C') || hf.dates.length < reachOf('HF')
  return { columns, values, shortened: new Uint8Array(instruments.length).fill(isShort ? 1 : 0) }
}
