import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, it } from 'vitest'
import {
  isTradingDay,
  nextTradingDay,
  previousTradingDay,
  shiftTradingDays,
  tradingDays,
} from '../../schemas/calendars/index.ts'
import { cn } from '../../schemas/profiles/index.ts'

const data = resolve(import.meta.dirname, '../../../shared/data')

describe('trading calendar cn', () => {
  it('has as many days a year as the Shanghai exchange counts', () => {
    // Trading days a year in the statistics of the Shanghai Stock Exchange, 2005 to 2025.
    const counts = [
      242, 241, 242, 246, 244, 242, 244, 243, 238, 245, 244, 244, 244, 243, 244, 243, 243, 242, 242, 242, 243,
    ]
    counts.forEach((count, i) => {
      const year = 2005 + i
      expect([year, tradingDays(cn, `${year}-01-01`, `${year}-12-31`).length]).toEqual([year, count])
    })
  })

  it('keeps make-up working weekends closed', () => {
    expect(isTradingDay(cn, '2023-01-28')).toBe(false) // a Saturday that offices worked
    expect(isTradingDay(cn, '2024-02-09')).toBe(false) // New Year's Eve: an office day, the exchanges were closed
    expect(isTradingDay('cn', '2023-02-01')).toBe(true)
  })

  it('steps over holidays both ways', () => {
    expect(nextTradingDay(cn, '2023-01-20')).toBe('2023-01-30')
    expect(previousTradingDay(cn, '2023-01-30')).toBe('2023-01-20')
    expect(shiftTradingDays(cn, '2023-01-22', 1)).toBe('2023-01-30')
    expect(shiftTradingDays(cn, '2023-02-01', -3)).toBe('2023-01-20')
    expect(shiftTradingDays(cn, '2023-02-01', 0)).toBe('2023-02-01')
    expect(() => shiftTradingDays(cn, '2023-01-22', 0)).toThrow(/CB_USAGE/)
  })

  it('fails closed before its first and past its last year', () => {
    expect(() => isTradingDay(cn, '2004-12-31')).toThrow(/CB_CALENDAR_END/)
    expect(() => isTradingDay(cn, '2027-01-02')).toThrow(/CB_CALENDAR_END/)
    expect(() => nextTradingDay(cn, '2026-12-31')).toThrow(/CB_CALENDAR_END/)
    expect(() => previousTradingDay(cn, '2005-01-04')).toThrow(/CB_CALENDAR_END/)
    expect(() => tradingDays(cn, '2026-12-30', '2027-01-05')).toThrow(/CB_CALENDAR_END/)
    expect(() => isTradingDay(cn, '2023-02-30')).toThrow(/CB_USAGE/)
  })

  const absent = existsSync(data) ? '' : ' (skipped: the market data folder is absent)'
  it.skipIf(absent !== '')(`equals the dates on which real prices exist${absent}`, async () => {
    const db = await (await DuckDBInstance.create(':memory:')).connect()
    for (const [files, from, to] of [
      ['cn-daily/*.parquet', '2013-01-01', '2016-12-31'],
      ['cn-csi300/*.parquet', '2020-01-01', '2022-12-31'],
    ]) {
      const query = `select distinct date::varchar from read_parquet('${data}/${files}') order by 1`
      const dates = (await db.runAndReadAll(query)).getRows().map(([date]) => String(date))
      expect(dates.length).toBeGreaterThan(700)
      expect(tradingDays(cn, from as string, to as string)).toEqual(dates)
    }
  })
})
