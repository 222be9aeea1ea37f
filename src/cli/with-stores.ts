import type { BusUse } from '../compose/bus.ts'
import type { Bus } from '../ports/bus.ts'
import type { Store } from '../ports/store.ts'
import type { Context } from './context.ts'

/** Runs work over the bus of the settings, its topics made, and closes it. */
export async function withBus<R>(context: Context, use: BusUse, work: (bus: Bus) => Promise<R>): Promise<R> {
  const { settings, origins, clock, log } = context
  const { openBus } = await import('../compose/bus.ts')
  const { partitionsOf } = await import('./partitions.ts')
  const bus = await openBus(settings.bus, { clock, log }, use)
  try {
    await bus.createTopics(await partitionsOf(bus, settings, origins))
    return await work(bus)
  } finally {
    await bus.close()
  }
}

/** Runs work over the store of the settings, its tables made, and closes it. */
export async function withStore<R>(context: Context, work: (store: Store) => Promise<R>): Promise<R> {
  const { settings, clock, log } = context
  const { openStore } = await import('../compose/store.ts')
  const store = await openStore(settings.store, 'write', { clock, log })
  try {
    await store.ensureTables()
    return await work(store)
  } finally {
    await store.close()
  }
}

export const withBusAndStore = <R>(
  context: Context,
  use: BusUse,
  work: (bus: Bus, store: Store) => Promise<R>,
): Promise<R> => withBus(context, use, (bus) => withStore(context, (store) => work(bus, store)))
