import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import { build, closebell, ended, start } from '../cli/run-closebell.ts'
import { realClock } from '../real-clock.ts'
import { closeDay } from '../subscribe/closed-days.ts'
import { ask } from './serving.ts'

const cwd = mkdtempSync(join(tmpdir(), 'closebell-serve-cli-'))
const date = '2024-03-12'

describe('closebell serve', () => {
  beforeAll(async () => {
    const bus = openTape(join(cwd, 'tape'), { clock: realClock })
    await bus.createTopics(1)
    await closeDay(bus, date)
    await bus.close()
    await build()
  }, 300_000)
  afterAll(() => rmSync(cwd, { recursive: true, force: true }))

  it('serves until SIGTERM, then ends with 0 and a line that says what it did', async () => {
    const child = start(['serve', '--bus', 'tape:tape', '--port', '0'], { cwd })
    let said = ''
    child.stderr?.on('data', (bytes: Buffer) => (said += bytes.toString()))
    const ending = ended(child)
    await expect.poll(() => /http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1], { timeout: 20_000 }).toBeDefined()
    const port = Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1])
    const { status, text } = await ask(port, '/v1/days/latest/factors/ML_C', { headers: { accept: 'text/csv' } })
    expect([status, text.split('\r\n')[0]]).toEqual([200, 'symbol,raw,neutral'])
    child.kill('SIGTERM')
    const { code, stdout, lastLine } = await ending
    expect([code, stdout]).toEqual([0, ''])
    expect(lastLine).toMatch(new RegExp(`1 requests, 0 of them refused, 0 streams; ${date} is the last day`))
  })

  it('does not bind to a network without a token, nor where there is no bus', async () => {
    const open = await closebell(['serve', '--bus', 'tape:tape', '--host', '0.0.0.0'], { cwd })
    expect(open).toMatchObject({ code: 2, stdout: '' })
    expect(open.lastLine).toMatch(/^CB_USAGE: 0\.0\.0\.0 is reached from a network, and no token is set\. /)
    expect((await closebell(['serve', '--bus', 'tape:none'], { cwd })).lastLine).toMatch(/^CB_ABSENT: /)
    const lost = await closebell(['serve', '--bus', 'tape:tape', '--token-file', 'lost'], { cwd })
    expect(lost.lastLine).toMatch(/^CB_ABSENT: the token file lost cannot be read/)
    writeFileSync(join(cwd, 'token'), 'short\n')
    const weak = await closebell(['serve', '--bus', 'tape:tape', '--token-file', 'token'], { cwd })
    expect(weak.lastLine).toMatch(/^CB_USAGE: the token has 5 characters/)
  })
})
