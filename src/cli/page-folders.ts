import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { AssetFolder } from '../monitor/server/assets.ts'

/** Where the monitor's page lies: its scripts compiled in dist, its document and style beside their source. */
export function pageFolders(): AssetFolder[] {
  const root = packageRoot(import.meta.dirname)
  return [
    { prefix: '/page', folder: join(root, 'src', 'monitor', 'page') },
    { prefix: '/page', folder: join(root, 'dist', 'src', 'monitor', 'page') },
    { prefix: '/protocol', folder: join(root, 'dist', 'src', 'monitor', 'protocol') },
  ]
}

const packageRoot = (folder: string): string =>
  existsSync(join(folder, 'package.json')) ? folder : packageRoot(dirname(folder))
