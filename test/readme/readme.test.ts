import { execFile, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ended } from '../cli/run-closebell.ts'
import { shownPage } from '../monitor/shown-page.ts'

const root = new URL('../../', import.meta.url)
const folder = fileURLToPath(root)
const readme = readFileSync(new URL('README.md', root), 'utf8')
const data = fileURLToPath(new URL('../shared/data', root))

/** The commands of the fences with an info string. */
const blocks = (info: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${info}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, block]) => block as string)

const commands = blocks('sh').flatMap((block) => block.split('\n').filter((line) => line !== ''))
const monitors = commands.filter((line) => line.includes(' monitor '))
const run = (script: string, env = {}) =>
  promisify(execFile)('bash', ['-ec', script], { cwd: folder, maxBuffer: 1 << 26, env: { ...process.env, ...env } })

/** Starts the page on a free port, reads it, and stops it as an operator does. */
async function visit(command: string): Promise<string> {
  const server = spawn('bash', ['-c', `exec ${command} --port 0`], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const ending = ended(server)
  const page = await (await fetch(await shownPage(server))).text()
  server.kill('SIGTERM')
  const { code, stderr } = await ending
  expect(code, stderr).toBe(0)
  return page
}

describe('README.md', () => {
  it('begins with one sentence, then the demo, then the tests', () => {
    expect(commands.slice(0, 2)).toEqual(['npm run demo', 'npm test'])
    expect(readFileSync(new URL('.ci/run', root), 'utf8')).toContain('npm test')
  })

  it('shows pictures that exist', () => {
    const pictures = [...readme.matchAll(/!\[.*?\]\((.*?)\)/g)].map(([, path]) => path as string)
    expect(pictures.length).toBeGreaterThan(1)
    for (const path of pictures) expect(existsSync(new URL(path, root)), path).toBe(true)
  })

  it('runs the demo to an ML_C table, and what it shows of it', { timeout: 900_000 }, async () => {
    const demo = await run('npm run --silent demo')
    expect(demo.stdout).toMatch(/COMPLETE r1: \d+ of 96 names/)
    expect(demo.stdout).toMatch(/^ML_C +(PV|G|C|HF|DP) /m)
    for (const command of commands.slice(2).filter((line) => !monitors.includes(line))) {
      const { stdout } = await run(command)
      expect(stdout.trim().split('\n').length, command).toBeGreaterThan(1)
    }
    expect(monitors).toHaveLength(1)
    expect(await visit(monitors[0] as string)).toContain('<title>')
  })

  const isThere = existsSync(data)
  if (!isThere) console.info(`skipped: the real years of README.md, since there is no ${data}`)
  it.skipIf(!isThere)('goes from real years to a report', { timeout: 2_400_000 }, async () => {
    const years = new URL('.closebell/years/', root)
    rmSync(years, { recursive: true, force: true })
    for (const block of blocks('sh data')) await run(block, { DATA: data })
    expect(readFileSync(new URL('report.html', years), 'utf8')).toContain('RankIC')
  })
})
