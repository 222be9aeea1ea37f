import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MinuteRows } from '../../schemas/rows.ts'
import { MinuteFile } from '../../src/monitor/server/minute-file.ts'

const rowsOf = (minute: number, values: readonly number[], more: Partial<MinuteRows> = {}): MinuteRows => ({
  date: '2024-03-15',
  partition: 0,
  minute,
  eventTime: 0,
  set: 'HF',
  revision: 0,
  sizing: 'order',
  catalogue: '',
  count: 2,
  instruments: ['600000.SH', '600519.SH'],
  columns: ['hf_rv', 'hf_ofi'],
  quality: Int32Array.of(0, 65536),
  values: Float64Array.from(values),
  crc: 0,
  ...more,
})

describe('the file of a day', () => {
  let folder = ''
  let file: MinuteFile

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'closebell-minutes-'))
    file = new MinuteFile(folder)
  })

  afterEach(() => {
    file.close()
    rmSync(folder, { recursive: true })
  })

  const placeOf = (symbol: string): number => ['600519.SH', '000001.SZ', '600000.SH'].indexOf(symbol)

  it('has no name, so that nothing stays behind however the process ends', () => {
    expect(readdirSync(folder)).toEqual([])
  })

  it('answers a column of a minute by place, from all partitions, NaN where there is none', () => {
    file.take(rowsOf(3, [1, 2, 3, 4]))
    file.take(rowsOf(3, [5, 6], { partition: 1, count: 1, instruments: ['000001.SZ'], quality: Int32Array.of(1) }))
    expect([...file.column(3, 'hf_ofi', 3, placeOf)]).toEqual([4, 6, 3])
    expect([...file.column(3, 'quality', 3, placeOf)]).toEqual([65536, 1, 0])
    expect([...file.column(3, 'pv_close', 3, placeOf)]).toEqual([NaN, NaN, NaN])
    expect(file.partitionsOf(3)).toBe(2)
  })

  it('answers the day of an instrument, NaN where it had no row', () => {
    file.take(rowsOf(-1, [1, 2, NaN, 4]))
    file.take(rowsOf(0, [5, 6, 7, 8]))
    file.take(rowsOf(1, [9, 10], { count: 1, instruments: ['600519.SH'], quality: Int32Array.of(0) }))
    expect(file.minutes).toEqual([-1, 0, 1])
    expect([...file.series('600000.SH', 'hf_ofi', file.minutes)]).toEqual([NaN, 7, NaN])
    expect([...file.series('600519.SH', 'hf_ofi', file.minutes)]).toEqual([4, 8, 10])
  })

  it('takes a later revision in the place of an earlier, and no older or repeated one', () => {
    file.take(rowsOf(0, [1, 2, 3, 4], { revision: 1 }))
    const { bytes } = file
    file.take(rowsOf(0, [9, 9, 9, 9], { revision: 0 }))
    expect([...file.column(0, 'hf_rv', 3, placeOf)]).toEqual([2, NaN, 1])
    file.take(rowsOf(0, [5, 6, 7, 8], { revision: 2 }))
    expect([...file.column(0, 'hf_rv', 3, placeOf)]).toEqual([6, NaN, 5])
    expect(file.bytes).toBe(bytes)
  })
})
