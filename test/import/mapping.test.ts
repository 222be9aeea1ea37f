import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { cn } from '../../schemas/profiles/index.ts'
import { importDaily } from '../../src/import/daily/import-daily.ts'
import { loadMapping, type Mapping } from '../../src/import/mapping.ts'
import { numbers, texts } from '../../src/ports/store.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'closebell-mapping-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const prices = { open: 'open', high: 'high', low: 'low', close: 'close' }
const columns = { code: 'code', date: 'date', ...prices, volume: 'volume', amount: 'amount' }

async function bring(mapping: Mapping, file: string) {
  const store = await openDuckdb(':memory:')
  const { tally } = await importDaily({ store, files: [file], mapping, profile: cn })
  const asked = ['instrument', 'pv_volume', 'pv_vwap']
  const rows = await store.panel({ table: 'pv', columns: asked, from: '2023-01-01', to: '2023-12-31' })
  await store.close()
  return { tally, rows }
}

describe('mappings', () => {
  const file = (content: unknown): string => {
    const path = join(folder, 'mapping.json')
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }

  it('a file names columns, units and codes', async () => {
    const mapping = await loadMapping(
      file({
        name: 'lots',
        symbols: [
          { pattern: '^sh(\\d{6})$', symbol: '$1.SH' },
          { pattern: '^sz(\\d{6})$', symbol: '$1.SZ' },
        ],
        daily: { columns: { ...columns, code: 'ticker' }, units: { volume: 100, amount: 1000 } },
      }),
    )
    const path = join(folder, 'lots.csv')
    writeFileSync(
      path,
      'ticker,date,open,high,low,close,volume,amount\nsh600000,20230201,10,11,9,10,10,10\nxx1,20230201,,,,,,\n',
    )
    const { tally, rows } = await bring(mapping, path)
    expect(tally.rejected).toEqual([{ file: 'lots.csv', line: 3, reason: "code 'xx1' is no symbol" }])
    expect(texts(rows, 'instrument')).toEqual(['600000.SH'])
    expect([numbers(rows, 'pv_volume')[0], numbers(rows, 'pv_vwap')[0]]).toEqual([1000, 10])
  })

  it.each([
    ['{', /CB_FEED_INPUT: mapping.json is no JSON/],
    [{ name: 'x', daily: { columns: { code: 'a' } } }, /CB_FEED_INPUT: mapping.json: daily.columns.date/],
    [{ name: 'x', dayly: {} }, /CB_FEED_INPUT: mapping.json: .*dayly/],
  ])('%j is refused', async (content, message) => {
    await expect(loadMapping(file(content))).rejects.toThrow(message)
  })

  it('a name that is neither built in nor a file says what is', async () => {
    await expect(loadMapping('cn-dayly')).rejects.toThrow(
      /CB_ABSENT: no mapping cn-dayly: .*cn-daily, cn-csi300, cn-fund/,
    )
    await expect(bring(await loadMapping('cn-fund'), 'x.csv')).rejects.toThrow(/mapping cn-fund says nothing of daily/)
  })
})
