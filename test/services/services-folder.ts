import { existsSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { down } from '../../src/services/index.ts'
import { containersDown } from './containers.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder of this run's real services; the suites that need them share them, and the run's end stops them. */
    servicesFolder: string
  }
}

const name = 'closebell-test-services-'
const folder = join(tmpdir(), `${name}${process.pid}`)

/** Gives the run a folder for its real services, and clears away those of runs that were killed. */
export async function setup(project: TestProject): Promise<void> {
  for (const entry of readdirSync(tmpdir())) {
    if (entry.startsWith(name) && !isAlive(Number(entry.slice(name.length)))) await clear(join(tmpdir(), entry))
  }
  project.provide('servicesFolder', folder)
}

export const teardown = (): Promise<void> => clear(folder)

async function clear(path: string): Promise<void> {
  if (!existsSync(path)) return
  await down({ folder: path })
  await containersDown(path)
  rmSync(path, { recursive: true, force: true })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
