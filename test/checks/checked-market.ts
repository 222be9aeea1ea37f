import { join } from 'node:path'
import { importReference } from '../../src/import/import-reference.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import type { Store } from '../../src/ports/store.ts'
import { simulateMarket, type SimulatedMarket } from '../../src/simulator/market.ts'
import type { SimulationOptions } from '../../src/simulator/options.ts'
import { writeReference } from '../../src/simulator/reference-files.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { backfill } from '../../src/workers/backfill.ts'
import { publishFeed } from '../../src/workers/feed.ts'
import { realClock } from '../real-clock.ts'
import { silentLog } from '../silent-log.ts'

/** A simulated market whose days all stand in an embedded log and store, features, graphs and panels among them. */
export interface CheckedMarket {
  readonly market: SimulatedMarket
  readonly folder: string
  readonly bus: Bus
  readonly store: Store
  close(): Promise<void>
}

const neighbours = 6

/** Simulates, publishes, imports and backfills every day of a market into an empty folder. */
export async function prepareMarket(options: Partial<SimulationOptions>, folder: string): Promise<CheckedMarket> {
  const market = simulateMarket(options)
  const [clock, log] = [realClock, silentLog]
  const bus = openTape(join(folder, 'tape'), { clock })
  await publishFeed({ feed: market, bus, partitions: 1, clock, log, signal: new AbortController().signal })
  const reference = join(folder, 'reference')
  await writeReference(reference, market)
  const store = await openDuckdb(join(folder, 'closebell.duckdb'))
  await store.ensureTables()
  await importReference(store, reference)
  const [from, to] = [market.dates[0] as string, market.dates.at(-1) as string]
  await backfill({ bus, store, clock, log, profile: 'cn', sizing: 'order', neighbours, from, to })
  const close = async (): Promise<void> => {
    await bus.close()
    await store.close()
  }
  return { market, folder, bus, store, close }
}
