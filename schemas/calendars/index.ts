import { ClosebellError } from '../errors.ts'
import { profileOf, type MarketProfile } from '../profiles/index.ts'
import type { CalendarData } from './calendar.ts'
import { cnCalendar } from './cn.ts'

export type { CalendarData } from './calendar.ts'
export { cnCalendar }

const calendars: Readonly<Record<string, CalendarData>> = { cn: cnCalendar }

/** Closed dates by calendar and year, built once: panels ask for years of days at a time. */
const closedDates = new Map<string, ReadonlySet<string>>()

const dayMs = 86_400_000
const dateOf = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10)

/** Days since 1970-01-01. @throws ClosebellError CB_USAGE when the text is no date YYYY-MM-DD. */
function dayNumber(date: string): number {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) / dayMs : NaN
  if (Number.isNaN(day) || dateOf(day) !== date) throw new ClosebellError('CB_USAGE', `${date} is no date YYYY-MM-DD`)
  return day
}

function closedIn(calendar: CalendarData, year: number): ReadonlySet<string> {
  const key = `${calendar.name} ${year}`
  const known = closedDates.get(key)
  if (known !== undefined) return known
  const text = Object.hasOwn(calendar.closed, year) ? calendar.closed[year] : undefined
  if (text === undefined) {
    const years = Object.keys(calendar.closed)
    throw new ClosebellError(
      'CB_CALENDAR_END',
      `calendar ${calendar.name} ${calendar.version} knows ${years[0]} to ${years.at(-1)}, not ${year}`,
    )
  }
  const dates = new Set(text.split(' ').map((monthDay) => `${year}-${monthDay.slice(0, 2)}-${monthDay.slice(2)}`))
  closedDates.set(key, dates)
  return dates
}

function calendarOf(profile: MarketProfile | string): CalendarData {
  const { name, calendar } = typeof profile === 'string' ? profileOf(profile) : profile
  const data = Object.hasOwn(calendars, calendar) ? calendars[calendar] : undefined
  if (data === undefined) throw new ClosebellError('CB_CALENDAR_END', `profile ${name} names calendar ${calendar}`)
  return data
}

function opens(calendar: CalendarData, day: number): boolean {
  const date = dateOf(day)
  const closed = closedIn(calendar, Number(date.slice(0, 4)))
  const weekday = (day + 4) % 7 // 1970-01-01 was a Thursday; 0 is Sunday
  return weekday !== 0 && weekday !== 6 && !closed.has(date)
}

/** Whether the market trades on a date (YYYY-MM-DD). @throws ClosebellError CB_CALENDAR_END outside the known years. */
export const isTradingDay = (profile: MarketProfile | string, date: string): boolean =>
  opens(calendarOf(profile), dayNumber(date))

/** Trading days in [from, to], ascending. @throws ClosebellError CB_CALENDAR_END when a day of it is not known. */
export function tradingDays(profile: MarketProfile | string, from: string, to: string): string[] {
  const calendar = calendarOf(profile)
  const last = dayNumber(to)
  const days: string[] = []
  for (let day = dayNumber(from); day <= last; day++) if (opens(calendar, day)) days.push(dateOf(day))
  return days
}

/**
 * The trading day that is `count` trading days after `date` (before it when negative); `date` itself need not be one.
 * 0 is the date itself and asks for a trading day. @throws ClosebellError CB_CALENDAR_END, CB_USAGE
 */
export function shiftTradingDays(profile: MarketProfile | string, date: string, count: number): string {
  const calendar = calendarOf(profile)
  let day = dayNumber(date)
  if (count === 0 && !opens(calendar, day)) {
    throw new ClosebellError('CB_USAGE', `${date} is no trading day of calendar ${calendar.name}`)
  }
  const step = Math.sign(count)
  for (let left = Math.abs(count); left > 0;) if (opens(calendar, (day += step))) left--
  return dateOf(day)
}

/** First trading day after a date. @throws ClosebellError CB_CALENDAR_END */
export const nextTradingDay = (profile: MarketProfile | string, date: string): string =>
  shiftTradingDays(profile, date, 1)

/** Last trading day before a date. @throws ClosebellError CB_CALENDAR_END */
export const previousTradingDay = (profile: MarketProfile | string, date: string): string =>
  shiftTradingDays(profile, date, -1)
