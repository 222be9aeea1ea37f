import { describe } from 'vitest'
import { dropColumn, openReal, prefixOf, realQuestdb } from '../store/real-questdb.ts'
import { storeContract, type StoreHarness } from './store.ts'

async function questdbTables(): Promise<StoreHarness> {
  const prefix = prefixOf('contract')
  const harness = {
    store: await openReal(prefix),
    async dropColumn(...[table, column]: Parameters<StoreHarness['dropColumn']>) {
      await dropColumn(prefix, table, column)
      await harness.store.close()
      harness.store = await openReal(prefix)
      return harness.store
    },
    stop: () => harness.store.close(),
  }
  return harness
}

describe.skipIf(realQuestdb === null)('real QuestDB', () => storeContract('QuestDB', questdbTables))
