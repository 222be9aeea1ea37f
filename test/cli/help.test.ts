import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { commandOf, type Act } from '../../src/cli/act.ts'
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
      expect(command.options.map(({ long }) => long)).toContain('--json')
    },
  )

  it('an example with a flag that the command lacks would be seen', async () => {
    await expect(parsed('closebell features --flow-sizes filled')).rejects.toThrow(/unknown option/)
    await expect(parsed('closebell feed tape')).rejects.toThrow(/missing required argument/)
  })
})
