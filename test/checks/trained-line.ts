import { join } from 'node:path'
import { createReferenceEngine } from '../../models/network/reference/engine.ts'
import type { Completed, MlC } from '../../schemas/day.ts'
import type { SetName } from '../../schemas/topics.ts'
import { trainDefaults } from '../../src/cli/commands/train.ts'
import { trainAndKeep } from '../../src/cli/train-and-keep.ts'
import { runCloseWorker } from '../../src/workers/close/close-worker.ts'
import { ModelsFolder } from '../../src/workers/models-folder.ts'
import { runModelWorker } from '../../src/workers/model/model-worker.ts'
import { Sink } from '../../src/workers/sink/sink-worker.ts'
import type { Span } from '../../src/workers/training/samples.ts'
import { realClock } from '../real-clock.ts'
import { silentLog } from '../silent-log.ts'
import type { CheckedMarket } from './checked-market.ts'

export const engine = createReferenceEngine('check')
export const checkedSets: readonly SetName[] = ['PV', 'C', 'HF']
export const horizon = 1
/** Out-of-sample days, days that choose the epochs, and days at the start that fill the first windows. */
const testDays = 32
const validateDays = 8
const warmUpDays = 12

export interface Spans {
  readonly train: Span
  readonly validate: Span
  /** Days that no training has seen, each with an outcome within the market. */
  readonly test: readonly string[]
}

/** Training, validation and out-of-sample days of a market, in this order and apart. */
export function spansOf(dates: readonly string[]): Spans {
  const end = dates.length - 1 - horizon
  const validate = end - testDays - validateDays
  const span = (from: number, to: number): Span => ({ from: dates[from] as string, to: dates[to - 1] as string })
  return {
    train: span(warmUpDays, validate),
    validate: span(validate, validate + validateDays),
    test: dates.slice(end - testDays, end),
  }
}

/** Trains and promotes the three sets with the defaults of the command. */
export async function trainLine(checked: CheckedMarket, spans: Spans, selfLoopsOnly: boolean): Promise<ModelsFolder> {
  const models = new ModelsFolder(join(checked.folder, selfLoopsOnly ? 'self-loops' : 'models'))
  for (const set of checkedSets) {
    await trainAndKeep({
      ...trainDefaults,
      store: checked.store,
      engine,
      models,
      profile: 'cn',
      set,
      train: spans.train,
      validate: spans.validate,
      horizon,
      selfLoopsOnly,
      promote: true,
      onEpoch: () => undefined,
    })
  }
  return models
}

export interface ClosedDay {
  readonly date: string
  readonly mlC: MlC
  readonly completed: Completed
}

/** Closes the out-of-sample days one after another with the close, model and sink workers. */
export async function closeTestDays(
  { bus, store }: CheckedMarket,
  models: ModelsFolder,
  dates: readonly string[],
): Promise<ClosedDay[]> {
  const [clock, log, profile] = [realClock, silentLog, 'cn']
  const stop = new AbortController()
  const scoring = runModelWorker({ bus, clock, log, engine, models, profile, signal: stop.signal })
  const sink = new Sink(bus, store, 'live')
  const closed: ClosedDay[] = []
  try {
    for (const date of dates) {
      const options = { bus, store, clock, log, profile, models, resultsDeadlineMs: 60_000, dates: [date] }
      const [summary] = await runCloseWorker(options)
      await sink.drain(date)
      if (!summary?.mlC || !summary.completed) throw new Error(`${date} closed without ML_C`)
      closed.push({ date, mlC: summary.mlC, completed: summary.completed })
    }
  } finally {
    stop.abort()
    await scoring
  }
  return closed
}
