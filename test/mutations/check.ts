import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startVitest } from 'vitest/node'
import { mutations, type Mutation, type MutationRun, type TestName } from './mutations.ts'

/**
 * `npm run check:mutations [-- <words of a mistake>] [--json]`: makes each mistake in what the tests load, never in a
 * file, and expects a test to fail. Exit 1 when one passes, or when a text is no longer there. What caught each is kept
 * in last-run.json.
 */
const root = resolve(import.meta.dirname, '../../..')
// The same draws each time: what is caught today is caught tomorrow.
process.env['SEED'] ??= '1'

/** Names of the tests that failed, of those that ran. */
async function failuresOf([file, pattern]: TestName, mutation: Mutation | null): Promise<string[]> {
  const plugin = {
    name: 'mutation',
    enforce: 'pre' as const,
    transform: (code: string, id: string) =>
      mutation !== null && id === resolve(root, mutation.file) ? code.replace(mutation.from, () => mutation.to) : null,
  }
  const options = { root, watch: false, reporters: [{}], testNamePattern: pattern }
  const vitest = await startVitest('test', [file], options, { plugins: [plugin] })
  const failed: string[] = []
  let ran = 0
  for (const module of vitest.state.getTestModules()) {
    if (module.errors().length > 0) throw new Error(`${file}: ${module.errors()[0]?.message ?? ''}`)
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'skipped') continue
      ran++
      if (state === 'failed') failed.push(test.fullName)
    }
  }
  await vitest.close()
  process.exitCode = 0
  if (ran === 0) throw new Error(`${file} has no test ${JSON.stringify(pattern)}`)
  return failed
}

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true })
const start = performance.now()
const chosen = mutations.filter(({ mistake }) => mistake.includes(positionals[0] ?? ''))
for (const { mistake, file, from } of chosen) {
  const places = readFileSync(resolve(root, file), 'utf8').split(from).length - 1
  if (places !== 1) throw new Error(`${mistake}: its text stands ${places} times in ${file}`)
}
for (const tests of new Set(chosen.map(({ tests }) => tests))) {
  const failed = await failuresOf(tests, null)
  if (failed.length > 0) throw new Error(`red without any mistake: ${failed[0]}`)
}
const caughtBy: Record<string, string | null> = {}
for (const mutation of chosen) {
  const [caught = null] = await failuresOf(mutation.tests, mutation)
  caughtBy[mutation.mistake] = caught
  process.stderr.write(`${mutation.mistake}: ${caught === null ? 'NOT CAUGHT' : `caught by "${caught}"`}\n`)
}
const run: MutationRun = {
  caughtBy,
  node: process.version,
  machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
  date: new Date().toISOString().slice(0, 10),
  seconds: Math.round((performance.now() - start) / 1000),
}
const passed = Object.values(caughtBy).filter((test) => test === null).length
const summary = `${chosen.length - passed} of ${chosen.length} mistakes caught`
process.stdout.write(`${values.json === true ? JSON.stringify(run, null, 2) : summary}\n`)
process.exitCode = passed === 0 ? 0 : 1
