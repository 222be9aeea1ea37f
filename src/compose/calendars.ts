import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { extendCalendar, type CalendarData } from '../../schemas/calendars/index.ts'
import { ClosebellError } from '../../schemas/errors.ts'

/** Calendars that were imported lie in the folder that commands run in, as the config file does. */
export const calendarFile = 'closebell.calendar.json'

const calendar = z.strictObject({
  name: z.string(),
  version: z.string(),
  closed: z.record(z.string().regex(/^\d{4}$/, 'is no year'), z.string()),
})

/**
 * Extends the built-in calendars by what was imported in a folder, where something was.
 * @throws ClosebellError CB_CONFIG when the file there is not in the form, CB_FEED_INPUT when it does not fit
 */
export function loadCalendars(folder: string): void {
  const path = join(folder, calendarFile)
  const text = textOf(path)
  if (text === null) return
  for (const data of parse(text, z.array(calendar), 'CB_CONFIG', path)) extendCalendar(data)
}

export interface CalendarImport {
  readonly name: string
  readonly version: string
  /** Years that the calendar did not know before. */
  readonly added: readonly number[]
}

/**
 * Extends a calendar by the years of a file {name, version, closed: {year: 'MMDD MMDD ...'}}, kept in a folder.
 * @throws ClosebellError CB_ABSENT, CB_FEED_INPUT for a file that is not there, not in the form or does not follow on
 */
export function importCalendar(file: string, folder: string): CalendarImport {
  const text = textOf(file)
  if (text === null) throw new ClosebellError('CB_ABSENT', `no file ${file}`)
  const data: CalendarData = parse(text, calendar, 'CB_FEED_INPUT', file)
  const added = extendCalendar(data)
  const path = join(folder, calendarFile)
  const kept = parse(textOf(path) ?? '[]', z.array(calendar), 'CB_CONFIG', path)
  if (added.length > 0)
    writeFileSync(path, `${JSON.stringify([...kept, { ...data, closed: closedOf(data, added) }])}\n`)
  return { name: data.name, version: data.version, added }
}

const closedOf = ({ closed }: CalendarData, years: readonly number[]): Record<string, string> =>
  Object.fromEntries(years.map((year) => [year, closed[year]]))

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function parse<T>(text: string, schema: z.ZodType<T>, code: 'CB_CONFIG' | 'CB_FEED_INPUT', path: string): T {
  let written: unknown
  try {
    written = JSON.parse(text)
  } catch (cause) {
    throw new ClosebellError(code, `${path} is no JSON: ${(cause as Error).message}`, { cause })
  }
  const { data, error } = schema.safeParse(written)
  if (data !== undefined) return data
  const [issue] = error?.issues ?? []
  throw new ClosebellError(code, `${path}: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'is not in the form'}`)
}
