import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { ClosebellError } from '../../../schemas/errors.ts'

/** Locks this process holds: a file that names our own pid but is not here was left by an earlier process. */
const held = new Set<string>()

/** When a process started, in kernel ticks, where the system tells: it unmasks a pid that was given out again. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function isLive(text: string, path: string): boolean {
  const [pidText = '', start = ''] = text.split(' ')
  const pid = Number(pidText)
  if (!Number.isInteger(pid) || pid <= 0) return false
  if (pid === process.pid) return held.has(path)
  return isAlive(pid) && (start === '' || startOf(pid) === '' || startOf(pid) === start)
}

/** Linking a finished file makes the lock appear with its content, so that nobody reads it half-written. */
function create(path: string): boolean {
  const draft = `${path}.${process.pid}.new`
  writeFileSync(draft, `${process.pid} ${startOf(process.pid)}`)
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft)
  }
}

/** Moves a dead process's lock away. Another process may have taken it over meanwhile: then it is put back. */
function clearStale(path: string, text: string): void {
  const aside = `${path}.${process.pid}.stale`
  try {
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if (readFileSync(aside, 'utf8') !== text) linkSync(aside, path)
  rmSync(aside)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/** Takes a lock file and answers how to release it. @throws CB_BUS_CONFLICT while a live process holds it */
export function takeLock(path: string): () => void {
  for (let attempt = 0; !create(path); attempt++) {
    const text = read(path)
    if (attempt > 2 || isLive(text, path)) {
      throw new ClosebellError('CB_BUS_CONFLICT', `${path} is held by process ${text.split(' ')[0]}`)
    }
    clearStale(path, text)
  }
  held.add(path)
  return () => {
    if (held.delete(path)) rmSync(path, { force: true })
  }
}
