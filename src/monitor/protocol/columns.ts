import { dayRules, minuteRules, type Rule } from '../../../schemas/catalogue/index.ts'
import { sets } from '../../../schemas/topics.ts'
import type { ColumnInfo } from './messages.ts'

/** Derived by the monitor: the last price of the day against the previous close that Reference gave. */
export const returnColumn = 'ret'

const returnInfo: ColumnInfo = {
  rule: 'PV-04',
  id: returnColumn,
  set: 'PV',
  unit: '1',
  formula: 'pv_close / previous close of Reference - 1',
  display: 'percent',
  en: 'return',
  zh: '涨跌幅',
  intraday: true,
}

const infoOf = ({ rule, id, set, unit, formula, display, en, zh }: Rule, intraday: boolean): ColumnInfo => ({
  rule,
  id,
  set,
  unit,
  formula,
  display,
  en,
  zh,
  intraday,
})

/** Every column that the grid can show, in the order of the catalogue. */
export function gridColumns(): ColumnInfo[] {
  const found = new Map<string, ColumnInfo>([[returnColumn, returnInfo]])
  for (const set of sets) {
    for (const rule of minuteRules[set]) found.set(rule.id, infoOf(rule, rule.level === 'tick'))
    for (const rule of dayRules[set]) if (!found.has(rule.id)) found.set(rule.id, infoOf(rule, false))
  }
  return [...found.values()]
}

/** What the page shows first: price and flow, then what a trader looks at next. */
const wanted = [
  'pv_close',
  'ret',
  'amount',
  'c_nbr_main',
  'c_nbr_xl',
  'c_nar_main',
  'hf_ofi',
  'hf_imb1',
  'hf_rv',
  'hf_vpin',
  'hf_qspr',
]

export const shownColumns = (columns: readonly ColumnInfo[]): string[] =>
  wanted.filter((id) => columns.some((column) => column.id === id))
