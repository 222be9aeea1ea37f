import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TopicName } from '../../schemas/topics.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { readStatusBoard } from '../../src/workers/status/status-board.ts'
import { messagesOf } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { build, closebell, ended, start } from './run-closebell.ts'

const cwd = mkdtempSync(join(tmpdir(), 'closebell-stop-'))
const bus = ['--bus', 'tape:market']
const store = ['--store', 'duckdb:market.duckdb']
const [first, last] = ['2024-01-02', '2024-01-03']

beforeAll(async () => {
  await build()
  const size = ['--instruments', '6', '--days', '2', '--events', '200', '--partitions', '2', '--seed', String(seed)]
  const simulated = await closebell(['simulate', '--out', 'market', ...size], { cwd })
  expect([simulated.code, simulated.lastLine]).toEqual([0, expect.any(String)])
  const imported = await closebell(['import', 'market', 'market/reference', ...store], { cwd })
  expect(imported.code).toBe(0)
}, 300_000)
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

/** Looks at the tape as another process does, until there is what is waited for. */
async function until(isThere: (count: (topic: TopicName) => Promise<number>) => Promise<boolean>): Promise<void> {
  const tape = openTape(join(cwd, 'market'), { clock: realClock })
  const count = async (topic: TopicName): Promise<number> => (await messagesOf(tape, topic)).length
  try {
    await expect.poll(() => isThere(count), { timeout: 60_000, interval: 100 }).toBe(true)
  } finally {
    await tape.close()
  }
}

/** Ends a service by a signal once it has said something. */
async function stopped(child: ChildProcess, name: NodeJS.Signals) {
  const end = ended(child)
  child.kill(name)
  return end
}

const said = (child: ChildProcess, text: string): Promise<void> =>
  new Promise((resolve) => {
    child.stderr?.on('data', (bytes: Buffer) => {
      if (bytes.toString().includes(text)) resolve()
    })
  })

describe('a service that is stopped by SIGTERM ends with 0 and says in one line what it did', () => {
  it('features: days, rows, and where the next start reads on', async () => {
    const child = start(['features', ...bus, '--state', 'features-a', '--log-level', 'warn', '--json'], { cwd })
    await until(async (count) => (await count('status')) > 0 && (await closedDays()).length === 4)
    const { code, stdout, stderr, lastLine } = await stopped(child, 'SIGTERM')
    expect([code, stdout]).toEqual([0, ''])
    const line = new RegExp(
      `^SIGTERM: features stopped: closed ${first}, ${last}, (\\d+) rows of (\\d+) messages, ` +
        'the next start reads on at 0:(\\d+) 1:(\\d+)\\.$',
    )
    expect(lastLine).toMatch(line)
    const [, rows, messages, zero, one] = (line.exec(lastLine) ?? []).map(Number)
    expect([rows > 0, zero + one]).toEqual([true, messages])
    expect(stderr.match(/SIGTERM/g)).toHaveLength(1)
    const tape = openTape(join(cwd, 'market'), { clock: realClock })
    const board = await readStatusBoard(tape)
    await tape.close()
    expect(board.reports().map(({ owner, stage }) => `${owner} ${stage}`)).toEqual([
      'features-a stopped',
      'features-a stopped',
    ])
  }, 120_000)

  it('close: the day that it closed, and the rows that it brought into the store', async () => {
    const child = start(['close', ...bus, ...store, '--models', 'none', '--log-level', 'info', '--json'], { cwd })
    await said(child, `${last}: `)
    const { code, stdout, lastLine } = await stopped(child, 'SIGTERM')
    expect([code, stdout]).toEqual([0, ''])
    expect(lastLine).toMatch(new RegExp(`^SIGTERM: close stopped: closed ${last}, [1-9]\\d* rows\\.$`))
  }, 120_000)

  it('sink: rows', async () => {
    const child = start(['sink', ...bus, ...store, '--log-level', 'info'], { cwd })
    await until(isCommitted)
    const { code, stdout, lastLine } = await stopped(child, 'SIGTERM')
    expect([code, stdout]).toEqual([0, ''])
    expect(lastLine).toMatch(/^SIGTERM: sink stopped: [1-9]\d* rows\.$/)
  }, 120_000)

  it('model: jobs', async () => {
    const child = start(['model', ...bus, '--models', 'none', '--engine', 'reference'], { cwd })
    await said(child, 'model worker')
    const { code, stdout, lastLine } = await stopped(child, 'SIGTERM')
    expect({ code, stdout, lastLine }).toEqual({
      code: 0,
      stdout: '',
      lastLine: 'SIGTERM: model stopped: 0 jobs scored, 0 failed.',
    })
  }, 120_000)
})

describe('Ctrl-C', () => {
  it('says what it saves; a second one stops at once with 130', async () => {
    // Nobody answers there, and a broker is waited for longer than a person likes.
    const child = start(['features', '--bus', 'kafka://127.0.0.1:1', '--log-level', 'debug'], { cwd })
    const connecting = said(child, 'kafkajs')
    const told = said(child, 'Ctrl-C: stopping in order, what is done stays; once more stops at once.')
    const end = ended(child)
    await connecting
    child.kill('SIGINT')
    await told
    child.kill('SIGINT')
    const { code, stdout, stderr } = await end
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    expect(stderr).not.toContain('features stopped')
  }, 60_000)
})

/** PartitionClosed of each partition and day. */
async function closedDays(): Promise<readonly string[]> {
  const tape = openTape(join(cwd, 'market'), { clock: realClock })
  try {
    return (await messagesOf(tape, 'days')).filter(({ key }) => key.endsWith('|closed')).map(({ key }) => key)
  } finally {
    await tape.close()
  }
}

/** Whether the sink has committed everything of `days`. */
async function isCommitted(): Promise<boolean> {
  const tape = openTape(join(cwd, 'market'), { clock: realClock })
  try {
    const text = readFileSync(join(cwd, 'market', 'groups', 'sink-days.json'), 'utf8')
    const committed =
      (JSON.parse(text) as Record<string, Record<string, { offset: number }>>)['closebell.days.v1'] ?? {}
    const ends = await Promise.all([0, 1].map(async (partition) => (await tape.offsets('days', partition)).next))
    return ends.every((next, partition) => (committed[partition]?.offset ?? -1) === next)
  } catch {
    return false
  } finally {
    await tape.close()
  }
}
