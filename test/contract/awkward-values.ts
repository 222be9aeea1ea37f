/** Doubles and strings that stores have been seen to change on their way. */

export const doubles: readonly number[] = [
  NaN,
  0,
  -0,
  1,
  -1.5,
  0.1,
  1 / 3,
  2 ** 53,
  -(2 ** 53),
  2 ** 53 + 2,
  5e-324,
  2.2250738585072014e-308,
  -1e-300,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  1.7976931348623155e308,
  6_244_678_924.61,
  Math.PI,
  1e22,
  123456789.123456789,
]

export const strings: readonly string[] = [
  'plain',
  '',
  "it's",
  '"quoted"',
  'a,b',
  'a=b',
  'a b',
  ' ',
  'back\\slash',
  'trailing\\',
  'line\nbreak',
  'cr\rlf\r\n',
  'tab\t',
  '\u0001\u007f\u2028\ufeff',
  '__proto__',
  'constructor',
  'null',
  'NaN',
  "'; DROP TABLE factors; --",
  '贵州茅台',
  '🔔',
  'ünï',
  '%20&x=1#',
]

/** A linear congruential generator: enough to draw bit patterns that can be drawn again. */
export function randomOf(start: number): () => number {
  let state = start >>> 0
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
}
