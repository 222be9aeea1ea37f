import { DuckDBInstance } from '@duckdb/node-api'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { storeContract, type StoreHarness } from './store.ts'

async function duckdbFile(): Promise<StoreHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'closebell-store-'))
  const file = join(folder, 'store.duckdb')
  const harness = {
    store: await openDuckdb(file),
    async dropColumn(table: string, column: string) {
      await harness.store.close()
      const instance = await DuckDBInstance.create(file)
      const connection = await instance.connect()
      await connection.run(`ALTER TABLE "${table}" DROP COLUMN "${column}"`)
      connection.closeSync()
      instance.closeSync()
      harness.store = await openDuckdb(file)
      return harness.store
    },
    async stop() {
      await harness.store.close()
      await rm(folder, { recursive: true })
    },
  }
  return harness
}

storeContract('DuckDB', duckdbFile)
