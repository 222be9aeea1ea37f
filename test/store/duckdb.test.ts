import { DuckDBInstance } from '@duckdb/node-api'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDuckdb } from '../../src/store/duckdb/index.ts'

describe('openDuckdb', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'closebell-duckdb-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('names the process that holds the file', async () => {
    const file = join(folder, 'held.duckdb')
    const hold = `const { DuckDBInstance } = require('@duckdb/node-api')
      DuckDBInstance.create(${JSON.stringify(file)}).then((db) => { globalThis.db = db; console.log('held') })
      setInterval(() => {}, 1000)`
    const holder = spawn(process.execPath, ['-e', hold], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await once(holder.stdout, 'data')
      await expect(openDuckdb(file)).rejects.toMatchObject({
        code: 'CB_STORE_LOCKED',
        fact: `${file} is held by process ${holder.pid}`,
      })
    } finally {
      holder.kill()
      await once(holder, 'exit')
    }
    const store = await openDuckdb(file)
    await store.close()
  })

  it('refuses a file twice in one process, until it is closed', async () => {
    const file = join(folder, 'twice.duckdb')
    const store = await openDuckdb(file)
    await expect(openDuckdb(file)).rejects.toMatchObject({ code: 'CB_STORE_LOCKED' })
    await store.close()
    await (await openDuckdb(file)).close()
  })

  it('keeps what was acknowledged when it is closed and opened again', async () => {
    const file = join(folder, 'again.duckdb')
    const first = await openDuckdb(file)
    await first.ensureTables()
    const values = Float64Array.of(-0, 5e-324, NaN)
    await first.append('styles', {
      count: 3,
      columns: {
        event_time: new Float64Array(3).fill(1_675_209_600_000_000),
        revision: new Float64Array(3),
        style: ['beta', 'momentum', 'size'],
        return: values,
      },
    })
    await first.close()
    const second = await openDuckdb(file)
    await second.ensureTables()
    const read = await second.panel({ table: 'styles', columns: ['return'], from: '2023-02-01', to: '2023-02-01' })
    await second.close()
    expect(read).toEqual({ count: 3, columns: { return: values } })
  })

  it('keeps stores in memory apart', async () => {
    const [one, other] = [await openDuckdb(':memory:'), await openDuckdb(':memory:')]
    await one.ensureTables()
    await expect(other.dates('pv', '2023-02-01', '2023-02-01')).rejects.toThrow(/pv/)
    await Promise.all([one.close(), other.close()])
  })

  const definitions: readonly (readonly [string, string, RegExp])[] = [
    ['a column of ours has another type', 'event_time TIMESTAMP, instrument BLOB', /pv.instrument is stored as BLOB/],
    ['it has a column of no definition', 'event_time TIMESTAMP, odd INTEGER', /pv has a column odd/],
  ]
  it.each(definitions)('refuses a table when %s', async (_, columns, fact) => {
    const file = join(folder, 'other.duckdb')
    const instance = await DuckDBInstance.create(file)
    const connection = await instance.connect()
    await connection.run(`CREATE OR REPLACE TABLE pv (${columns})`)
    connection.closeSync()
    instance.closeSync()
    const store = await openDuckdb(file)
    await expect(store.ensureTables()).rejects.toMatchObject({
      code: 'CB_STORE_COLUMN',
      fact: expect.stringMatching(fact),
    })
    await store.close()
  })

  it('shows a reader every row at any time while rows are replaced', async () => {
    const store = await openDuckdb(join(folder, 'whole.duckdb'))
    await store.ensureTables()
    const count = 20_000
    const rows = {
      count,
      columns: {
        event_time: new Float64Array(count).fill(1_675_209_600_000_000),
        revision: new Float64Array(count),
        style: Array.from({ length: count }, (_, row) => `s${row}`),
      },
    }
    await store.append('styles', rows)
    const seen: number[] = []
    let isDone = false
    const replaced = Promise.all([1, 2, 3].map(() => store.append('styles', rows))).finally(() => (isDone = true))
    while (!isDone) {
      const read = await store.panel({ table: 'styles', columns: ['return'], from: '2023-02-01', to: '2023-02-01' })
      seen.push(read.count)
    }
    await replaced
    await store.close()
    expect(seen).toEqual(seen.map(() => count))
  })

  it('says that a file cannot be opened, with the remedy', async () => {
    await expect(openDuckdb(join(folder, 'absent', 'x.duckdb'))).rejects.toMatchObject({
      code: 'CB_STORE_UNREACHABLE',
      remedy: 'Name a DuckDB file, or a new one in a folder that exists.',
    })
  })
})
