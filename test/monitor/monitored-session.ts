import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChainName } from '../../schemas/market.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { pageFolders } from '../../src/cli/page-folders.ts'
import { systemClock } from '../../src/compose/clock.ts'
import { importReference } from '../../src/import/import-reference.ts'
import { startMonitor, type MonitorOptions, type RunningMonitor } from '../../src/monitor/server/monitor.ts'
import type { Bus } from '../../src/ports/bus.ts'
import type { Store } from '../../src/ports/store.ts'
import type { SimulatedMarket } from '../../src/simulator/market.ts'
import { writeReference } from '../../src/simulator/reference-files.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { openDay } from '../../src/workers/open/open-worker.ts'
import { Sink } from '../../src/workers/sink/sink-worker.ts'
import { fed } from '../faults/simulated-day.ts'
import { featuresOf } from '../integration/logged-rows.ts'
import { silentLog } from '../silent-log.ts'

/** A simulated day on a tape and in a store, with a monitor that watches it. */
export interface MonitoredSession {
  readonly date: string
  readonly bus: Bus
  readonly store: Store
  readonly url: string
  readonly monitor: RunningMonitor
  /** Feeds the day and reduces it to rows; the monitor sees them come. */
  trade(): Promise<void>
  /** Brings what is on the bus into the store. */
  sink(): Promise<void>
  stop(): Promise<void>
}

export async function watchSession(
  market: SimulatedMarket,
  more: Partial<MonitorOptions> = {},
  prepare: (store: Store, date: string) => Promise<void> = async () => undefined,
): Promise<MonitoredSession> {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-monitored-'))
  const bus = openTape(join(folder, 'tape'), { clock: systemClock })
  const store = await openDuckdb(join(folder, 'closebell.duckdb'))
  const stopping = new AbortController()
  const date = market.dates[0]
  await bus.createTopics(2)
  await store.ensureTables()
  await writeReference(join(folder, 'reference'), market)
  await importReference(store, join(folder, 'reference'))
  await prepare(store, date)
  const chains = await chainsOf(market)
  await openDay({ bus, store, log: silentLog, date, profile: 'cn', neighbours: 3, chains })
  const monitor = await startMonitor({
    bus,
    // The monitor closes what it opened; this store is the sink's too.
    openStore: async () => readerOf(store),
    clock: systemClock,
    log: silentLog,
    signal: stopping.signal,
    profile: 'cn',
    deployment: 'test',
    host: '127.0.0.1',
    port: 0,
    token: null,
    folder,
    assets: pageFolders(),
    ...more,
  })
  return {
    date,
    bus,
    store,
    url: monitor.url,
    monitor,
    trade: async () => {
      await fed(market, bus)
      await featuresOf(bus).run()
    },
    sink: () => new Sink(bus, store, 'live').drain(date),
    stop: async () => {
      stopping.abort()
      await monitor.done
      await store.close()
      await bus.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function chainsOf(market: SimulatedMarket): Promise<ChainName[]> {
  for await (const { channels } of market.days()) {
    return channels.map(({ channel }) => ({ producer: market.producer, channel }))
  }
  return []
}

const readerOf = (store: Store): Store => ({
  ensureTables: () => store.ensureTables(),
  append: (table, rows) => store.append(table, rows),
  applied: (tables) => store.applied(tables),
  panel: (query) => store.panel(query),
  dates: (table, from, to) => store.dates(table, from, to),
  close: async () => undefined,
})

/** Reads a stream of the monitor until an event holds, and answers the events so far. */
export async function readStream(
  url: string,
  ids: readonly string[],
  isEnough: (events: readonly StreamEvent[]) => boolean,
): Promise<StreamEvent[]> {
  const answer = await fetch(`${url}api/stream?columns=${ids.join(',')}`)
  const events: StreamEvent[] = []
  let text = ''
  const decoder = new TextDecoder()
  for await (const bytes of answer.body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = parseEvent(text.slice(0, end))
      text = text.slice(end + 2)
      if (event !== null) events.push(event)
      // Leaving the loop cancels the stream.
      if (isEnough(events)) return events
    }
  }
  return events
}

export interface StreamEvent {
  readonly type: string
  readonly data: readonly string[]
}

function parseEvent(text: string): StreamEvent | null {
  const lines = text.split('\n')
  const type = lines.find((line) => line.startsWith('event: '))?.slice('event: '.length)
  const data = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice('data: '.length))
  return type === undefined ? null : { type, data }
}

/** f64 of base64, as a column is written down. */
export function decodeColumn(base64: string): Float64Array {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'))
  return new Float64Array(bytes.buffer)
}
