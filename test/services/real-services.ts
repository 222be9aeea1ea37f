import { existsSync } from 'node:fs'
import { tmpdir, homedir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { ClosebellError } from '../../schemas/errors.ts'
import { up } from '../../src/services/index.ts'
import { containersUp } from './containers.ts'
import type {} from './services-folder.ts'

export interface RealServices {
  readonly kafka: { readonly host: string; readonly port: number }
  readonly questdb: { readonly host: string; readonly port: number; readonly pgPort: number }
}

type Wanted = readonly (keyof RealServices)[]

/**
 * The real services that a suite needs, started once for all suites of a run: containers where a container runtime
 * answers, else Java processes. Where neither can be, `null` and one line that says so; with CI set that is an error.
 */
export async function withServices<Names extends Wanted>(
  ...wanted: Names
): Promise<Pick<RealServices, Names[number]> | null> {
  const folder = inject('servicesFolder')
  try {
    if (mayHaveContainers()) {
      const found = await containersUp(folder, wanted)
      if (found !== null) return found as RealServices
    }
    const { kafka, questdb } = await up({
      folder,
      kafka: wanted.includes('kafka'),
      questdb: wanted.includes('questdb'),
      questdbDevMode: true,
    })
    return { kafka, questdb } as RealServices
  } catch (error) {
    const isMissing = error instanceof ClosebellError && error.code === 'CB_REQUIREMENT'
    if (!isMissing || process.env['CI'] !== undefined) throw error
    console.info(`skipped, since there is no real ${wanted.join(' and no ')} here: ${error.message}`)
    return null
  }
}

/** A cheap look before the costly import of testcontainers: is there anything that could answer? */
function mayHaveContainers(): boolean {
  const runtime = process.env['XDG_RUNTIME_DIR'] ?? tmpdir()
  const sockets = [
    '/var/run/docker.sock',
    join(homedir(), '.docker', 'run', 'docker.sock'),
    join(runtime, 'docker.sock'),
    join(runtime, 'podman', 'podman.sock'),
  ]
  return process.env['DOCKER_HOST'] !== undefined || sockets.some((path) => existsSync(path))
}
