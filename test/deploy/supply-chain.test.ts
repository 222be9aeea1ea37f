import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const textOf = (...path: readonly string[]): string => readFileSync(join(root, ...path), 'utf8')

interface Manifest {
  readonly dependencies: Record<string, string>
  readonly devDependencies: Record<string, string>
}

interface Lock {
  readonly packages: Record<string, { readonly resolved?: string; readonly integrity?: string }>
}

describe('what closebell is made of', () => {
  it('is pinned exactly, in every language', () => {
    const { dependencies, devDependencies } = JSON.parse(textOf('package.json')) as Manifest
    const npm = Object.entries({ ...dependencies, ...devDependencies })
    expect(npm.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
    const python = ['test/oracle', 'test/deploy', 'deploy/clients/python'].flatMap((folder) =>
      textOf(folder, 'requirements.txt')
        .split('\n')
        .filter((line) => line !== '' && !/^(#|-r )/.test(line)),
    )
    expect(python.filter((line) => !/^[\w-]+==[\w.]+(;.*)?$/.test(line.trim()))).toEqual([])
    const pom = textOf('deploy', 'services', 'pom.xml')
    const maven = [...pom.matchAll(/<\w+\.version>(.*)</g)].map(([, version]) => version)
    expect(maven.filter((version) => !/^\d+\.\d+\.\d+$/.test(version ?? ''))).toEqual([])
    const images = [...textOf('deploy', 'compose.yaml').matchAll(/image: (\S+)/g)].map(([, image]) => image)
    const bases = [...textOf('deploy', 'Dockerfile').matchAll(/^FROM (\S+:\S+)/gm)].map(([, image]) => image)
    expect([...images, ...bases].filter((image) => !/:.*\d+\.\d+/.test(image ?? ''))).toEqual([])
    expect(JSON.parse(textOf('test', 'versions', 'versions.json'))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^\d+\.\d+\.\d+$/)]),
    )
  })

  it('has a checksum for every package, and all of them from the registry', () => {
    const { packages } = JSON.parse(textOf('package-lock.json')) as Lock
    const others = Object.entries(packages).filter(
      ([path, { resolved = '', integrity = '' }]) =>
        path !== '' && !(/^(https:\/\/registry\.npmjs\.org\/|$)/.test(resolved) && integrity.startsWith('sha512-')),
    )
    expect(others).toEqual([])
  })

  it('is listed, with licences that are known, as it stands', () => {
    const folder = mkdtempSync(join(tmpdir(), 'closebell-sbom-'))
    try {
      execFileSync(process.execPath, [join(root, 'deploy', 'sbom.mjs'), folder])
      for (const name of ['sbom.cdx.json', 'licences.md'])
        expect(textOf('deploy', name), `run node deploy/sbom.mjs`).toBe(readFileSync(join(folder, name), 'utf8'))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
