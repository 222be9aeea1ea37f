import type { ClosebellError } from '../../../schemas/errors.ts'
import { localDate, profileOf } from '../../../schemas/profiles/index.ts'
import { openBus, tapeFolder } from '../../compose/bus.ts'
import { openEngine } from '../../compose/engine.ts'
import { inspectBus, inspectStore } from '../../compose/inspection.ts'
import { openStore } from '../../compose/store.ts'
import type { Bus } from '../../ports/bus.ts'
import type { BusInspection, StoreInspection } from '../../ports/inspection.ts'
import type { Store } from '../../ports/store.ts'
import { ModelsFolder } from '../../workers/models-folder.ts'
import type { Context } from '../context.ts'
import { checkRetention, checkTopics, checkWorkers, judgeClock, workerClockSkew } from './bus-checks.ts'
import { ok, thrown, type Finding } from './finding.ts'
import { checkArtifacts, checkCalendar, checkEngine, judgeDisk, spaceOf, tapeDayBytes } from './local-checks.ts'
import { checkTables, checkYesterday } from './store-checks.ts'

/** Looks at everything that a day needs; a look that fails is a finding, never the end of the examination. */
export async function examine(context: Context, isPreflight: boolean): Promise<readonly Finding[]> {
  const { settings, clock, origins } = context
  const today = localDate(profileOf(settings.profile), clock.now())
  const reached = await reach(context)
  const { bus, store, busInspection, storeInspection } = reached
  const wanted = origins.partitions.source === 'default' ? null : settings.partitions
  const looks: [string, () => Promise<Finding> | Finding][] = [
    ['calendar', () => checkCalendar(settings.profile, today)],
    ['disk', () => disk(context)],
    ['engine', () => checkEngine(settings.engine, openEngine)],
    ['artifacts', () => checkArtifacts(new ModelsFolder(settings.models))],
  ]
  if (bus !== null) {
    looks.push(['topics', () => checkTopics(bus, wanted)])
    looks.push(['retention', () => checkRetention(busInspection)])
    looks.push(['workers', () => checkWorkers(bus, clock.now(), isPreflight)])
  }
  if (store !== null) looks.push(['tables', () => checkTables(store, storeInspection, today)])
  looks.push(['clock', async () => judgeClock(await skews(context, bus, storeInspection))])
  if (bus !== null || store !== null) {
    looks.push(['yesterday', () => checkYesterday({ bus, store, profile: settings.profile, today })])
  }
  const findings = [...reached.findings]
  try {
    for (const [name, look] of looks) findings.push(await settle(name, look))
  } finally {
    await Promise.all([bus?.close(), store?.close(), busInspection?.close()])
  }
  return findings
}

async function settle(name: string, look: () => Promise<Finding> | Finding): Promise<Finding> {
  try {
    return await look()
  } catch (error) {
    return thrown(name, error)
  }
}

interface Reached {
  readonly bus: Bus | null
  readonly store: Store | null
  readonly busInspection: BusInspection | null
  readonly storeInspection: StoreInspection | null
  readonly findings: readonly Finding[]
}

/** Opens bus and store without making anything in them. */
async function reach(context: Context): Promise<Reached> {
  const { settings, clock, log } = context
  const findings: Finding[] = []
  const surroundings = { clock, log }
  let bus: Bus | null = null
  let store: Store | null = null
  try {
    bus = await openBus(settings.bus, surroundings)
    await bus.partitions('market')
    findings.push(ok('bus', settings.bus))
  } catch (error) {
    await bus?.close().catch(() => undefined)
    bus = null
    findings.push(thrown('bus', error))
  }
  try {
    store = await openStore(settings.store, 'read', surroundings)
    findings.push(ok('store', settings.store))
  } catch (error) {
    // A file that a worker has open, or that the first one is to make, stops nobody.
    const { code } = error as ClosebellError
    findings.push(thrown('store', error, code === 'CB_STORE_LOCKED' || code === 'CB_ABSENT' ? 'warn' : 'fail'))
  }
  const busInspection = bus === null ? null : await inspectBus(settings.bus, surroundings)
  const storeInspection = store === null ? null : await inspectStore(settings.store)
  return { bus, store, busInspection, storeInspection, findings }
}

async function skews({ clock }: Context, bus: Bus | null, store: StoreInspection | null) {
  const found: { against: string; seconds: number }[] = []
  if (store !== null) {
    const before = clock.now()
    const there = await store.now()
    found.push({ against: 'the store', seconds: Math.abs(there - (before + clock.now()) / 2) / 1000 })
  }
  const workers = bus === null ? null : await workerClockSkew(bus)
  if (workers !== null) found.push({ against: 'the bus, seen from the workers', seconds: workers })
  return found
}

async function disk({ settings }: Context): Promise<Finding> {
  const tape = tapeFolder(settings.bus)
  const file = settings.store.startsWith('duckdb:') ? settings.store.slice('duckdb:'.length) : null
  const places = [settings.models, ...(tape === null ? [] : [tape]), ...(file === null ? [] : [file])]
  const daily = tape === null ? 0 : await tapeDayBytes(tape)
  return judgeDisk(await Promise.all(places.map((place) => spaceOf(place, place === tape ? daily : 0))))
}
