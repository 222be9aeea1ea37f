import type { Register } from '../act.ts'
import { describe, withSettings } from '../flags.ts'

export const registerDown: Register = (program, act) => {
  const command = describe(program.command('down'), 'Stop what closebell up started.', 'closebell down')
  withSettings(command)
    .option('--folder <folder>', 'folder of the services (default: .closebell/services)')
    .action(
      act(async ({ answer }) => {
        const { defaultFolder, down } = await import('../../services/index.ts')
        const { folder = defaultFolder() } = command.opts<{ folder?: string }>()
        const stopped = await down({ folder })
        answer({ folder, stopped }, () => (stopped.length === 0 ? 'nothing ran' : `stopped ${stopped.join(', ')}`))
      }),
    )
}
