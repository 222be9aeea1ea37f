const zero = 48
const nine = 57
const dot = 46

/**
 * `text * 10^places` of a plain decimal, exactly: digits are read one by one, so no binary fraction ever rounds.
 * NaN when the text is empty, signed, no decimal, finer than `places`, or past 2^53.
 */
export function scaled(text: string, places: number): number {
  let value = 0
  let decimals = -1
  if (text.length === 0 || text.charCodeAt(0) === dot) return NaN
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === dot && decimals < 0) decimals = 0
    else if (code < zero || code > nine) return NaN
    else if (decimals < places) {
      value = value * 10 + (code - zero)
      if (decimals >= 0) decimals++
    } else if (code !== zero) return NaN
  }
  for (let i = Math.max(decimals, 0); i < places; i++) value *= 10
  return value <= Number.MAX_SAFE_INTEGER ? value : NaN
}

/** A non-negative integer up to 2^53; NaN otherwise. Trailing decimal zeros are allowed. */
export const whole = (text: string): number => scaled(text, 0)

const timeForm = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?$/

/** µs since local midnight of `HH:MM:SS[.ffffff]`; NaN when the text is no time of day. */
export function timeOfDay(text: string): number {
  const match = timeForm.exec(text)
  if (match === null) return NaN
  const seconds = (Number(match[1]) * 60 + Number(match[2])) * 60 + Number(match[3])
  return seconds * 1_000_000 + Number((match[4] ?? '').padEnd(6, '0'))
}
