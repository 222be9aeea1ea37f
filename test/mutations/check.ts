import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { startVitest } from 'vitest/node'
import { mutations, type Mutation, type TestName } from './mutations.ts'

/**
 * `npm run check:mutations [-- <words of a mistake>]`: makes each mistake in what the tests load, never in a file, and
 * expects a test to fail. Exit 1 when one passes, or when a text is no longer there.
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

const wanted = process.argv[2] ?? ''
const chosen = mutations.filter(({ mistake }) => mistake.includes(wanted))
for (const { mistake, file, from } of chosen) {
  const places = readFileSync(resolve(root, file), 'utf8').split(from).length - 1
  if (places !== 1) throw new Error(`${mistake}: its text stands ${places} times in ${file}`)
}
for (const tests of new Set(chosen.map(({ tests }) => tests))) {
  const failed = await failuresOf(tests, null)
  if (failed.length > 0) throw new Error(`red without any mistake: ${failed[0]}`)
}
let passed = 0
for (const mutation of chosen) {
  const [caught] = await failuresOf(mutation.tests, mutation)
  if (caught === undefined) passed++
  process.stdout.write(`${mutation.mistake}: ${caught === undefined ? 'NOT CAUGHT' : `caught by "${caught}"`}\n`)
}
process.stdout.write(`${chosen.length - passed} of ${chosen.length} mistakes caught\n`)
process.exitCode = passed === 0 ? 0 : 1
