import type { Register } from '../act.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'
import { dateValue, wholeNumber } from '../values.ts'
import { neighboursDefault } from './open.ts'

interface Flags {
  readonly from: string
  readonly to: string
  readonly neighbours?: number
}

export const registerBackfill: Register = (program, act) => {
  const command = describe(
    program.command('backfill'),
    'Bring past days from the log into the store, by the code of a live day, without models.',
    'closebell backfill --bus tape:market --store duckdb:market.duckdb --from 2024-01-02 --to 2024-03-14',
  )
  withSettings(command, 'bus', 'store', 'partitions', 'profile', 'flowSize')
    .requiredOption('--from <date>', 'first day', dateValue)
    .requiredOption('--to <date>', 'last day', dateValue)
    .option('--neighbours <count>', `names in each list of a graph (default: ${neighboursDefault})`, wholeNumber)
    .action(act((context) => run(context, command.opts<Flags>())))
}

async function run(context: Context, { from, to, neighbours = neighboursDefault }: Flags): Promise<void> {
  const { settings, clock, log, progress, signal } = context
  const { withBusAndStore } = await import('../with-stores.ts')
  const { importTapeReference } = await import('../market-reference.ts')
  const { backfill } = await import('../../workers/backfill.ts')
  await withBusAndStore(context, 'command', async (bus, store) => {
    await importTapeReference(context, store)
    const stage = progress.stage('backfill', null, 'days')
    const done = await backfill({
      bus,
      store,
      clock,
      log,
      profile: settings.profile,
      sizing: settings.flowSize,
      neighbours,
      from,
      to,
      signal,
      onDay: (_, days) => stage.reach(days),
    })
    stage.end(`${done.dates.length} days, ${done.features.events.toLocaleString('en-US')} events`)
    const { dates, features, rows } = done
    const { events, quarantined, late } = features
    const document = {
      from: dates[0] ?? null,
      to: dates.at(-1) ?? null,
      days: dates.length,
      events,
      quarantined,
      late,
      rows,
    }
    context.answer(document, () => `${dates.length} days, ${features.events} events, ${rows} rows`)
  })
}
