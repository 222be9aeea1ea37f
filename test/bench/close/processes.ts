import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const main = resolve('dist/src/cli/main.js')
/** Characters of a log that say why its service ended. */
const tail = 2000

/** The services of a bench as processes of their own, their logs in a folder. */
export class Processes {
  readonly #folder: string
  readonly #children = new Map<string, ChildProcess>()
  readonly #over = new AbortController()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Starts `closebell <name>` with the flags of this process's Node. */
  start(name: string, ...flags: readonly string[]): void {
    const path = join(this.#folder, `${name}.log`)
    const output = openSync(path, 'w')
    const child = spawn(process.execPath, [...process.execArgv, main, name, ...flags], {
      stdio: ['ignore', output, output],
    })
    child.once('exit', (code, signal) => {
      const said = readFileSync(path, 'utf8').slice(-tail)
      this.#over.abort(new Error(`${name} ended in mid-bench (${String(code ?? signal)}): ${said}`))
    })
    this.#children.set(name, child)
  }

  /** Throws what a service said last that has ended by itself: its figures would be those of another day. */
  check(): void {
    this.#over.signal.throwIfAborted()
  }

  /** Most resident memory of each so far, MB. */
  memoryMb(): Record<string, number> {
    this.check()
    return Object.fromEntries([...this.#children].map(([name, { pid }]) => [name, peakMb(pid)]))
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#children.values()].map(ended))
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const over = once(child, 'exit')
  child.kill()
  await over
}

const peakMb = (pid: number | undefined): number =>
  Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024)
