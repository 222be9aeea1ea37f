import { dayRules, fingerprintText } from '../../schemas/catalogue/index.ts'
import { sets, type SetName } from '../../schemas/topics.ts'
import { sha256 } from '../wire/index.ts'

/**
 * Fingerprint of the catalogue of each set: sixteen hex digits over id, level, unit, inputs and formula of its rules.
 */
export const fingerprints: Readonly<Record<SetName, string>> = Object.fromEntries(
  sets.map((set) => [set, sha256(fingerprintText(dayRules[set])).slice(0, 16)]),
) as Record<SetName, string>

/** Version of the code that rows are a function of; a snapshot of another one is not read. */
export const codeVersion = '0.1.0'
