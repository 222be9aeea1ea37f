import { execFile, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { requireJava } from '../../src/services/artifacts.ts'
import { build } from '../cli/run-closebell.ts'
import { seed } from '../seed.ts'

const root = resolve(import.meta.dirname, '../..')
const schedules = 10
/** The schedules hurt services of their own, which are Java processes wherever this runs. */
const missing = await requireJava().then(
  () => '',
  (error: Error) => error.message,
)
if (missing !== '' && process.env['CI'] !== undefined) throw new Error(missing)
if (missing !== '') console.info(`skipped, since no real services can be started here: ${missing}`)

/** Runs the check; its lines of JSON, the counts last. */
async function check(...args: readonly string[]): Promise<{ code: number | null; lines: Record<string, unknown>[] }> {
  const child = spawn(process.execPath, [resolve(root, 'dist/test/faults/real/check.js'), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()))
  const code = await new Promise<number | null>((done) => child.once('close', done))
  const lines = output.trim().split('\n')
  return { code, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

it.skipIf(missing !== '')(
  'what is hurt at a drawn instant gives the same topics, rows and days as an undisturbed run',
  { timeout: 900_000 },
  async () => {
    await build()
    await promisify(execFile)(
      process.execPath,
      [resolve(root, 'node_modules/typescript/bin/tsc'), '-b', 'test/faults/real'],
      {
        cwd: root,
      },
    )
    const { code, lines } = await check('--schedules', String(schedules), '--seed', String(seed), '--lanes', '2')
    console.info(lines.map((line) => JSON.stringify(line)).join('\n'))
    const counts = lines.at(-1) as { passed: number; failed: number; unreached: number }
    expect(lines.filter(({ result }) => result === 'failed')).toEqual([])
    expect(counts.passed + counts.unreached).toBe(schedules)
    expect(counts.passed).toBeGreaterThan(schedules / 2)
    expect(code).toBe(0)
  },
)
