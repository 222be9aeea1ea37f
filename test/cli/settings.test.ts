import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openEngine } from '../../src/compose/engine.ts'
import { loadSettings } from '../../src/compose/settings.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'closebell-settings-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (value: unknown): void => writeFileSync(join(folder, 'closebell.json'), JSON.stringify(value))

describe('settings', () => {
  it('a flag wins over a variable, a variable over the file, the file over the default, and each is named', () => {
    write({ partitions: 5, store: 'duckdb:file.duckdb', flowSize: 'trade' })
    const { values, origins } = loadSettings({
      flags: { partitions: '7' },
      environment: { CLOSEBELL_PARTITIONS: '6', CLOSEBELL_STORE: 'duckdb:variable.duckdb', CLOSEBELL_BUS: '' },
      folder,
    })
    expect(values).toMatchObject({ partitions: 7, store: 'duckdb:variable.duckdb', flowSize: 'trade', profile: 'cn' })
    expect(origins.partitions).toEqual({ source: 'flag', place: '--partitions' })
    expect(origins.store).toEqual({ source: 'variable', place: 'CLOSEBELL_STORE' })
    expect(origins.flowSize).toEqual({ source: 'file', place: join(folder, 'closebell.json') })
    expect(origins.bus.source).toBe('default')
  })

  it('what is wrong is refused under the name of where it was written', () => {
    const load =
      (flags: Record<string, unknown>, environment: Record<string, string> = {}, file?: string) =>
      () =>
        loadSettings({ flags, environment, folder, file })
    expect(load({ bus: 'redis://x' })).toThrow(/^CB_USAGE: --bus: "redis:\/\/x" is not kafka/)
    expect(load({ engine: 'webgpu' })).toThrow(/^CB_USAGE: --engine: "webgpu" is none of auto, tensorflow, wasm, ref/)
    expect(load({}, { CLOSEBELL_PARTITIONS: 'many' })).toThrow(/^CB_CONFIG: CLOSEBELL_PARTITIONS: "many"/)
    expect(load({}, {}, 'none.json')).toThrow(/^CB_ABSENT: the config file/)
    write({ partition: 4 })
    expect(load({})).toThrow(/^CB_CONFIG: .*closebell.json sets partition; known: bus/)
    write({ flowSize: 'big' })
    expect(load({})).toThrow(/^CB_CONFIG: flowSize in .*closebell.json: "big" is none of order/)
  })
})

describe('engines', () => {
  it('reference and wasm are always there', async () => {
    expect((await openEngine('reference')).name).toBe('reference')
    expect((await openEngine('wasm')).name).toBe('wasm')
  })

  it('auto is tensorflow on a GPU, else wasm', async () => {
    const { name, device } = await openEngine('auto')
    expect(name).toBe(device === 'gpu' ? 'tensorflow' : 'wasm')
  })

  it('one that is not built is misuse', async () => {
    await expect(openEngine('webgpu')).rejects.toMatchObject({ code: 'CB_USAGE' })
  })
})
