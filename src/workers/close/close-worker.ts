import { codecs } from '../../wire/index.ts'
import type { Bus } from '../../ports/bus.ts'
import { MarketHistory } from '../history/market-history.ts'
import type { Heartbeat } from '../status/heartbeat.ts'
import { closeDay, type CloseOptions, type CloseSummary } from './close-day.ts'
import { LogView } from '../scoring/log-view.ts'
import { StorePatience } from '../store-patience.ts'
import { CloseReports } from './close-report.ts'
import { Coordinator } from './coordinator.ts'

export interface CloseWorkerOptions extends CloseOptions {
  /** Dates to close, ascending; without them the newest opened day and those that follow. */
  readonly dates?: readonly string[]
  readonly onClosed?: (summary: CloseSummary) => void | Promise<void>
  /** Is told how far the close of the date is; nothing that is published depends on it. */
  readonly heartbeat?: Heartbeat
}

const pollMs = 200

/**
 * The close worker: the only coordinator of a day. Dates that are completed already are passed over.
 * @throws ClosebellError CB_COORDINATOR when another close worker is at work on the bus
 */
export async function runCloseWorker(options: CloseWorkerOptions): Promise<CloseSummary[]> {
  const { bus, clock, signal } = options
  const summaries: CloseSummary[] = []
  const view = new LogView(bus, options.profile)
  const patience = new StorePatience(options)
  const reports = new CloseReports(options, patience)
  options.heartbeat?.watch(() => reports.now())
  const coordinator = options.heartbeat === undefined ? null : new Coordinator(bus, clock, options.heartbeat)
  const mayPublish = async (): Promise<void> => coordinator?.check(signal)
  await mayPublish()
  let history: MarketHistory | null = null
  const close = async (date: string): Promise<void> => {
    if (options.models !== null && (await isCompleted(bus, date))) {
      // The bars of a day that is passed over are in the store by the next one.
      history = null
      return
    }
    reports.date = date
    options.heartbeat?.beat()
    // What earlier days left in the store is part of this one.
    history = await patience.until(async () => {
      await options.store.applied()
      return history ?? (await MarketHistory.before(options.store, options.profile, date))
    })
    if (history === null) return
    // The day has just been opened: what was published before it is read long before the close.
    await view.refresh(date)
    const summary = await closeDay({ ...options, mayPublish }, history, view, date)
    if (summary === null) return
    summaries.push(summary)
    options.heartbeat?.beat()
    await options.onClosed?.(summary)
  }
  if (options.dates !== undefined) {
    for (const date of options.dates) if (signal?.aborted !== true) await close(date)
    return summaries
  }
  for (let last = ''; signal?.aborted !== true;) {
    const date = await newestDate(bus)
    if (date > last) {
      await close(date)
      last = date
    } else await clock.sleep(pollMs, signal)
  }
  return summaries
}

async function isCompleted(bus: Bus, date: string): Promise<boolean> {
  const from = await bus.offsetOfDate('completed', 0, date)
  if (from >= (await bus.offsets('completed', 0)).next) return false
  for await (const messages of bus.read('completed', 0, { from, until: 'end' })) {
    if (messages.some((message) => codecs.completed.decode(message.value).date === date)) return true
  }
  return false
}

/** Date of the newest record in the market log; empty when there is none. */
export async function newestDate(bus: Bus): Promise<string> {
  if ((await bus.partitions('market')) === 0) return ''
  const { first, next } = await bus.offsets('market', 0)
  if (first === next) return ''
  let date = ''
  for await (const messages of bus.read('market', 0, { from: next - 1, until: 'end' }))
    date = messages.at(-1)?.date ?? date
  return date
}
