import type { ColumnInfo } from '../protocol/messages.ts'
import type { Language } from './strings.ts'

/** Printed in place of NaN; the reason stands in the cell's title. */
export const noValueText = '–'

const minus = '\u2212'

/** Digits with commas and a real minus; `signed` puts a plus before what is above zero. */
function digits(value: number, decimals: number, signed = false): string {
  const text = Math.abs(value).toFixed(decimals)
  const [whole, fraction] = text.split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  const isZero = /^[0.]*$/.test(text)
  const sign = isZero ? '' : value < 0 ? minus : signed ? '+' : ''
  return `${sign}${grouped}${fraction === undefined ? '' : `.${fraction}`}`
}

/** The largest unit that leaves a digit before the point. */
const units: Readonly<Record<Language, readonly (readonly [number, string])[]>> = {
  en: [
    [1e9, 'bn'],
    [1e6, 'm'],
    [1e3, 'k'],
  ],
  zh: [
    [1e8, '亿'],
    [1e4, '万'],
  ],
}

function inUnits(value: number, language: Language): string {
  const unit = units[language].find(([size]) => Math.abs(value) >= size)
  return unit === undefined ? digits(value, 0) : `${digits(value / unit[0], 2)}${unit[1]}`
}

/** Text of a value by the display of its column; `tick` is the price step of the market. */
export function formatValue(display: ColumnInfo['display'], value: number, language: Language, tick = 0.01): string {
  if (Number.isNaN(value)) return noValueText
  switch (display) {
    case 'price':
      return digits(value, decimalsOf(tick))
    case 'money':
    case 'count':
      return inUnits(value, language)
    case 'percent':
      return digits(100 * value, 2, true)
    case 'bp':
      return digits(value, 1)
    case 'ratio':
    case 'log':
      return Math.abs(value) >= 1e-3 || value === 0 ? digits(value, 3) : small(value)
  }
}

/** A variance of minutes lies near 1e-5: three decimals would print nothing but zeros. */
const small = (value: number): string => value.toExponential(2).replaceAll('-', minus)

const decimalsOf = (tick: number): number => Math.max(0, Math.ceil(-Math.log10(tick) - 1e-9))

export const formatCount = (value: number): string => digits(value, 0)

export const formatShare = (value: number): string => `${digits(100 * value, 1)}%`

/** `1:17:42`, or `41:10` below an hour. */
export function formatSpan(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const two = (n: number): string => String(n).padStart(2, '0')
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`
}

/** Seconds as a person says them: `0.9s`, `45s`, `3:20`. */
export const formatAge = (seconds: number): string =>
  seconds < 10 ? `${seconds.toFixed(1)}s` : seconds < 100 ? `${Math.round(seconds)}s` : formatSpan(seconds)
