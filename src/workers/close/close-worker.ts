import type { Bus } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import { MarketHistory } from '../history/market-history.ts'
import type { Heartbeat } from '../status/heartbeat.ts'
import { closeDay, type CloseOptions, type CloseSummary } from './close-day.ts'
import { LogView } from '../scoring/log-view.ts'
import { Sink } from '../sink/sink-worker.ts'
import { StorePatience } from '../store-patience.ts'
import { firstRevision, isOvertaken, newestIn, startedCorrections, type Revision } from '../corrections.ts'
import { CloseReports } from './close-report.ts'
import { closeRetraction } from './close-retraction.ts'
import { Coordinator } from './coordinator.ts'
import { CorrectedDates } from './corrected-dates.ts'

export interface CloseWorkerOptions extends CloseOptions {
  /** Dates to close, ascending; without them the newest opened day and those that follow. */
  readonly dates?: readonly string[]
  readonly onClosed?: (summary: CloseSummary) => void | Promise<void>
  /** Is told how far the close of the date is; nothing that is published depends on it. */
  readonly heartbeat?: Heartbeat
}

const pollMs = 200

/** A clock may answer an aborted sleep by a rejection; whoever pauses looks at the signal then. */
const pause = (clock: Clock, signal: AbortSignal | undefined): Promise<void> =>
  clock.sleep(pollMs, signal).catch(() => undefined)

/**
 * The close worker: the only coordinator of a day and of its later revisions. What is completed already is passed
 * over, as is what a later revision of the date has overtaken.
 * @throws ClosebellError CB_COORDINATOR when another close worker is at work on the bus
 */
export async function runCloseWorker(options: CloseWorkerOptions): Promise<CloseSummary[]> {
  const { bus, clock, signal } = options
  const summaries: CloseSummary[] = []
  const view = new LogView(bus, options.profile)
  const patience = new StorePatience(options)
  const sink = new Sink(bus, options.store, 'live')
  const reports = new CloseReports(options, patience)
  options.heartbeat?.watch(() => reports.now())
  const coordinator = options.heartbeat === undefined ? null : new Coordinator(bus, clock, options.heartbeat)
  const mayPublish = async (): Promise<void> => coordinator?.check(signal)
  await mayPublish()
  let history: MarketHistory | null = null
  /** Whether the close came to an end: by itself, not by an interruption. */
  const close = async (of: Revision, interrupt?: AbortSignal): Promise<boolean> => {
    const { date, revision } = of
    if ((options.models !== null || revision > 0) && (await isOvertaken(bus, of))) {
      // The bars of a day that is passed over are in the store by the next one.
      history = null
      return true
    }
    reports.of = of
    options.heartbeat?.beat()
    // A later revision is made of what stood before its date; and what comes after it has other days behind it.
    if (revision > 0) history = null
    // What earlier days left in the store is part of this one.
    history = await patience.until(async () => {
      await options.store.applied()
      await sink.catchUp(date)
      return history ?? (await MarketHistory.before(options.store, options.profile, date))
    })
    if (history === null) return false
    // The day has just been opened: what was published before it is read long before the close.
    await view.refresh(date)
    const closing = { ...options, mayPublish, ...(interrupt === undefined ? {} : { interrupt }) }
    const summary = await (of.isRetraction ? closeRetraction(closing, of) : closeDay(closing, history, view, of))
    if (revision > 0) history = null
    if (summary === null) return false
    summaries.push(summary)
    options.heartbeat?.beat()
    await options.onClosed?.(summary)
    return true
  }
  if (options.dates !== undefined) {
    for (const date of options.dates) {
      if (signal?.aborted === true) break
      await close(firstRevision(date))
      await closeCorrections(options, date, close)
    }
    return summaries
  }
  await closeAsTheyCome(options, close)
  return summaries
}

type Close = (of: Revision, interrupt?: AbortSignal) => Promise<boolean>

/** Closes the corrections of a date as soon as their rows are there, until the last of them is closed. */
async function closeCorrections({ bus, clock, signal }: CloseWorkerOptions, date: string, close: Close): Promise<void> {
  const started = (await startedCorrections(bus)).filter((of) => of.date === date)
  const last = started.at(-1)
  if (last === undefined) return
  const corrected = new CorrectedDates(bus)
  const over = new AbortController()
  const until = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal])
  const waiting = started.map((of) => corrected.await(of, until))
  try {
    while (signal?.aborted !== true && !(await isOvertaken(bus, last))) {
      const of = corrected.next()
      if (of === undefined) await pause(clock, signal)
      else await close(of)
    }
  } finally {
    over.abort()
    await Promise.all(waiting)
  }
}

/** Closes the newest day and those that follow, and corrections as soon as their rows are there. */
async function closeAsTheyCome({ bus, clock, signal }: CloseWorkerOptions, close: Close): Promise<void> {
  const corrected = new CorrectedDates(bus)
  const over = new AbortController()
  const following = corrected.follow(signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]))
  try {
    for (let last = ''; signal?.aborted !== true;) {
      for (let of = corrected.next(); of !== undefined; of = corrected.next()) await close(of)
      const date = await newestDate(bus)
      if (date <= last) await pause(clock, signal)
      else if (await close(firstRevision(date), corrected.interrupt)) last = date
    }
  } finally {
    over.abort()
    await following
  }
}

/** Date of the newest record in the market log; empty when there is none. */
export const newestDate = async (bus: Bus): Promise<string> =>
  (await bus.partitions('market')) === 0 ? '' : newestIn(bus, 'market')
