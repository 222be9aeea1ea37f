import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Act } from '../../src/cli/act.ts'
import { listed, outlinesOf } from '../../src/cli/completion/outline.ts'
import { completionScript, type Shell } from '../../src/cli/completion/scripts.ts'
import { buildProgram } from '../../src/cli/program.ts'

const nothing: Act = () => async () => undefined
const outlines = outlinesOf(buildProgram(nothing))
const isThere = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).error === undefined

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'closebell-completion-'))
  writeFileSync(join(folder, 'a-file'), '')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What each shell offers behind the words of a line, the last of which is being typed. */
const offers: Readonly<Record<Shell, (words: readonly string[]) => readonly string[]>> = {
  bash: (words) => {
    const line = words.map((word) => `'${word}'`).join(' ')
    const script =
      `${completionScript('bash', outlines)}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _closebell\n` +
      'printf "%s\\n" "${COMPREPLY[@]}"'
    return lines(execFileSync('bash', ['--norc', '-c', script], { cwd: folder, encoding: 'utf8' }))
  },
  zsh: (words) => {
    const line = words.map((word) => `'${word}'`).join(' ')
    const stubs =
      'compadd() { shift; print -l -- "$@" }; _files() { print -l -- * };' +
      '_describe() { print -l -- "${(@)${(P)2}%%:*}" }'
    const script =
      `${stubs}\n${completionScript('zsh', outlines)}\n` + `words=(${line}); CURRENT=${words.length}; _closebell`
    return startingWith(words, lines(execFileSync('zsh', ['-f', '-c', script], { cwd: folder, encoding: 'utf8' })))
  },
  fish: (words) => {
    const script = `${completionScript('fish', outlines)}\ncomplete -C "${words.join(' ')}"`
    const shown = lines(execFileSync('fish', ['--no-config', '-c', script], { cwd: folder, encoding: 'utf8' }))
    return shown.map((line) => line.split('\t')[0])
  },
}

const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')
/** A shell itself filters what it is offered; only the stubs do not. */
const startingWith = (words: readonly string[], found: readonly string[]): readonly string[] =>
  found.filter((word) => word.startsWith(words.at(-1) ?? ''))

describe('completion', () => {
  it('knows every command and flag of the program, and the values that a description lists', () => {
    const paths = outlines.map(({ path }) => path)
    expect(paths).toEqual(expect.arrayContaining(['', 'features', 'import daily', 'feed cn-l2', 'completion']))
    const features = outlines.find(({ path }) => path === 'features')
    const flag = (name: string) => features?.flags.find((one) => one.name === name)
    expect(flag('--flow-size')?.values).toEqual(['order', 'filled', 'trade'])
    expect(flag('--log-level')?.values).toEqual(['debug', 'info', 'warn', 'error'])
    expect(flag('--state')?.values).toBe('files')
    expect(flag('--until-close')?.takesValue).toBe(false)
    expect(listed('none, own, regime or all (default: own)')).toEqual(['none', 'own', 'regime', 'all'])
    expect(listed('a date or A..B')).toBe(null)
    expect(listed('end after this day')).toBe(null)
  })

  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    describe.skipIf(!isThere(shell))(`in ${shell}`, () => {
      it.each([
        [['closebell', 'feat'], ['features']],
        [['closebell', 'import', 'dai'], ['daily']],
        [['closebell', 'features', '--flow'], ['--flow-size']],
        [['closebell', 'features', '--flow-size', 'f'], ['filled']],
        [['closebell', 'model', '--bus', 'tape:x', '--engine', 'ref'], ['reference']],
        [['closebell', 'completion', 'fi'], ['fish']],
        [['closebell', 'features', '--state', 'a-f'], ['a-file']],
      ])('%j is completed to %j', (words, found) => {
        expect(offers[shell](words)).toEqual(found)
      })

      it('offers every command at the start, and no command behind one', () => {
        const names = buildProgram(nothing).commands.map((command) => command.name())
        expect([...offers[shell](['closebell', ''])].filter((word) => !word.startsWith('-')).sort()).toEqual(
          names.sort(),
        )
        expect(offers[shell](['closebell', 'features', 'clo'])).toEqual([])
      })
    })
  }
})
