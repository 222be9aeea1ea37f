import type { Disk } from '../../../src/ports/disk.ts'
import type { Random } from '../../../src/simulator/random.ts'
import type { Process } from './process.ts'

interface File {
  bytes: Uint8Array
  /** Who has written to it what is not safe yet. */
  unsafe: Process | null
}

const full = (): Error => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
const absent = (file: string): Error => Object.assign(new Error(`no file ${file}`), { code: 'ENOENT' })

export type Files = ReadonlyMap<string, Uint8Array>

/** The one disk that all processes of a world write to; a machine that dies loses what was not safe. */
export class WorldDisk {
  readonly #files: Map<string, File>
  readonly #random: Random
  readonly #isFull: () => boolean
  #owners = 0
  /** What each process put in its place last. */
  readonly #placed = new Map<Process, Map<string, Uint8Array>>()

  constructor(before: Files, random: Random, isFull: () => boolean) {
    this.#files = new Map([...before].map(([name, bytes]) => [name, { bytes, unsafe: null }]))
    this.#random = random
    this.#isFull = isFull
  }

  get files(): Files {
    return new Map([...this.#files].map(([name, { bytes }]) => [name, bytes]))
  }

  /** The bytes that a process itself last put in the place of a file. */
  placedBy(process: Process, file: string): Uint8Array | null {
    return this.#placed.get(process)?.get(file) ?? null
  }

  /** What was being written when a machine died is there in part. */
  lose(process: Process): void {
    for (const file of this.#files.values()) {
      if (file.unsafe !== process) continue
      file.bytes = file.bytes.subarray(0, this.#random.below(file.bytes.length + 1))
      file.unsafe = null
    }
  }

  of(process: Process): Disk {
    return {
      owner: String(++this.#owners),
      read: (file) => process.call(() => this.#files.get(file)?.bytes ?? null, full),
      write: async (file, bytes) => {
        const opened = await process.call(() => this.#open(file, process), full)
        await process.call(() => {
          const part = bytes.subarray(0, this.#isFull() ? bytes.length >> 1 : bytes.length)
          opened.bytes = part
          if (part.length < bytes.length) throw full()
        }, full)
        await process.call(() => (opened.unsafe = null), full)
      },
      rename: (from, to) =>
        process.call(() => {
          const file = this.#files.get(from)
          if (file === undefined) throw absent(from)
          this.#files.delete(from)
          this.#files.set(to, file)
          this.#placed.set(process, (this.#placed.get(process) ?? new Map<string, Uint8Array>()).set(to, file.bytes))
        }, full),
    }
  }

  /** Opened for writing, a file that is there is emptied and stays the same file to whoever has it open. */
  #open(name: string, process: Process): File {
    const file = this.#files.get(name) ?? { bytes: new Uint8Array(0), unsafe: null }
    file.bytes = new Uint8Array(0)
    file.unsafe = process
    this.#files.set(name, file)
    return file
  }
}
