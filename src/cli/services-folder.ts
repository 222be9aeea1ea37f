import { resolve } from 'node:path'
import { Option, type Command } from 'commander'

export const servicesFolderFlag = (): Option =>
  new Option('--folder <folder>', 'data, logs and pid files of the services (default: .closebell/services)')

/** Absolute, since the services run in folders of their own. */
export async function servicesFolder(command: Command): Promise<string> {
  const { defaultFolder } = await import('../services/index.ts')
  const { folder } = command.opts<{ folder?: string }>()
  return folder === undefined ? defaultFolder() : resolve(folder)
}
