import { describe } from 'vitest'
import type { Encoder } from '../../src/store/questdb/index.ts'
import { dropColumn, openReal, prefixOf, realQuestdb } from '../store/real-questdb.ts'
import { storeContract, type StoreHarness } from './store.ts'

async function questdbTables(encoder: Encoder): Promise<StoreHarness> {
  const prefix = prefixOf(`contract_${encoder}`)
  const harness = {
    store: await openReal(prefix, encoder),
    async dropColumn(...[table, column]: Parameters<StoreHarness['dropColumn']>) {
      await dropColumn(prefix, table, column)
      await harness.store.close()
      harness.store = await openReal(prefix, encoder)
      return harness.store
    },
    stop: () => harness.store.close(),
  }
  return harness
}

describe.skipIf(realQuestdb === null).each<Encoder>(['client', 'binary'])('real QuestDB, written by %s', (encoder) =>
  storeContract('QuestDB', () => questdbTables(encoder)),
)
