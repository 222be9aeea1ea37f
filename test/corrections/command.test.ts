import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import { build, closebell, type Ran } from '../cli/run-closebell.ts'
import { featuresOf } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { append, inTimeLog } from './corrected-tape.ts'

const cwd = mkdtempSync(join(tmpdir(), 'closebell-correct-'))
let date = ''

/** A tape with one day, closed or still open. */
async function tape(name: string, isClosed: boolean): Promise<void> {
  const bus = openTape(join(cwd, name), { clock: realClock })
  const day = await inTimeLog(seed)
  date = day.date
  await append(bus, day.log)
  if (isClosed) await featuresOf(bus, { date, minuteRows: false }).run()
  await bus.close()
}

const correct = (bus: string, ...more: readonly string[]): Promise<Ran> =>
  closebell(['correct', '--bus', `tape:${bus}`, ...more], { cwd })

describe('closebell correct', () => {
  beforeAll(async () => {
    await build()
    await tape('closed', true)
    await tape('open', false)
  }, 300_000)
  afterAll(() => rmSync(cwd, { recursive: true, force: true }))

  it('answers the revision that it started, as a line or as a document', async () => {
    const first = await correct('closed', '--date', date, '--cause', 'channel 6 resent')
    expect([first.code, first.stdout]).toEqual([0, `${date} gets r2: channel 6 resent\n`])
    const cause = 'prices of another day'
    const second = await correct('closed', '--date', date, '--retract', '--cause', cause, '--json')
    expect([second.code, JSON.parse(second.stdout)]).toEqual([0, { date, revision: 2, retracted: true, cause }])
    const again = await correct('closed', '--date', date, '--retract', '--cause', 'twice', '--json')
    expect([again.code, again.stdout]).toEqual([1, ''])
    expect(again.lastLine).toBe(
      `CB_RETRACTED: ${date} is taken back already, by r3: ${cause}. ` +
        'closebell correct without --retract gives it values again.',
    )
    const third = await correct('closed', '--date', date, '--cause', 'prices are right', '--json')
    expect(JSON.parse(third.stdout)).toMatchObject({ revision: 3, retracted: false })
  })

  it.each([
    ['open', () => date, /^CB_NOT_CLOSED: \S+ is open on partition 0\. /],
    ['closed', () => '2031-03-03', /^CB_ABSENT: 2031-03-03 was never opened, or the log does not keep it any more\. /],
    ['closed', () => '2024-01-01', /^CB_ABSENT: 2024-01-01 was never opened/],
    ['none', () => date, /^CB_ABSENT: /],
  ])('says in one line why %s has nothing to correct', async (bus, day, line) => {
    const { code, stdout, lastLine } = await correct(bus, '--date', day(), '--cause', 'any', '--json')
    expect([code, stdout, lastLine]).toEqual([1, '', expect.stringMatching(line)])
  })

  it.each([
    [['--cause', 'any'], /^CB_USAGE: --date <date> is missing/],
    [['--date', '2024-01-02'], /^CB_USAGE: --cause <text> is missing/],
    [['--date', '2024-02-30', '--cause', 'any'], /^CB_USAGE: --date '2024-02-30' is no date/],
    [['--date', '2024-01-02', '--cause', ''], /^CB_USAGE: --cause /],
  ])('refuses %j', async (words, line) => {
    const { code, stdout, lastLine } = await correct('closed', ...words)
    expect([code, stdout, lastLine]).toEqual([2, '', expect.stringMatching(line)])
  })
})
