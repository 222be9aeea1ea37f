/** Numbers as the page prints them: U+2212 for minus, a dash for none. */

const signed = (text: string): string => text.replace('-', '−')

export const ratio = (value: number, digits = 3): string =>
  Number.isFinite(value) ? signed(value.toFixed(digits)) : '–'

/** A share as a percentage. */
export const percent = (value: number, digits = 1): string =>
  Number.isFinite(value) ? `${signed((100 * value).toFixed(digits))} %` : '–'

export const count = (value: number): string =>
  Number.isFinite(value) ? signed(Math.round(value).toLocaleString('en-US')) : '–'

const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 })

/** Money, to three digits. */
export const money = (value: number, currency: string): string =>
  Number.isFinite(value) ? `${currency} ${short.format(value)}` : '–'
