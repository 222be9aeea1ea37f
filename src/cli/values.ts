import { InvalidArgumentError } from 'commander'

/** Parsers of flag values; what they refuse is a misuse. */

export function wholeNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isSafeInteger(value)) throw new InvalidArgumentError('It is no whole number')
  return value
}

export function positiveNumber(text: string): number {
  const value = Number(text)
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('It is no number above 0')
  return value
}

export function someText(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It says nothing')
  return text
}

export function dateValue(text: string): string {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text) {
    throw new InvalidArgumentError('It is no date YYYY-MM-DD')
  }
  return text
}

export interface DateRange {
  readonly from: string
  readonly to: string
}

/** `A` or `A..B`, both inclusive. */
export function dateRange(text: string): DateRange {
  const [from = '', to = from, ...rest] = text.split('..')
  if (rest.length > 0) throw new InvalidArgumentError('It is neither a date nor A..B')
  if (dateValue(from) > dateValue(to)) throw new InvalidArgumentError('Its end lies before its start')
  return { from, to }
}

/** Time of day, µs since local midnight; or seconds, as it was once given. */
export type Deadline = { readonly time: number } | { readonly seconds: number }

/** `HH:MM`, or a number of seconds. */
export function deadlineValue(text: string): Deadline {
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
  if (hours !== undefined) return { time: (Number(hours) * 60 + Number(minutes)) * 60_000_000 }
  if (text.includes(':')) throw new InvalidArgumentError('It is no time of day HH:MM')
  return { seconds: positiveNumber(text) }
}

/** A comma list; given again, the flag adds to it. */
export const commaList = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(',').filter((part) => part !== ''),
]
