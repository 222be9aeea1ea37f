import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const readme = readFileSync(new URL('README.md', root), 'utf8')
const commands = [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block]) =>
  (block as string).split('\n').filter((line) => line !== ''),
)
const run = (command: string) =>
  promisify(execFile)('bash', ['-c', command], { cwd: fileURLToPath(root), maxBuffer: 1 << 26 })

describe('README.md', () => {
  it('begins with one sentence, then the demo, then the tests', () => {
    expect(commands.slice(0, 2)).toEqual(['npm run demo', 'npm test'])
    expect(readFileSync(new URL('.ci/run', root), 'utf8')).toContain('npm test')
  })

  it('runs the demo to an ML_C table, and what it shows of it', { timeout: 600_000 }, async () => {
    const demo = await run('npm run --silent demo')
    expect(demo.stdout).toMatch(/COMPLETE r1: \d+ of 96 names/)
    expect(demo.stdout).toMatch(/^ML_C +(PV|C|HF) /m)
    for (const command of commands.slice(2)) {
      const { stdout } = await run(command)
      expect(stdout.trim().split('\n').length, command).toBeGreaterThan(1)
    }
  })
})
