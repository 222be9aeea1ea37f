import { catalogue, type Rule } from '../schemas/catalogue/index.ts'

const heading: Readonly<Record<Rule['set'], string>> = {
  PV: 'PV: prices and volume',
  G: 'G: technical indicators',
  C: 'C: capital flow',
  HF: 'HF: high frequency',
  DP: 'DP: mined expressions',
}

const preface = `# Rules of the stream

Written from the catalogue by \`npm run spec\`; change schemas/catalogue, not this file. Each rule has a test whose
title quotes its ID. An id is never renamed or used again.

- Empty is not zero: a day without trades gives NaN; a bucket without fills on a traded day is a true 0.
- A ratio whose denominator is 0 is NaN; nothing is added to it. A NaN that goes in comes out.
- Values of a minute row are day-to-date, as known at the end of its minute; minute counts scale with what has elapsed.
- Level: \`tick\` needs the day's events of one instrument, \`history\` stored earlier days, \`section\` the universe.
- Inputs: D daily, M minutes, A auction prints, T trades, P parent orders, S snapshots, O orders, X index, R reference,
  H history, Z cross-section.
- Units: CNY currency, sh shares, ct count, bp basis points, ln log of currency, CNY^-8 per hundred million of
  currency, pct a scale of 0..100, st a state in whole numbers, 1 a plain ratio.
- G: bars are traded days, adjusted as of the day; a value depends on the last 250 of them and no other. Prices are
  equal when they differ by less than 1e-9 of themselves. Means of k bars are plain; a window that is not full gives
  NaN; a day without trades has no value.
`

/** A bar would end a table's cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|')

const row = (rule: Rule): string =>
  `| ${[rule.rule, `\`${rule.id}\``, rule.level, rule.unit, rule.inputs.join(''), rule.formula, rule.zh, rule.en]
    .map(cell)
    .join(' | ')} |`

/** The text of SPEC.md: every rule of the catalogue, set by set in the order of the model's columns. */
export function specText(rules: readonly Rule[] = catalogue): string {
  const sets = [...new Set(rules.map((rule) => rule.set))]
  const sections = sets.map((set) =>
    [
      `## ${heading[set]}`,
      '',
      '| rule | id | level | unit | inputs | formula | 中文 | English |',
      '| --- | --- | --- | --- | --- | --- | --- | --- |',
      ...rules.filter((rule) => rule.set === set).map(row),
      '',
    ].join('\n'),
  )
  return [preface, ...sections].join('\n')
}
