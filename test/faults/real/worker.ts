import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process that is started again whenever it ends, as a supervisor would, until it is stopped. */
export class Worker {
  readonly name: string
  starts = 0
  readonly #args: readonly string[]
  readonly #log: string
  readonly #again: 'always' | 'until-done'
  #child: ChildProcess | null = null
  #isStopping = false
  #isTold = false
  #done: Promise<void> = Promise.resolve()

  /** `until-done`: a job that ends when it exits with 0. */
  constructor(name: string, args: readonly string[], log: string, again: 'always' | 'until-done' = 'always') {
    this.name = name
    this.#args = args
    this.#log = log
    this.#again = again
  }

  get pid(): number {
    return this.#child?.pid ?? -1
  }

  start(): void {
    this.#done = this.#run()
  }

  /** Resolves when a job is done, or a service was stopped. @throws when it died too often */
  done(): Promise<void> {
    return this.#done
  }

  signal(signal: NodeJS.Signals): void {
    // A job that is told to stop ends in order, and has to be started again all the same.
    if (signal === 'SIGTERM') this.#isTold = true
    if (this.#child?.exitCode === null) this.#child.kill(signal)
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.signal('SIGCONT')
    this.signal('SIGTERM')
    const kill = setTimeout(() => this.signal('SIGKILL'), 8000)
    await this.#done.catch(() => undefined)
    clearTimeout(kill)
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      if (++this.starts > startsMax) throw new Error(`${this.name} was started ${startsMax} times, see ${this.#log}`)
      const output = openSync(this.#log, 'a')
      const child = spawn(process.execPath, this.#args, { stdio: ['ignore', output, output] })
      closeSync(output)
      this.#child = child
      const code = await new Promise<number | null>((resolve) => child.once('exit', (status) => resolve(status)))
      this.#child = null
      if (this.#again === 'until-done' && code === 0 && !this.#isTold) return
      this.#isTold = false
      if (!this.#isStopping) await sleep(restartMs)
    }
  }
}

/** Over the days of one deployment; each fault costs a start or two. */
const startsMax = 40
const restartMs = 200
