import type { Bus } from '../../ports/bus.ts'
import type { CloseSummary } from '../../workers/close/close-day.ts'
import type { Heartbeat } from '../../workers/status/heartbeat.ts'
import type { Register } from '../act.ts'
import { beating } from '../beating.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'
import { dateRange, positiveNumber, type DateRange } from '../values.ts'

interface Flags {
  readonly date?: DateRange
  readonly deadline?: number
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
    .option('--deadline <seconds>', 'how long results are waited for (default: 300)', positiveNumber)
    .option('--inline-model', 'run a model worker in this process')
    .action(act((context) => close(context, command.opts<Flags>())))
}

async function close(context: Context, { date, deadline = 300, inlineModel }: Flags): Promise<void> {
  const { settings, clock, log, signal, progress } = context
  const { withBusAndStore } = await import('../with-stores.ts')
  const { runCloseWorker } = await import('../../workers/close/close-worker.ts')
  const { Sink } = await import('../../workers/sink/sink-worker.ts')
  const { StorePatience } = await import('../../workers/store-patience.ts')
  const { ModelsFolder } = await import('../../workers/models-folder.ts')
  const models = new ModelsFolder(settings.models)
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
          resultsDeadlineMs: deadline * 1000,
          signal,
          ...(dates === undefined ? {} : { dates }),
          onClosed: async (summary) => {
            await sink.drain(summary.date)
            stage.reach(closed.push(summary.date))
            log.info(lineOf(summary))
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

const documentOf = ({ date, completed, mlC, times }: CloseSummary) => ({
  date,
  completed,
  weights: mlC === null ? null : Object.fromEntries(mlC.sets.map((set, k) => [set, mlC.weights[k]])),
  flags: mlC?.flags ?? [],
  times,
})

const lineOf = ({ date, completed }: CloseSummary): string =>
  completed === null
    ? `${date}: panels`
    : `${date}: ${completed.degraded ? 'DEGRADED' : 'COMPLETE'} r${completed.revision + 1}, ` +
      `${completed.published} of ${completed.universe} names, sets ${
        completed.sets
          .filter((set) => set.present)
          .map((set) => set.set)
          .join(' ') || 'none'
      }`
