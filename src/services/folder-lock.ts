import { rmSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Lets one process at a time start or stop the services of a folder; the others wait. */
export async function withFolderLock<T>(folder: string, act: () => Promise<T>): Promise<T> {
  const path = join(folder, 'up.lock')
  while (!take(path)) await sleep(50)
  try {
    return await act()
  } finally {
    rmSync(path, { force: true })
  }
}

function take(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (isLeftBehind(path)) rmSync(path, { force: true })
    return false
  }
}

function isLeftBehind(path: string): boolean {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    // Empty: its writer is between creating and filling it.
    if (pid === 0) return false
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
