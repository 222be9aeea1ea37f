import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import { build } from '../cli/run-closebell.ts'
import { realClock } from '../real-clock.ts'
import { closeDay } from './closed-days.ts'

// Goal: who installs the package has `import { subscribe } from 'closebell'`, with its types. Method: the package as
// npm packs it, in a folder of its own, a script that a compiler checks, and that script run.

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')
const tsc = join(root, 'node_modules/typescript/bin/tsc')
const date = '2024-03-12'

const script = `
import { subscribe, ClosebellError, type DayEvent } from 'closebell'

const stop = new AbortController()
const bus: string = process.argv[2] ?? ''
const told: string[] = []
const tell = (day: DayEvent): number => told.push(day.date, String(day.factors.ML_C?.neutral[0]))
for await (const event of subscribe({ bus, from: 'latest', sets: ['ML_C'], signal: stop.signal })) {
  switch (event.type) {
    case 'day': if (!event.degraded) tell(event); stop.abort(); break
    case 'retracted': told.push(event.cause); break
    case 'heartbeat': told.push(event.stage)
  }
}
try {
  await subscribe({ bus: 'tape:none', from: 'latest' }).next()
} catch (error) {
  if (error instanceof ClosebellError) told.push(error.code)
}
console.log(told.join(' '))
`

describe('the package', () => {
  let app: string

  beforeAll(async () => {
    app = mkdtempSync(join(tmpdir(), 'closebell-package-'))
    await build()
    await run(process.execPath, [tsc, '-b', 'src'], { cwd: root })
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', app], {
      cwd: root,
    })
    const installed = join(app, 'node_modules/closebell')
    mkdirSync(installed, { recursive: true })
    await run('tar', ['-xzf', join(app, stdout.trim()), '-C', installed, '--strip-components', '1'])
    symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'))
    symlinkSync(join(root, 'node_modules/@types'), join(app, 'node_modules/@types'))
    writeFileSync(join(app, 'package.json'), '{ "type": "module" }')
    const bus = openTape(join(app, 'tape'), { clock: realClock })
    await bus.createTopics(1)
    await closeDay(bus, date)
    await bus.close()
  }, 300_000)
  afterAll(() => rmSync(app, { recursive: true, force: true }))

  /** What the compiler has to say, of our declarations too where `checksOurs`. */
  const compile = async (text: string, checksOurs: boolean): Promise<string> => {
    writeFileSync(join(app, 'reader.ts'), text)
    const flags = '--strict --target es2023 --module nodenext --types node --skipLibCheck'.split(' ')
    const done = await run(process.execPath, [tsc, ...flags, String(!checksOurs), 'reader.ts'], { cwd: app }).catch(
      (error: unknown) => error,
    )
    return (done as { stdout: string }).stdout
  }

  it('subscribes by its name, with types that hold', { timeout: 120_000 }, async () => {
    expect(await compile(script, true)).toBe('')
    const { stdout } = await run(process.execPath, ['reader.js', 'tape:tape'], { cwd: app })
    expect(stdout.trim()).toBe(`${date} -1 CB_ABSENT`)
  })

  it('refuses at compile time a set that is none, and a value that a day lacks', { timeout: 120_000 }, async () => {
    const wrong = script.replace("sets: ['ML_C']", "sets: ['XX']").replace('event.cause', 'event.reason')
    const errors = await compile(wrong, false)
    expect(errors).toMatch(/TS2322: Type '"XX"' is not assignable to type 'FactorName'/)
    expect(errors).toMatch(/TS2339: Property 'reason' does not exist on type 'RetractedEvent'/)
  })

  it('has the reader in Python with the schemas that it looks for, and no sources', async () => {
    const { stdout } = await run('find', ['.', '-name', '*.avsc', '-o', '-name', '*.py', '-o', '-name', '*.test.js'], {
      cwd: join(app, 'node_modules/closebell'),
    })
    const files = stdout.trim().split('\n')
    expect(files).toContain('./deploy/clients/python/closebell_days.py')
    expect(files).toContain('./schemas/published/Completed.v1.avsc')
    expect(files.filter((file) => file.endsWith('.test.js'))).toEqual([])
  })
})
