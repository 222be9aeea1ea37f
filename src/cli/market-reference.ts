import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '../ports/store.ts'
import type { Context } from './context.ts'

/**
 * A tape that carries its reference data beside it (a simulated market) brings it into the store before the first day
 * is opened: nothing is written where the store has instruments already.
 */
export async function importTapeReference(context: Context, store: Store): Promise<void> {
  const { tapeFolder } = await import('../compose/bus.ts')
  const folder = tapeFolder(context.settings.bus)
  if (folder === null || !existsSync(join(folder, 'reference'))) return
  if ((await store.dates('instruments', '1970-01-01', '2100-01-01')).length > 0) return
  const { importReference } = await import('../import/import-reference.ts')
  const counts = await importReference(store, join(folder, 'reference'))
  await store.applied()
  context.log.info('reference data of the tape imported', { ...counts, rejected: counts.rejected.length })
}
