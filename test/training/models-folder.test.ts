import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { networkSpec } from '../../models/network/spec.ts'
import { ModelsFolder } from '../../src/workers/models-folder.ts'
import { untrainedArtifact } from '../artifacts/untrained.ts'

const spec = networkSpec({ family: 'gru', features: 2, lookback: 3, hidden: 4, heads: 2 })

const artifactOf = (seed: number) => untrainedArtifact({ set: 'PV', spec, columns: ['pv_open', 'pv_close'] }, [seed])

let folder = ''
let models: ModelsFolder
let good = ''
let other = ''

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'closebell-models-'))
  models = new ModelsFolder(folder)
  good = await models.save(artifactOf(1))
  other = await models.save(artifactOf(2))
  await models.promote('PV', good)
})

afterEach(() => rmSync(folder, { recursive: true }))

describe('an artifact of which a byte differs', () => {
  it.each(['manifest.json', 'weights.f32'])(
    'in %s is neither loaded nor promoted, and the one in force stays',
    async (name) => {
      const file = join(folder, 'PV', other, name)
      const bytes = readFileSync(file)
      for (let at = 0; at < bytes.length; at += 1 + (bytes.length >> 5)) {
        const changed = Buffer.from(bytes)
        changed[at] ^= 1
        writeFileSync(file, changed)
        await expect(models.load('PV', other), `byte ${at}`).rejects.toMatchObject({ code: 'CB_ARTIFACT' })
        await expect(models.promote('PV', other), `byte ${at}`).rejects.toMatchObject({ code: 'CB_ARTIFACT' })
      }
      expect((await models.promoted('PV'))?.manifest.hash).toBe(good)
    },
  )
})

describe('what names a file', () => {
  it.each(['../../etc', '', '__proto__', 'x'.repeat(1 << 20)])('is a hash, or is refused (%#)', async (hash) => {
    await expect(models.load('PV', hash)).rejects.toMatchObject({ code: 'CB_ARTIFACT' })
  })

  it.each(['[', '{}', '[1]', '["../../x"]'])('promotions that read %s are refused', async (text) => {
    writeFileSync(join(folder, 'PV', 'promoted.json'), text)
    await expect(models.promoted('PV')).rejects.toMatchObject({ code: 'CB_ARTIFACT' })
  })

  it('so are weights of the composite in another form', async () => {
    await models.saveComposite({
      artifacts: { PV: good },
      horizon: 1,
      model: { sets: [], hidden: 1, parameters: [], days: 0 },
    })
    expect(await models.composite()).toMatchObject({ horizon: 1 })
    writeFileSync(join(folder, 'ML_C', 'state-weights.json'), '{"artifacts": {}, "horizon": 0}')
    await expect(models.composite()).rejects.toMatchObject({ code: 'CB_ARTIFACT' })
  })
})
