import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../cli/run-closebell.ts'

/** Each newer Node that users may have, beside the oldest, which runs everything else. */
const root = join(import.meta.dirname, '..', '..')
const versions = JSON.parse(readFileSync(join(import.meta.dirname, 'versions.json'), 'utf8')) as string[]

/** Cheap suites that touch what a version can change: V8’s numbers, crypto, zlib, streams, the addons. */
const suites = [
  'test/contract/bus-tape.test.ts',
  'test/contract/feed-simulator.test.ts',
  'test/contract/store-duckdb.test.ts',
  'test/engine/tensorflow.test.ts',
  'test/expression/parse.test.ts',
  'test/http',
  'test/streams/capital-flow.test.ts',
  'test/streams/high-frequency.test.ts',
  'test/streams/merge.test.ts',
  'test/streams/order-table.test.ts',
  'test/streams/price-volume.test.ts',
  'test/training/artifact.test.ts',
  'test/wire',
  'test/workers/bad-input.test.ts',
]

const folder = mkdtempSync(join(tmpdir(), 'closebell-node-'))
beforeAll(build)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a command printed under another Node; its exit code is in `code`. */
function under(version: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  const program = join(root, '.tools', 'node', 'node_modules', `node-${version}`, 'bin', 'node')
  return new Promise((resolve) => {
    execFile(program, args, { cwd: root, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code ?? 1)
      resolve({ code, output: stdout + stderr })
    })
  })
}

describe.each(versions)('Node %s', { timeout: 300_000 }, (version) => {
  it('is what runs', async () => {
    expect(await under(version, ['--version'])).toEqual({ code: 0, output: `v${version}\n` })
  })

  it('passes the unit and contract suites', async () => {
    const vitest = join('node_modules', 'vitest', 'vitest.mjs')
    const { code, output } = await under(version, [vitest, 'run', '--maxWorkers', '1', ...suites])
    expect(output).toMatch(/\n\d{3} passed, 0 failed, \d+ skipped\n/)
    expect(code).toBe(0)
  })

  it('runs the demonstration of a small market', async () => {
    const main = join('dist', 'src', 'cli', 'main.js')
    const market = ['--instruments', '16', '--days', '40']
    const out = ['--out', join(folder, version), '--json', '--log-level', 'warn']
    const { code, output } = await under(version, [main, 'demo', ...market, ...out])
    expect(output).toMatch(/"ML_C"|mlC/)
    expect(code).toBe(0)
  })
})
