import { cpus, loadavg } from 'node:os'

export interface Cost {
  readonly seconds: number
  /** User and system time of all threads of the process, so that a busy machine does not show. */
  readonly cpuSeconds: number
}

export async function costOf<T>(work: () => Promise<T> | T): Promise<Cost & { readonly result: T }> {
  const wall = performance.now()
  const cpu = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(cpu)
  return { result, seconds: (performance.now() - wall) / 1000, cpuSeconds: (user + system) / 1e6 }
}

/** The middle value; of an even number the lower one of the two in the middle, which is a value that was measured. */
export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]

export const machine = () => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  node: process.versions.node,
  load: loadavg(),
})

export const say = (line: string): void => void process.stderr.write(`${line}\n`)
