import { sets, type SetName } from '../topics.ts'
import { cBaseRules, cModelRules } from './c.ts'
import { dpRules } from './dp.ts'
import { gRules } from './g.ts'
import { hfRules } from './hf.ts'
import { barRules, pvRules } from './pv.ts'
import type { Rule } from './rule.ts'

export { buckets } from './c.ts'
export { fingerprintText } from './rule.ts'
export type { InputLetter, Level, Rule } from './rule.ts'

/** The rules of a set that stand in its day rows, in the order of their columns. */
export const dayRules: Readonly<Record<SetName, readonly Rule[]>> = {
  PV: pvRules,
  G: gRules,
  C: [...cBaseRules, ...cModelRules],
  HF: hfRules,
  DP: dpRules,
}

const isOfStream = (set: SetName): boolean => dayRules[set].some(({ level }) => level === 'tick')

/** Sets whose rows come out of the stream. */
export const streamSets: readonly SetName[] = sets.filter(isOfStream)

/** Sets whose rows the close makes from days that are stored or published; they have no minute rows. */
export const historySets: readonly SetName[] = sets.filter((set) => dayRules[set].length > 0 && !isOfStream(set))

/** The rules of a set that stand in its minute rows: the day rules day-to-date, and for PV the bar of the minute. */
export const minuteRules: Readonly<Record<SetName, readonly Rule[]>> = {
  ...dayRules,
  PV: [...barRules, ...pvRules],
  G: [],
  DP: [],
}

/** The columns of a set that its model reads. */
export const modelRules = (set: SetName): readonly Rule[] => dayRules[set].filter((rule) => rule.modelInput)

/** Every rule once, in the order of SPEC.md. */
export const catalogue: readonly Rule[] = [
  ...pvRules,
  ...barRules,
  ...gRules,
  ...cBaseRules,
  ...cModelRules,
  ...hfRules,
  ...dpRules,
]
