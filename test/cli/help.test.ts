import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { commandOf, type Act } from '../../src/cli/act.ts'
import { asClosebellError, oneLine } from '../../src/cli/failure.ts'
import { buildProgram } from '../../src/cli/program.ts'

const leaves = (command: Command): readonly Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves)

const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`

/** Lines of a help text that a reader may paste into sh, without the variables before them. */
const examplesOf = (command: Command): readonly string[] =>
  [...command.helpInformation().matchAll(/^ {2}\$ (.*)$/gm)].map(([, line]) => line.replace(/^([A-Z_]+=\S+ )+/, ''))

/** What commander makes of a line; the command itself is not run. */
async function parsed(line: string): Promise<string> {
  let reached = ''
  const act: Act =
    () =>
    async (...words) =>
      void (reached = pathOf(commandOf(words)))
  await buildProgram(act).parseAsync(line.split(' ').slice(1), { from: 'user' })
  return reached
}

/** How a line that cannot be parsed is refused. */
const refusalOf = async (line: string): Promise<string> => {
  try {
    return `taken by ${await parsed(line)}`
  } catch (error) {
    return oneLine(asClosebellError(error))
  }
}

/** Help as it is printed, with what stands behind the flags. */
function fullHelpOf(command: Command): string {
  let text = ''
  command.configureOutput({ writeOut: (part) => void (text += part) }).outputHelp()
  return text
}

const nothing: Act = () => async () => undefined

describe('help', () => {
  const commands = leaves(buildProgram(nothing))

  it.each(commands.map((command) => [pathOf(command), command] as const))(
    '%s has a sentence, an example that parses, --json and its exit codes',
    async (path, command) => {
      expect(command.summary()).toMatch(/^[A-Z].*\.$/)
      const examples = examplesOf(command)
      expect(examples.length).toBeGreaterThan(0)
      for (const example of examples) expect([example, await parsed(example)]).toEqual([example, path])
      for (const flag of ['--json', '--color', '--no-color', '--log-level', '--config']) {
        expect([path, command.options.some(({ long }) => long === flag)]).toEqual([path, true])
      }
      expect(fullHelpOf(command)).toContain('Exit codes: 0 done, 1 failed or answered no, 2 misused.')
    },
  )

  it.each(commands.map((command) => [pathOf(command), command] as const))(
    '%s suggests the nearest flag to each that is misspelt',
    async (path, command) => {
      for (const flag of command.options.map(({ long }) => long ?? '')) {
        const typo = `${flag.slice(0, -2)}${flag.slice(-1)}`
        if (command.options.some(({ long }) => long === typo)) continue
        const message = await refusalOf(`${path} ${typo}`)
        expect(message).toMatch(new RegExp(`^CB_USAGE: unknown flag ${typo}\\. The nearest is .*${flag}`))
      }
    },
  )

  it('suggests the nearest command, also within a family', async () => {
    for (const command of commands.filter((one) => one.name().length > 3)) {
      const path = pathOf(command)
      const typo = `${path.slice(0, -2)}${path.slice(-1)}`
      const word = typo.split(' ').at(-1) ?? ''
      if (command.parent?.commands.some((one) => one.name() === word) === true) continue
      const message = await refusalOf(typo)
      expect(message).toMatch(new RegExp(`^CB_USAGE: unknown command ${word}\\. The nearest is .*${command.name()}`))
    }
  })

  it('says only what it can be sure of: where nothing is near, the help', async () => {
    expect(await refusalOf('closebell features --xyzzy')).toBe(
      'CB_USAGE: unknown flag --xyzzy. See the command’s --help.',
    )
  })

  it('an example with a flag that the command lacks would be seen', async () => {
    await expect(parsed('closebell features --flow-sizes filled')).rejects.toThrow(/unknown option/)
    await expect(parsed('closebell feed tape')).rejects.toThrow(/missing required argument/)
  })
})
