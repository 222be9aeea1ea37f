import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build, closebell, type Ran } from '../cli/run-closebell.ts'
import { seed } from '../seed.ts'
import { drawBars, linesOf, writeCsv } from './drawn-bars.ts'

const cwd = mkdtempSync(join(tmpdir(), 'closebell-import-'))
const run = (...args: string[]): Promise<Ran> => closebell(args, { cwd })

beforeAll(build, 300_000)
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

describe('closebell import', { timeout: 60_000 }, () => {
  const daily = ['import', 'daily', 'bars.csv', '--mapping', 'cn-daily', '--store', 'duckdb:cn.duckdb', '--json']

  it('daily answers with one document of rows, gaps, duplicates and odd values; again, unchanged', async () => {
    const bars = drawBars(seed, ['000001.SZ', '600000.SH'], '2023-01-03', '2023-03-31')
    const [first] = linesOf(bars, 'adjusted')
    writeCsv(join(cwd, 'bars.csv'), [first, ...linesOf(bars, 'adjusted'), first.replace('000001.SZ', '?')])
    const { code, stdout, stderr } = await run(...daily)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      mapping: 'cn-daily',
      unchanged: false,
      names: 2,
      rows: { read: bars.length + 2, stored: bars.length, rejected: 1, untraded: 0, kept: 0 },
      duplicates: 1,
      rejected: [{ file: 'bars.csv', line: bars.length + 3, reason: "code '?' is no symbol" }],
    })
    expect(stderr).toMatch(/bars: started, .* rows/)
    const again = await run(...daily)
    expect(again.code).toBe(0)
    expect(JSON.parse(again.stdout)).toMatchObject({ unchanged: true, rows: { read: 0 } })
  })

  it('in words for a reader', async () => {
    const { stdout } = await run(...daily.slice(0, -1))
    expect(stdout).toMatch(/^unchanged: 2023-01-\d\d to 2023-03-\d\d is in the store, 2 names\n$/)
  })

  it.each([
    [['import', 'daily', 'bars.csv'], 2, /CB_USAGE: --mapping <name\|file> is missing/],
    [['import', 'daily', 'none.csv', '--mapping', 'cn-daily'], 1, /CB_ABSENT: no file none.csv/],
    [['import', 'daily', 'bars.csv', '--mapping', 'nobody'], 1, /CB_ABSENT: no mapping nobody/],
    [
      ['import', 'shares', 'bars.csv', '--mapping', 'cn-fund'],
      1,
      /CB_FEED_INPUT: bars.csv has no column name, outstanding/,
    ],
    [['import', 'calendar', 'none.json'], 1, /CB_ABSENT: no file none.json/],
  ])('%j ends with %i and says why', async (args, exit, message) => {
    const { code, stdout, lastLine } = await run(
      ...args,
      ...(args[1] === 'calendar' ? [] : ['--store', 'duckdb:x.duckdb']),
    )
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' })
    expect(lastLine).toMatch(message)
  })
})
