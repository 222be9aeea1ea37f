import { isTradingDay, nextTradingDay } from '../../schemas/calendars/index.ts'
import { dayStart, localDate, profileOf, type MarketProfile } from '../../schemas/profiles/index.ts'
import type { CompletedEntry } from './completed-days.ts'

const dayMs = 86_400_000
/** What a close may take when no earlier one says what is usual. */
const firstGuessMs = 300_000
const daysCounted = 10

/** End of the last auction or segment of a date, ms UTC. */
function closeOf(profile: MarketProfile, date: string): number {
  const end = profile.closingAuction?.end ?? profile.segments.at(-1)?.end ?? profile.sessionEnd
  return (dayStart(profile, date) + end) / 1000
}

/** Median time from the close of a day to its completion over the last ten; days that were fed later do not count. */
function usualDelay(profile: MarketProfile, entries: readonly CompletedEntry[]): number {
  const delays = entries
    .filter(({ revision }) => revision === 0)
    .slice(-daysCounted)
    .map(({ date, completedAt }) => completedAt - closeOf(profile, date))
    .filter((delay) => delay >= 0 && delay < dayMs)
    .sort((a, b) => a - b)
  return delays[delays.length >> 1] ?? firstGuessMs
}

/**
 * When a date that is not completed is to be expected, as ISO time; null when it is no trading day or lies before the
 * last day that was completed. @throws ClosebellError CB_CALENDAR_END, CB_USAGE for text that is no date
 */
export function expectedAt(market: string, date: string, entries: readonly CompletedEntry[]): string | null {
  const profile = profileOf(market)
  if (!isTradingDay(profile, date) || date <= (entries.at(-1)?.date ?? '')) return null
  return new Date(closeOf(profile, date) + usualDelay(profile, entries)).toISOString()
}

/** The next date to be completed: the trading day after the last one, today or later when there is none. */
export function nextDate(market: string, entries: readonly CompletedEntry[], now: number): string {
  const profile = profileOf(market)
  const last = entries.at(-1)?.date
  if (last !== undefined) return nextTradingDay(profile, last)
  const today = localDate(profile, now)
  return isTradingDay(profile, today) ? today : nextTradingDay(profile, today)
}
