import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import { build, closebell, ended, start } from '../cli/run-closebell.ts'
import { realClock } from '../real-clock.ts'
import { closeDay } from '../subscribe/closed-days.ts'
import { shownPage } from './shown-page.ts'

const cwd = mkdtempSync(join(tmpdir(), 'closebell-monitor-cli-'))

describe('closebell monitor', () => {
  beforeAll(async () => {
    const bus = openTape(join(cwd, 'tape'), { clock: realClock })
    await bus.createTopics(1)
    await closeDay(bus, '2024-03-12')
    await bus.close()
    await build()
  }, 300_000)
  afterAll(() => rmSync(cwd, { recursive: true, force: true }))

  it(
    'shows its page until SIGTERM, then ends with 0 and a line that says what it did',
    { timeout: 120_000 },
    async () => {
      const child = start(['monitor', '--bus', 'tape:tape', '--store', 'duckdb:none.duckdb', '--port', '0'], { cwd })
      const ending = ended(child)
      const url = await shownPage(child)
      expect(url).toContain('127.0.0.1')
      await expect.poll(async () => (await fetch(`${url}readyz`)).status, { timeout: 20_000 }).toBe(200)
      expect(await (await fetch(`${url}page/main.js`)).text()).toContain('import')
      // A store that is not there yet costs the names, not the page.
      const { date, state } = (await (await fetch(`${url}api/factors`)).json()) as { date: string; state: string }
      expect([date, state]).toEqual(['2024-03-12', 'complete'])
      child.kill('SIGTERM')
      const { code, stdout, lastLine } = await ending
      expect([code, stdout]).toEqual([0, ''])
      expect(lastLine).toMatch(/4 messages read, 0 pages served/)
    },
  )

  it('says what it needs: topics, a token beyond loopback, a file of it', { timeout: 120_000 }, async () => {
    const store = ['--store', 'duckdb:none.duckdb', '--port', '0']
    const absent = await closebell(['monitor', '--bus', 'tape:none', ...store], { cwd })
    expect(absent).toMatchObject({ code: 1, stdout: '' })
    expect(absent.lastLine).toBe(
      'CB_ABSENT: the bus has no topics. Run closebell open or a feed first: they create the topics.',
    )
    const open = await closebell(['monitor', '--bus', 'tape:tape', '--host', '0.0.0.0', ...store], { cwd })
    expect([open.code, open.lastLine]).toEqual([2, expect.stringMatching(/^CB_USAGE: 0\.0\.0\.0 is reached/)])
    const lost = await closebell(['monitor', '--bus', 'tape:tape', '--token-file', 'lost', ...store], { cwd })
    expect(lost.lastLine).toMatch(/^CB_ABSENT: the token file lost cannot be read/)
    writeFileSync(join(cwd, 'token'), 'short\n')
    const weak = await closebell(['monitor', '--bus', 'tape:tape', '--token-file', 'token', ...store], { cwd })
    expect(weak.lastLine).toMatch(/^CB_USAGE: the token has 5 characters/)
  })
})
