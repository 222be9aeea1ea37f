import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { ClosebellError } from '../../schemas/errors.ts'

export type ServiceName = 'kafka' | 'questdb'

/** Where downloaded jars are kept unless another folder is named. */
export const defaultCache = (): string => join(homedir(), '.cache', 'closebell')

const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'

/** The project file with the pinned versions: it lies in the package, above the sources and the compiled code alike. */
function findPom(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const pom = join(folder, 'deploy', 'services', 'pom.xml')
    if (existsSync(pom)) return pom
  }
  throw new ClosebellError('CB_INTERNAL', 'deploy/services/pom.xml is not in the package')
}

/** The pinned version of a service. */
export function pinnedVersion(service: ServiceName): string {
  const version = new RegExp(`<${service}.version>(.*)</`).exec(readFileSync(findPom(), 'utf8'))?.[1]
  if (version === undefined) throw new ClosebellError('CB_INTERNAL', `the pom names no version of ${service}`)
  return version
}

/** @throws CB_REQUIREMENT when there is no Java 17 or newer */
export async function requireJava(): Promise<void> {
  const text = await output('java', ['-version'])
  const version = Number(/version "(\d+)/.exec(text ?? '')?.[1] ?? Number.NaN)
  if (version >= 17) return
  const found = text === null ? 'no java is on the PATH' : `java is version ${version}`
  throw new ClosebellError('CB_REQUIREMENT', `Java 17 or newer is needed, and ${found}`, {
    remedy: 'Install a JRE of version 17 or newer.',
  })
}

async function requireMaven(): Promise<void> {
  if ((await output('mvn', ['-v'])) !== null) return
  throw new ClosebellError('CB_REQUIREMENT', 'Maven is needed for the first start, and no mvn is on the PATH', {
    remedy: 'Install Maven 3.6 or newer.',
  })
}

const output = (program: string, args: readonly string[]): Promise<string | null> =>
  new Promise((resolve) => {
    execFile(program, args, (error, stdout, stderr) => resolve(error === null ? stdout + stderr : null))
  })

/** The folder with the jars of a service; they are downloaded from Maven Central when the cache lacks them. */
export async function jarFolder(
  service: ServiceName,
  cache: string,
  onProgress: (line: string) => void,
): Promise<string> {
  const version = pinnedVersion(service)
  const folder = join(cache, 'services', `${service}-${version}`)
  if (existsSync(folder)) return folder
  await requireMaven()
  const draft = `${folder}.${process.pid}.part`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true })
  onProgress(`${service} ${version}: downloading from Maven Central`)
  await download(service, draft, onProgress)
  try {
    renameSync(draft, folder)
  } catch (error) {
    // Another process finished the same download first: its folder serves as well.
    if (!existsSync(folder)) throw error
    rmSync(draft, { recursive: true, force: true })
  }
  return folder
}

function download(service: ServiceName, folder: string, onProgress: (line: string) => void): Promise<void> {
  const args = ['-B', '-P', service, '-f', findPom(), plugin, `-DoutputDirectory=${folder}`, '-DincludeScope=runtime']
  const maven = spawn('mvn', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let tail = ''
  let jars = 0
  const take = (bytes: Buffer) => {
    const text = bytes.toString()
    tail = (tail + text).slice(-4000)
    const before = jars
    jars += text.match(/Downloaded from .*\.jar/g)?.length ?? 0
    if (jars !== before) onProgress(`${service}: ${jars} jars downloaded`)
  }
  maven.stdout.on('data', take)
  maven.stderr.on('data', take)
  return new Promise((resolve, reject) => {
    maven.once('error', reject)
    maven.once('close', (code) => {
      if (code === 0) return resolve()
      rmSync(folder, { recursive: true, force: true })
      const line = tail.split('\n').find((text) => text.includes('[ERROR]')) ?? tail.trim().split('\n').at(-1)
      reject(new ClosebellError('CB_SERVICE', `the jars of ${service} could not be downloaded: ${line ?? ''}`))
    })
  })
}
