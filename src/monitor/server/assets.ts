import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
}

/** A folder whose files stand under a prefix on the server. */
export interface AssetFolder {
  readonly prefix: string
  readonly folder: string
}

export interface Asset {
  readonly type: string
  readonly bytes: Buffer
}

/**
 * Files of the page by their path on the server, read once: what is not in this map is not served, whatever a path
 * says.
 */
export function readAssets(folders: readonly AssetFolder[]): ReadonlyMap<string, Asset> {
  const assets = new Map<string, Asset>()
  for (const { prefix, folder } of folders) {
    for (const name of readdirSync(folder)) {
      const type = types[extname(name)]
      const path = join(folder, name)
      if (type !== undefined && statSync(path).isFile())
        assets.set(`${prefix}/${name}`, { type, bytes: readFileSync(path) })
    }
  }
  return assets
}
