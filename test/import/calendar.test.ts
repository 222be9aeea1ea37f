import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { isTradingDay, tradingDays } from '../../schemas/calendars/index.ts'
import { calendarFile, importCalendar, loadCalendars } from '../../src/compose/calendars.ts'

const folder = mkdtempSync(join(tmpdir(), 'closebell-calendar-'))
const elsewhere = mkdtempSync(join(tmpdir(), 'closebell-calendar-'))
afterAll(() => [folder, elsewhere].forEach((path) => rmSync(path, { recursive: true, force: true })))

function written(content: unknown): string {
  const path = join(folder, 'years.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const calendar = (closed: Record<string, string>) => ({ name: 'cn', version: '2027.1', closed })

describe('import calendar', () => {
  it('adds the year that follows on, once, and keeps it for the commands of the folder', () => {
    expect(() => isTradingDay('cn', '2027-01-04')).toThrow(/CB_CALENDAR_END: .*2027.*import calendar FILE/)
    const file = written(calendar({ 2027: '0101 0208' }))
    expect(importCalendar(file, folder)).toEqual({ name: 'cn', version: '2027.1', added: [2027] })
    const kept = readFileSync(join(folder, calendarFile), 'utf8')
    expect(importCalendar(file, folder).added).toEqual([])
    expect(readFileSync(join(folder, calendarFile), 'utf8')).toBe(kept)
    expect(tradingDays('cn', '2027-02-05', '2027-02-09')).toEqual(['2027-02-05', '2027-02-09'])
    loadCalendars(folder)
    loadCalendars(elsewhere)
    expect(isTradingDay('cn', '2027-02-08')).toBe(false)
  })

  it.each([
    [calendar({ 2026: '0101' }), /2026 differs from the one that is known/],
    [calendar({ 2029: '0101' }), /ends with 2027: 2029 does not follow on/],
    [calendar({ 2028: '0101' }), /2028-01-01 is a Saturday or Sunday/],
    [calendar({ 2028: '0230' }), /0230 is no MMDD of 2028/],
    [calendar({ 2028: '0502 0501' }), /2028-05-01 does not come in its order/],
    [{ ...calendar({ 2028: '0103' }), name: 'uk' }, /there is no calendar uk to extend; known: cn/],
    [{ name: 'cn', closed: {} }, /years.json: version: /],
    ['{', /years.json is no JSON/],
  ])('refuses %j', (content, message) => {
    expect(() => importCalendar(written(content), folder)).toThrow(message)
    expect(() => isTradingDay('cn', '2028-01-04')).toThrow(/CB_CALENDAR_END/)
  })

  it('a damaged kept file is the configuration’s fault', () => {
    writeFileSync(join(elsewhere, calendarFile), '[{"name": 1}]')
    expect(() => loadCalendars(elsewhere)).toThrow(/CB_CONFIG: .*closebell.calendar.json: 0.name/)
  })
})
