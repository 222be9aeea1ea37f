import type { Register } from '../act.ts'
import { servicesFolder, servicesFolderFlag } from '../services-folder.ts'
import { describe, withSettings } from '../flags.ts'

export const registerDown: Register = (program, act) => {
  const command = describe(program.command('down'), 'Stop what closebell up started.', 'closebell down')
  withSettings(command)
    .addOption(servicesFolderFlag())
    .action(
      act(async ({ answer }) => {
        const { down } = await import('../../services/index.ts')
        const folder = await servicesFolder(command)
        const stopped = await down({ folder })
        answer({ folder, stopped }, () => (stopped.length === 0 ? 'nothing ran' : `stopped ${stopped.join(', ')}`))
      }),
    )
}
