import { ClosebellError } from '../errors.ts'
import { profileOf, type MarketProfile } from '../profiles/index.ts'
import type { CalendarData } from './calendar.ts'
import { cnCalendar } from './cn.ts'

export type { CalendarData } from './calendar.ts'
export { cnCalendar }

/** Calendars by name; years are only ever added, so that a day once told to be a trading day stays one. */
const calendars: Record<string, CalendarData> = { cn: cnCalendar }

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

/**
 * Adds the years of `data` to the calendar of its name. Years that the calendar has must be the same, new ones must
 * follow on without a gap; the same data again change nothing.
 * @returns the years that were added
 * @throws ClosebellError CB_FEED_INPUT saying which year is not in order
 */
export function extendCalendar(data: CalendarData): number[] {
  const known = Object.hasOwn(calendars, data.name) ? calendars[data.name] : undefined
  if (known === undefined) {
    throw refused(`there is no calendar ${data.name} to extend; known: ${Object.keys(calendars).join(', ')}`)
  }
  const last = Math.max(...Object.keys(known.closed).map(Number))
  const years = Object.keys(data.closed)
    .map(Number)
    .sort((a, b) => a - b)
  const added = years.filter((year) => !Object.hasOwn(known.closed, year))
  for (const year of years) checkYear(data, year, known)
  added.forEach((year, i) => {
    if (year !== last + 1 + i) throw refused(`calendar ${data.name} ends with ${last}: ${year} does not follow on`)
  })
  if (added.length === 0) return added
  calendars[data.name] = { ...known, version: data.version, closed: { ...known.closed, ...data.closed } }
  return added
}

const refused = (fact: string): ClosebellError => new ClosebellError('CB_FEED_INPUT', fact)

function checkYear(data: CalendarData, year: number, known: CalendarData): void {
  const days = data.closed[year].split(' ')
  const same = Object.hasOwn(known.closed, year) ? known.closed[year] : undefined
  if (same !== undefined && same !== data.closed[year]) {
    throw refused(`calendar ${data.name}: ${year} differs from the one that is known`)
  }
  days.forEach((monthDay, i) => {
    const date = `${year}-${monthDay.slice(0, 2)}-${monthDay.slice(2)}`
    const day = /^\d{4}$/.test(monthDay) ? Date.parse(`${date}T00:00:00Z`) / dayMs : NaN
    if (Number.isNaN(day) || dateOf(day) !== date)
      throw refused(`calendar ${data.name}: ${monthDay} is no MMDD of ${year}`)
    if (isWeekend(day)) throw refused(`calendar ${data.name}: ${date} is a Saturday or Sunday, which are closed anyway`)
    if (i > 0 && days[i - 1] >= monthDay) throw refused(`calendar ${data.name}: ${date} does not come in its order`)
  })
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
  return !isWeekend(day) && !closed.has(date)
}

function isWeekend(day: number): boolean {
  const weekday = (day + 4) % 7 // 1970-01-01 was a Thursday; 0 is Sunday
  return weekday === 0 || weekday === 6
}

/** The date `days` calendar days after a date, before it when negative. @throws ClosebellError CB_USAGE */
export const shiftDays = (date: string, days: number): string => dateOf(dayNumber(date) + days)

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
