import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..')

describe('the kernels', () => {
  it('are what their source compiles to, byte by byte', { timeout: 300_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'closebell-'))
    execFileSync('node', [join(root, 'deploy', 'build-kernels.mjs'), folder], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    for (const name of ['f32.wasm', 'f64.wasm']) {
      expect(readFileSync(join(folder, name)).equals(readFileSync(join(root, 'models', 'kernels', name)))).toBe(true)
    }
    rmSync(folder, { recursive: true })
  })
})
