import type { SetName } from '../topics.ts'
import { cBaseRules, cModelRules } from './c.ts'
import { hfRules } from './hf.ts'
import { barRules, pvRules } from './pv.ts'
import type { Rule } from './rule.ts'

export { buckets } from './c.ts'
export { fingerprintText } from './rule.ts'
export type { InputLetter, Level, Rule } from './rule.ts'

/** The rules of a set that stand in its day rows, in the order of their columns. */
export const dayRules: Readonly<Record<SetName, readonly Rule[]>> = {
  PV: pvRules,
  G: [],
  C: [...cBaseRules, ...cModelRules],
  HF: hfRules,
  DP: [],
}

/** The rules of a set that stand in its minute rows: the day rules day-to-date, and for PV the bar of the minute. */
export const minuteRules: Readonly<Record<SetName, readonly Rule[]>> = {
  ...dayRules,
  PV: [...barRules, ...pvRules],
}

/** The columns of a set that its model reads. */
export const modelRules = (set: SetName): readonly Rule[] => dayRules[set].filter((rule) => rule.modelInput)

/** Every rule once, in the order of SPEC.md. */
export const catalogue: readonly Rule[] = [...pvRules, ...barRules, ...cBaseRules, ...cModelRules, ...hfRules]
