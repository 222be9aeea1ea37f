import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createReferenceEngine } from '../../../models/network/reference/engine.ts'
import { defaultSchedule } from '../../../models/training/schedule.ts'
import { openTape } from '../../../src/bus/tape/index.ts'
import { systemClock } from '../../../src/compose/clock.ts'
import { importReference } from '../../../src/import/import-reference.ts'
import type { Log } from '../../../src/ports/log.ts'
import { simulateMarket, type SimulatedMarket } from '../../../src/simulator/market.ts'
import { writeReference } from '../../../src/simulator/reference-files.ts'
import { openDuckdb } from '../../../src/store/duckdb/index.ts'
import { backfill } from '../../../src/workers/backfill.ts'
import { publishFeed } from '../../../src/workers/feed.ts'
import { ModelsFolder } from '../../../src/workers/models-folder.ts'
import { trainSet } from '../../../src/workers/training/train-set.ts'

export const partitions = 2
const warmDays = 13
/** Days of one deployment; each takes one schedule. */
export const liveDays = 5
const trainFrom = 4
const validateFrom = 10

/** The market of every deployment: small, and always the same, so that one fault-free run stands for all. */
export const market = (): SimulatedMarket =>
  simulateMarket({
    seed: 3,
    instruments: 12,
    days: warmDays + liveDays,
    eventsPerDay: 100,
    earlierDays: 80,
    bookSeconds: 600,
    signal: 'own',
  })

export const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** What every deployment begins with: a tape with the days before, reference data, and one model that was promoted. */
export interface Base {
  readonly tape: string
  readonly reference: string
  readonly models: string
  readonly warm: readonly string[]
  readonly live: readonly string[]
  readonly chains: string
}

export async function prepareBase(folder: string): Promise<Base> {
  const simulated = market()
  const base: Base = {
    tape: join(folder, 'tape'),
    reference: join(folder, 'reference'),
    models: join(folder, 'models'),
    warm: simulated.dates.slice(0, warmDays),
    live: simulated.dates.slice(warmDays),
    chains: simulated
      .day(0)
      .channels.map(({ channel }) => `${simulated.producer}/${channel}`)
      .join(','),
  }
  const done = join(folder, 'done')
  if (existsSync(done)) return base
  mkdirSync(folder, { recursive: true })
  const bus = openTape(base.tape, { clock: systemClock })
  const store = await openDuckdb(join(folder, 'store.duckdb'))
  const common = { bus, store, clock: systemClock, log: silent, profile: 'cn' }
  const [from, to] = [base.warm[0] as string, base.warm.at(-1) as string]
  await store.ensureTables()
  await writeReference(base.reference, simulated)
  await importReference(store, base.reference)
  const { signal } = new AbortController()
  await publishFeed({ ...common, feed: simulated, partitions, dates: base.warm, signal })
  await backfill({ ...common, sizing: 'order', neighbours: 4, from, to })
  const { artifact } = await trainSet({
    store,
    engine: createReferenceEngine('test'),
    profile: 'cn',
    set: 'PV',
    family: 'gru+gat_sa+fin',
    lookback: 3,
    hidden: 4,
    horizon: 1,
    train: { from: base.warm[trainFrom] as string, to: base.warm[validateFrom - 1] as string },
    validate: { from: base.warm[validateFrom] as string, to },
    schedule: { ...defaultSchedule, epochs: 1 },
    selfLoopsOnly: false,
    onEpoch: () => undefined,
  })
  const models = new ModelsFolder(base.models)
  await models.promote('PV', await models.save(artifact))
  await store.close()
  await bus.close()
  writeFileSync(done, '')
  return base
}
