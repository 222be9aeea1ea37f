import { Argument } from 'commander'
import type { Register } from '../act.ts'
import { shells } from '../completion/scripts.ts'
import { describe, withSettings } from '../flags.ts'

export const registerCompletion: Register = (program, act) => {
  const shell = new Argument('<shell>', shells.join(', '))
  shell.argChoices = [...shells]
  const command = describe(
    program.command('completion').addArgument(shell),
    'Print a script that teaches a shell the commands, flags and values.',
    'closebell completion bash',
    'closebell completion zsh --json',
  )
  withSettings(command).action(
    act(async ({ answer }) => {
      const { ClosebellError } = await import('../../../schemas/errors.ts')
      const { completionScript } = await import('../completion/scripts.ts')
      const { outlinesOf } = await import('../completion/outline.ts')
      const known = shells.find((name) => name === command.args[0])
      if (known === undefined) {
        const remedy = { remedy: `Known: ${shells.join(', ')}.` }
        throw new ClosebellError('CB_USAGE', `no completion for ${command.args[0]}`, remedy)
      }
      const script = completionScript(known, outlinesOf(program))
      answer({ shell: known, script }, () => script)
    }),
  )
}
