import { expect, it } from 'vitest'
import type { Disk } from '../../src/ports/disk.ts'
import { writeSnapshot } from '../../src/workers/features/snapshot.ts'

/** A disk that two processes share. */
function sharedDisk() {
  const files = new Map<string, string>()
  const of = (owner: string): Disk => ({
    owner,
    read: () => Promise.resolve(null),
    write: async (file, bytes) => void files.set(file, Buffer.from(bytes).toString()),
    rename: async (from, to) => {
      const text = files.get(from)
      if (text === undefined) throw new Error(`no file ${from}`)
      files.delete(from)
      files.set(to, text)
    },
  })
  return { files, of }
}

it('two workers that both take a partition for theirs write its snapshot without touching each other’s', async () => {
  const { files, of } = sharedDisk()
  await Promise.all(['a', 'b'].map((owner) => writeSnapshot(of(owner), 'market-0.snapshot', Buffer.from(owner))))
  expect([...files]).toEqual([['market-0.snapshot', 'b']])
})
