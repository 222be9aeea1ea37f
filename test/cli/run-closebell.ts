import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '..', '..')
const main = join(root, 'dist', 'src', 'cli', 'main.js')

/** Compiles what is missing or outdated in dist; with nothing to do it takes a second. */
export async function build(): Promise<void> {
  await promisify(execFile)(
    process.execPath,
    [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', 'src/cli'],
    {
      cwd: root,
    },
  )
}

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** What a reader of the terminal sees last. */
  readonly lastLine: string
}

export interface Surroundings {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

const environment = (env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('CLOSEBELL_'))
  return { ...Object.fromEntries(own), ...env }
}

export const start = (args: readonly string[], { cwd, env }: Surroundings): ChildProcess =>
  spawn(process.execPath, [main, ...args], { cwd, env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] })

/** Waits for the end of a started command. */
export function ended(child: ChildProcess): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
  child.stderr?.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr, lastLine: stderr.trim().split('\n').at(-1) ?? '' }))
  })
}

export const closebell = (args: readonly string[], surroundings: Surroundings): Promise<Ran> =>
  ended(start(args, surroundings))
