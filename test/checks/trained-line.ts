import { join } from 'node:path'
import { createReferenceEngine } from '../../models/network/reference/engine.ts'
import type { Completed, MlC } from '../../schemas/day.ts'
import type { Family } from '../../models/network/spec.ts'
import type { SetName } from '../../schemas/topics.ts'
import { recipes } from '../../src/cli/recipes.ts'
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
export interface SpanSizes {
  /** Days at the start that fill the first windows. */
  readonly warmUp: number
  /** Days that choose the epochs. */
  readonly validate: number
  /** Out-of-sample days. */
  readonly test: number
}

const short: SpanSizes = { warmUp: 12, validate: 8, test: 32 }

export interface Spans {
  readonly train: Span
  readonly validate: Span
  /** Days that no training has seen, each with an outcome within the market. */
  readonly test: readonly string[]
}

/** Training, validation and out-of-sample days of a market, in this order and apart. */
export function spansOf(dates: readonly string[], sizes: SpanSizes = short): Spans {
  const end = dates.length - 1 - horizon
  const validate = end - sizes.test - sizes.validate
  const span = (from: number, to: number): Span => ({ from: dates[from] as string, to: dates[to - 1] as string })
  return {
    train: span(sizes.warmUp, validate),
    validate: span(validate, validate + sizes.validate),
    test: dates.slice(end - sizes.test, end),
  }
}

export interface TrainedLine {
  /** Its folder beside the market's. */
  readonly name: string
  readonly sets?: readonly SetName[]
  readonly family?: Family
  readonly selfLoopsOnly?: boolean
}

/** Trains and promotes sets with the defaults of the command. */
export async function trainLine(checked: CheckedMarket, spans: Spans, line: TrainedLine): Promise<ModelsFolder> {
  const models = new ModelsFolder(join(checked.folder, line.name))
  for (const set of line.sets ?? checkedSets) {
    await trainAndKeep({
      ...recipes.small,
      ...(line.family === undefined ? {} : { family: line.family }),
      store: checked.store,
      engine,
      models,
      profile: 'cn',
      set,
      train: spans.train,
      validate: spans.validate,
      horizon,
      selfLoopsOnly: line.selfLoopsOnly ?? false,
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
      const options = { bus, store, clock, log, profile, models, resultsTimeoutMs: 60_000, dates: [date] }
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
