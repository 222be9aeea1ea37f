// Programs of Debian packages, unpacked into a folder: nothing is installed or started, nobody has to be root.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Unpacks the packages into the folder, which is emptied first. @returns whether all could be had */
export const unpackPackages = (folder, packages) => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const here = { cwd: folder, stdio: ['ignore', 2, 2] }
  const apt = (...flags) => spawnSync('apt-get', ['--quiet', ...flags], here).status === 0
  const fetched = () => apt('download', ...packages)
  if (!fetched() && !(apt('update') && fetched())) return false
  const files = readdirSync(folder).filter((name) => name.endsWith('.deb'))
  return files.every((file) => {
    const { status } = spawnSync('dpkg', ['--extract', file, '.'], here)
    rmSync(join(folder, file))
    return status === 0
  })
}
