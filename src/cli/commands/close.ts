import type { Completed } from '../../../schemas/day.ts'
import type { Bus } from '../../ports/bus.ts'
import type { Log } from '../../ports/log.ts'
import type { CloseOptions, CloseSummary } from '../../workers/close/close-day.ts'
import type { Heartbeat } from '../../workers/status/heartbeat.ts'
import type { Register } from '../act.ts'
import { beating } from '../beating.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'
import { dateRange, deadlineValue, positiveNumber, type DateRange, type Deadline } from '../values.ts'

/** How long a sink may take for a day that is completed, ms. */
const sinkMs = 60_000

interface Flags {
  readonly date?: DateRange
  readonly deadline?: Deadline
  readonly chainTimeout?: number
  readonly resultsTimeout?: number
  readonly inlineModel?: boolean
}

export const registerClose: Register = (program, act) => {
  const command = describe(
    program.command('close'),
    'Close days: panels, jobs, factors, ML_C, completed; and bring them into the store.',
    'closebell close --bus kafka://localhost:9092 --store questdb://localhost:9000 --models models',
    'closebell close --date 2024-03-15..2024-03-29 --inline-model --bus tape:market --store duckdb:market.duckdb',
  )
  withSettings(command, 'bus', 'store', 'models', 'partitions', 'profile', 'engine')
    .option('--date <range>', 'a date or A..B, then end (default: the newest day and those that follow)', dateRange)
    .option(
      '--deadline <HH:MM>',
      'exchange time at which partitions that have not closed are ended and the day is degraded ' +
        '(default: 15:45 for cn; with --date none)',
      deadlineValue,
    )
    .option(
      '--chain-timeout <seconds>',
      'a chain that is silent so long within the session is lost for the day; not with --date (default: 180)',
      positiveNumber,
    )
    .option(
      '--results-timeout <seconds>',
      'how long results are waited for behind their jobs (default: 300)',
      positiveNumber,
    )
    .option('--inline-model', 'run a model worker in this process')
    .action(act((context) => close(context, command.opts<Flags>())))
}

async function close(context: Context, flags: Flags): Promise<void> {
  const { date, inlineModel } = flags
  const { settings, clock, log, signal, progress } = context
  const { withBusAndStore } = await import('../with-stores.ts')
  const { runCloseWorker } = await import('../../workers/close/close-worker.ts')
  const { Sink } = await import('../../workers/sink/sink-worker.ts')
  const { awaitStored } = await import('../../workers/sink/missing-days.ts')
  const { StorePatience } = await import('../../workers/store-patience.ts')
  const { ModelsFolder } = await import('../../workers/models-folder.ts')
  const models = new ModelsFolder(settings.models)
  const waits = await waitsOf(flags, settings.profile, log)
  await withBusAndStore(context, date === undefined ? 'service' : 'command', async (bus, store) => {
    const dates = date === undefined ? undefined : await tradingDaysOf(settings.profile, date)
    const stopModel = inlineModel === true ? await startModel(context, bus) : null
    const stage = progress.stage('close', dates?.length ?? null, 'days')
    const sink = new Sink(bus, store, 'live', new StorePatience({ store, clock, log, signal }))
    const closed: string[] = []
    context.onStop(() => `${closed.length === 0 ? 'no day closed' : `closed ${closed.join(', ')}`}, ${sink.rows} rows.`)
    try {
      const run = (heartbeat: Heartbeat): Promise<CloseSummary[]> =>
        runCloseWorker({
          bus,
          store,
          clock,
          log,
          profile: settings.profile,
          models,
          ...waits,
          signal,
          ...(dates === undefined ? {} : { dates }),
          onClosed: async (summary) => {
            stage.reach(closed.push(summary.date))
            log.info(lineOf(summary))
            // Beside a service there is a sink; where there is none, the rows are brought from here.
            const isLeft = dates === undefined && (await awaitStored(store, summary, { clock, signal, forMs: sinkMs }))
            if (!isLeft) await sink.drain(summary.date)
          },
          heartbeat,
        })
      const summaries = await beating(context, bus, 'close', run)
      stage.end(`${closed.length} days`)
      context.answer({ days: summaries.map(documentOf) }, () => summaries.map(lineOf).join('\n'))
    } finally {
      await stopModel?.()
    }
  })
}

/**
 * When the close stops waiting. Past days are waited for unless a deadline is named; a number of seconds, as --deadline
 * was once given, is the time for results.
 */
async function waitsOf(
  { date, deadline, chainTimeout, resultsTimeout }: Flags,
  profile: string,
  log: Log,
): Promise<Pick<CloseOptions, 'givingUp' | 'resultsTimeoutMs'>> {
  const { ClosebellError } = await import('../../../schemas/errors.ts')
  const { profileOf } = await import('../../../schemas/profiles/index.ts')
  const isLive = date === undefined
  if (!isLive && chainTimeout !== undefined)
    throw new ClosebellError('CB_USAGE', '--chain-timeout is given with --date: chains of past days are at rest')
  const seconds = deadline !== undefined && 'seconds' in deadline ? deadline.seconds : undefined
  if (seconds !== undefined)
    log.warn('--deadline takes a time of day, HH:MM; seconds are --results-timeout', { seconds })
  const resultsTimeoutMs = 1000 * (resultsTimeout ?? seconds ?? 300)
  const ends = deadline !== undefined && 'time' in deadline ? deadline.time : undefined
  if (!isLive && ends === undefined) return { resultsTimeoutMs }
  const givingUp = {
    deadline: ends ?? profileOf(profile).closeDeadline,
    chainTimeoutMs: isLive ? 1000 * (chainTimeout ?? 180) : null,
  }
  return { resultsTimeoutMs, givingUp }
}

async function tradingDaysOf(profile: string, { from, to }: DateRange): Promise<string[]> {
  const { tradingDays } = await import('../../../schemas/calendars/index.ts')
  const { profileOf } = await import('../../../schemas/profiles/index.ts')
  return tradingDays(profileOf(profile), from, to)
}

async function startModel(context: Context, bus: Bus): Promise<() => Promise<void>> {
  const { settings, clock, log } = context
  const { openEngine } = await import('../../compose/engine.ts')
  const { ModelsFolder } = await import('../../workers/models-folder.ts')
  const { runModelWorker } = await import('../../workers/model/model-worker.ts')
  const stop = new AbortController()
  const models = new ModelsFolder(settings.models)
  const engine = await openEngine(settings.engine)
  const running = runModelWorker({ bus, clock, log, engine, models, profile: settings.profile, signal: stop.signal })
  return async () => {
    stop.abort()
    await running
  }
}

const documentOf = ({ date, revision, completed, mlC, times }: CloseSummary) => ({
  date,
  revision,
  completed,
  weights: mlC === null ? null : Object.fromEntries(mlC.sets.map((set, k) => [set, mlC.weights[k]])),
  flags: mlC?.flags ?? [],
  times,
})

const stateOf = ({ retracted, degraded }: Completed): string =>
  retracted ? 'RETRACTED' : degraded ? 'DEGRADED' : 'COMPLETE'

const lineOf = ({ date, completed }: CloseSummary): string =>
  completed === null
    ? `${date}: panels`
    : `${date}: ${stateOf(completed)} r${completed.revision + 1}, ` +
      `${completed.published} of ${completed.universe} names, sets ${
        completed.sets
          .filter((set) => set.present)
          .map((set) => set.set)
          .join(' ') || 'none'
      }`
