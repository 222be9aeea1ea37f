import type { Register } from '../act.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'

/** Broken rows are all counted, but told one by one only up to here. */
const toldMax = 20

export const registerImport: Register = (program, act) => {
  const group = program.command('import').summary('Bring reference data into the store.')
  group.description('Bring reference data into the store.\n\nExample:\n  $ closebell import market market/reference')
  const command = describe(
    group.command('market <folder>'),
    'Import instruments, dated fundamentals and earlier daily bars of a simulated market.',
    'closebell import market market/reference --store duckdb:market.duckdb',
  )
  withSettings(command, 'store').action(act((context) => importMarket(context, command.args[0])))
}

async function importMarket(context: Context, folder: string): Promise<void> {
  const { settings, progress, clock, log } = context
  const { importReference } = await import('../../import/import-reference.ts')
  const { openStore } = await import('../../compose/store.ts')
  const store = await openStore(settings.store, 'write', { clock, log })
  try {
    const stage = progress.stage('import', null, 'rows')
    const { rejected, ...counts } = await importReference(store, folder)
    const rows = counts.instruments + counts.fundamentals + counts.pv
    stage.end(`${rows.toLocaleString('en-US')} rows, ${rejected.length} refused`)
    for (const { file, line, reason } of rejected.slice(0, toldMax)) log.warn('row refused', { file, line, reason })
    context.answer(
      { store: settings.store, ...counts, rejected },
      () =>
        `${counts.instruments} instruments, ${counts.fundamentals} reports, ${counts.pv} daily bars, ` +
        `${rejected.length} rows refused`,
    )
  } finally {
    await store.close()
  }
}
