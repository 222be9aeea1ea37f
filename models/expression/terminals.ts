import { dayRules, type Rule } from '../../schemas/catalogue/index.ts'

/** Sets whose catalogue ids an expression may name. */
export const terminalSets = ['PV', 'C', 'HF'] as const
export type TerminalSet = (typeof terminalSets)[number]

/** Names made from catalogue columns; README.md beside this file has the formulas. */
export const derivedTerminals = ['ret', 'amplitude', 'amount', 'turnover', 'trade_amount'] as const

const ruleOf: ReadonlyMap<string, Rule> = new Map(
  terminalSets.flatMap((set) => dayRules[set].map((rule): [string, Rule] => [rule.id, rule])),
)

/**
 * Every name that stands for a feature. Money and shares of C are left to `amount` and `trade_amount`: they are in no
 * unit that compares across names.
 */
export const terminalNames: readonly string[] = [
  ...derivedTerminals,
  ...[...ruleOf.values()].filter((rule) => rule.modelInput).map((rule) => rule.id),
]

/** The set that holds a catalogue id; null for a derived name. */
export const setOfTerminal = (id: string): TerminalSet | null =>
  (ruleOf.get(id)?.set as TerminalSet | undefined) ?? null

/** Columns that are prices: comparable across days only times the adjustment factor. */
export const priceTerminals: readonly string[] = ['pv_open', 'pv_high', 'pv_low', 'pv_close', 'pv_vwap']

/** Terminals whose value depends on the day that prices and shares are adjusted to. */
export const isAdjusted = (id: string): boolean => priceTerminals.includes(id) || id === 'pv_volume'

/** Catalogue columns that a terminal reads. */
export function columnsOfTerminal(id: string): readonly string[] {
  switch (id) {
    case 'ret':
      return ['pv_close']
    case 'amplitude':
      return ['pv_high', 'pv_low']
    case 'amount':
      return ['pv_vwap', 'pv_volume']
    case 'turnover':
      return ['pv_volume']
    case 'trade_amount':
      return ['pv_vwap', 'pv_volume', 'trades']
    default:
      return [id]
  }
}
