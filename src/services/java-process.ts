import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClosebellError } from '../../schemas/errors.ts'

/** What is written down about a started service, so that any later process finds, checks and stops it. */
export interface ServiceRecord<Ports extends object = object> {
  readonly pid: number
  /** When the process started, in kernel ticks ('' where the system does not tell): pids are given out again. */
  readonly started: string
  readonly log: string
  readonly ports: Ports
}

const recordPath = (folder: string): string => join(folder, 'pid.json')
const portsPath = (folder: string): string => join(folder, 'ports.json')

function readJson<T>(path: string): T | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(`${path}.tmp`, JSON.stringify(value, null, 2))
  renameSync(`${path}.tmp`, path)
}

/** The record of a service's folder, or null when there is none. */
export const readRecord = <Ports extends object>(folder: string): ServiceRecord<Ports> | null =>
  readJson(recordPath(folder))

/** Ports of the last start; unlike the record they outlive a stop, so that a service can come back where it was. */
export const readPorts = <Ports extends object>(folder: string): Ports | null => readJson(portsPath(folder))

function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '')
  } catch {
    return ''
  }
}

/** Whether the recorded process still runs, and is not another one that got its pid. */
export function isRunning(record: ServiceRecord): boolean {
  try {
    process.kill(record.pid, 0)
  } catch {
    return false
  }
  return record.started === startOf(record.pid)
}

/**
 * Lets a process that has just started, and what it starts, give way to others. Where the kernel schedules sessions as
 * groups a priority counts within one alone, so that the group of its own session is put behind others too.
 */
function giveWay(pid: number): void {
  const group = `/proc/${pid}/autogroup`
  const { PRIORITY_BELOW_NORMAL } = constants.priority
  try {
    setPriority(pid, PRIORITY_BELOW_NORMAL)
    if (existsSync(group)) writeFileSync(group, String(PRIORITY_BELOW_NORMAL))
  } catch {
    // It has ended already, as whoever waits for it will find.
  }
}

/**
 * Starts a detached process that outlives this one, with its output in a fresh log file.
 * @param givesWay whether others come first where processors are short
 */
export function launch<Ports extends object>(
  folder: string,
  command: readonly string[],
  ports: Ports,
  givesWay = false,
): ServiceRecord<Ports> {
  mkdirSync(folder, { recursive: true })
  const log = join(folder, 'service.log')
  const output = openSync(log, 'w')
  const [program = '', ...args] = command
  const child = spawn(program, args, { cwd: folder, detached: true, stdio: ['ignore', output, output] })
  closeSync(output)
  child.on('error', () => undefined)
  if (child.pid === undefined) throw new ClosebellError('CB_SERVICE', `${program} could not be started`)
  child.unref()
  if (givesWay) giveWay(child.pid)
  const record = { pid: child.pid, started: startOf(child.pid), log, ports }
  writeJson(recordPath(folder), record)
  writeJson(portsPath(folder), ports)
  return record
}

export type StartOutcome = 'ready' | 'port-taken'

/**
 * Waits until a service is ready.
 * @throws CB_SERVICE, naming the log, when it ends before or is not ready in time
 */
export async function untilReady(
  name: string,
  record: ServiceRecord,
  isReady: (log: string) => Promise<boolean>,
  limitMs: number,
): Promise<StartOutcome> {
  const until = performance.now() + limitMs
  while (performance.now() < until) {
    const log = readFileSync(record.log, 'utf8')
    if (/Address already in use|could not bind socket/i.test(log)) return 'port-taken'
    if (!isRunning(record)) {
      throw new ClosebellError('CB_SERVICE', `${name} ended while starting: ${lastError(log)} (log: ${record.log})`)
    }
    if (await isReady(log)) return 'ready'
    await sleep(50)
  }
  process.kill(record.pid, 'SIGKILL')
  throw new ClosebellError('CB_SERVICE', `${name} was not ready after ${limitMs / 1000} s (log: ${record.log})`)
}

function lastError(log: string): string {
  const lines = log.trim().split('\n')
  const telling = lines.filter((line) => /exception|error|fatal|cannot|unable/i.test(line)).at(-1)
  return (telling ?? lines.at(-1) ?? '').trim().slice(0, 300) || 'it wrote nothing'
}

/** Stops a service: politely, then by force. Its record goes once it has ended. */
export async function stop(folder: string, record: ServiceRecord): Promise<void> {
  if (isRunning(record)) {
    process.kill(record.pid, 'SIGTERM')
    const gentleUntil = performance.now() + 10_000
    while (isRunning(record)) {
      if (performance.now() > gentleUntil) process.kill(record.pid, 'SIGKILL')
      await sleep(25)
    }
  }
  rmSync(recordPath(folder), { force: true })
}

/**
 * Ports below those that systems hand out to outgoing connections: among them, a client that keeps asking for a
 * stopped service could be given the service's own port, and hold it.
 */
const lowestPort = 20_000
const highestPort = 32_000

/** Distinct ports that are free now. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = randomInt(lowestPort, highestPort)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

const listen = (port: number): Promise<ReturnType<typeof createServer>> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })

export async function isFree(port: number): Promise<boolean> {
  try {
    const server = await listen(port)
    await new Promise((resolve) => server.close(resolve))
    return true
  } catch {
    return false
  }
}

/** Whether a port is free, or becomes so: a process that was just killed holds its ports a moment longer. */
export async function becomesFree(port: number): Promise<boolean> {
  for (let attempt = 0; attempt < 20; attempt++) {
    if (await isFree(port)) return true
    await sleep(100)
  }
  return false
}

/** Whether something accepts connections on a port. */
export const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 500 })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
    socket.once('timeout', () => end(false))
  })
