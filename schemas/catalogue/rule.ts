import type { SetName } from '../topics.ts'

/**
 * `tick`: today's events of one instrument, and Reference. `history`: stored rows of earlier days. `section`: the
 * universe.
 */
export type Level = 'tick' | 'history' | 'section'

/**
 * Inputs: D daily, M minutes, A auction, T trades, P parents, S snapshots, O orders, X index, R reference, H history, Z
 * section.
 */
export type InputLetter = 'D' | 'M' | 'A' | 'T' | 'P' | 'S' | 'O' | 'X' | 'R' | 'H' | 'Z'

/** One row of the catalogue. Ids are never renamed or reused; the order of rows is the order of the model's columns. */
export interface Rule {
  readonly rule: string
  readonly id: string
  readonly set: SetName
  readonly level: Level
  readonly unit: string
  readonly inputs: readonly InputLetter[]
  readonly formula: string
  /** Base fields and bars are stored and shown, but no column of a model. */
  readonly modelInput: boolean
  /** How the value is printed. */
  readonly display: 'price' | 'money' | 'count' | 'ratio' | 'percent' | 'bp' | 'log'
  readonly en: string
  readonly zh: string
}

/** The text that the fingerprint of a set covers: id, level, unit, inputs and formula of its rules, in order. */
export const fingerprintText = (rules: readonly Rule[]): string =>
  JSON.stringify(rules.map((rule) => [rule.id, rule.level, rule.unit, rule.inputs.join(''), rule.formula]))
