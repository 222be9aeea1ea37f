import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { ModelsFolder } from '../../src/workers/models-folder.ts'
import { build, closebell, type Ran } from '../cli/run-closebell.ts'
import { seed } from '../seed.ts'
import { storeMarket, untrained } from './stored-market.ts'

describe('closebell backtest', () => {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-backtest-'))
  let dates: readonly string[]

  beforeAll(async () => {
    await build()
    const store = await openDuckdb(join(folder, 'cn.duckdb'))
    dates = await storeMarket(store, { seed, days: 110, names: 40 })
    await store.close()
    await new ModelsFolder(join(folder, 'models')).save(untrained('PV', 'gru', 5, 1))
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const backtest = (...more: readonly string[]): Promise<Ran> => {
    const span = ['--from', dates[88], '--to', dates[99], '--horizon', '5', '--engine', 'reference']
    const places = ['--store', 'duckdb:cn.duckdb', '--models', 'models']
    return closebell(['backtest', '--set', 'PV', '--family', 'gru', ...span, ...places, ...more], { cwd: folder })
  }

  it('prints one document, writes page and tables, and says what it wrote', async () => {
    const json = await backtest('--json')
    expect([json.code, json.stderr]).toEqual([0, expect.stringContaining('sections scored')])
    const document = JSON.parse(json.stdout) as { factors: { set: string; offsets: number }[]; files: string[] }
    expect(document).toMatchObject({ horizon: 5, files: [], factors: [{ set: 'PV', family: 'gru', offsets: 5 }] })
    const text = await backtest('--out', 'report.html')
    expect(text.code).toBe(0)
    expect(text.stdout).toMatch(/factor +RankIC +RankICIR/)
    expect(text.stdout).toContain('wrote report.html')
    const page = readFileSync(join(folder, 'report.html'), 'utf8')
    expect(page).toContain('closebell backtest --set PV')
    expect(readFileSync(join(folder, 'report-factors.csv'), 'utf8')).toMatch(
      /^set,date,instrument,raw,neutral,forward_return\n/,
    )
  })

  it('refuses what it cannot do: code, fact, remedy, nothing on stdout', async () => {
    const refused = async (code: number, message: RegExp, ...more: readonly string[]): Promise<void> => {
      const ran = await backtest(...more)
      expect([ran.code, ran.stdout, ran.lastLine]).toEqual([code, '', expect.stringMatching(message)])
    }
    await refused(2, /^CB_USAGE: --set: X is none of PV/, '--set', 'X')
    await refused(2, /^CB_USAGE: --family: lstm is none of gru/, '--family', 'lstm')
    await refused(2, /^CB_USAGE: PV .* was trained and validated on .*--in-sample/, '--from', '2015-06-01')
    await refused(1, /^CB_ABSENT: there is no store/, '--store', 'duckdb:none.duckdb')
    await refused(1, /^CB_ABSENT: no gru\+gat artifact of PV with horizon 5.*closebell train/, '--family', 'gru+gat')
  })
})
