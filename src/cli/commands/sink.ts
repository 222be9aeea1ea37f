import { constants, setPriority } from 'node:os'
import type { Register } from '../act.ts'
import { beating } from '../beating.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'
import { dateValue } from '../values.ts'

interface Flags {
  readonly from?: string
}

export const registerSink: Register = (program, act) => {
  const command = describe(
    program.command('sink'),
    'Project the output topics into the store: one of the services, or with --from once, up to now.',
    'closebell sink --bus kafka://localhost:9092 --store questdb://localhost:9000',
    'closebell sink --from 2023-02-01 --bus tape:market --store duckdb:market.duckdb',
  )
  withSettings(command, 'bus', 'store', 'partitions')
    .option('--from <date>', 'project everything from this date on that is in the log, then end', dateValue)
    .action(act((context) => sink(context, command.opts<Flags>())))
}

async function sink(context: Context, { from }: Flags): Promise<void> {
  const { Sink } = await import('../../workers/sink/sink-worker.ts')
  const { StorePatience } = await import('../../workers/store-patience.ts')
  const { withBusAndStore } = await import('../with-stores.ts')
  const { clock, log, signal } = context
  await withBusAndStore(context, from === undefined ? 'service' : 'command', async (bus, store) => {
    const worker = new Sink(bus, store, 'live', new StorePatience({ store, clock, log, signal }))
    context.onStop(() => `${worker.rows} rows.`)
    if (from === undefined) {
      // Where processors are short, the day that others publish comes before what is stored of it.
      setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
      await beating(context, bus, 'sink', (heartbeat) => worker.follow(signal, heartbeat))
    } else await worker.drain(from)
    context.answer({ rows: worker.rows }, () => `${worker.rows} rows`)
  })
}
