import { mkdir, open, readFile, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Disk } from '../../ports/disk.ts'

/** The disk of this machine. */
export const localDisk: Disk = {
  owner: String(process.pid),
  read: async (file) => {
    try {
      return await readFile(file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  },
  write: async (file, bytes) => {
    await mkdir(dirname(file), { recursive: true })
    const handle = await open(file, 'w')
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } catch (error) {
      // A part of a file would keep a full disk full.
      await unlink(file).catch(() => undefined)
      throw error
    } finally {
      await handle.close()
    }
  },
  rename: async (from, to) => {
    await rename(from, to)
    const folder = await open(dirname(to), 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
}
