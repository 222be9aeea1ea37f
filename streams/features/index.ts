import type { Rule } from '../../schemas/catalogue/index.ts'
import { baseFormulas } from './capital-flow/base.ts'
import { ratioFormulas } from './capital-flow/ratios.ts'
import type { Formula } from './formula.ts'
import { minuteFormulas } from './high-frequency/minutes.ts'
import { printFormulas } from './high-frequency/prints.ts'
import { quoteFormulas } from './high-frequency/quotes.ts'
import { priceVolumeFormulas } from './price-volume/daily.ts'

export type { Formula, FormulaContext } from './formula.ts'

const formulas: Readonly<Record<string, Formula>> = {
  ...priceVolumeFormulas,
  ...baseFormulas,
  ...ratioFormulas,
  ...minuteFormulas,
  ...quoteFormulas,
  ...printFormulas,
}

/** Formulas of tick-level rules, in their order. @throws RangeError for a rule without a formula. */
export const formulasOf = (rules: readonly Rule[]): Formula[] =>
  rules.map((rule) => {
    const formula = formulas[rule.id]
    if (formula === undefined) throw new RangeError(`${rule.rule} ${rule.id} has no formula`)
    return formula
  })
