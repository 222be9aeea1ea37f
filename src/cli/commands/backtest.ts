import { basename } from 'node:path'
import type { Register } from '../act.ts'
import type { Stage } from '../progress.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'
import type { FactorName } from '../../backtest/backtest.ts'
import { commaList, dateValue, wholeNumber } from '../values.ts'

interface Flags {
  readonly set: readonly string[]
  readonly from: string
  readonly to: string
  readonly family?: string
  readonly horizon: number
  readonly inSample?: boolean
  readonly out?: string
}

export const registerBacktest: Register = (program, act) => {
  const command = describe(
    program.command('backtest'),
    'Score past days anew and measure each factor, as a page, CSV and Parquet.',
    'closebell backtest --set PV --family gru --from 2016-01-04 --to 2016-12-30 --out report.html',
    'closebell backtest --set PV,C,HF,ML_C --from 2024-04-01 --to 2024-06-28 --horizon 1 --json',
  )
  withSettings(command, 'store', 'models', 'engine', 'profile')
    .requiredOption('--set <names>', 'a comma list of PV, G, C, HF, DP and ML_C', (text: string) => commaList(text))
    .requiredOption('--from <date>', 'first day that is scored', dateValue)
    .requiredOption('--to <date>', 'last day that is scored', dateValue)
    .option('--family <name>', 'gru, gru+gat, gru+gat_sa or gru+gat_sa+fin (default: the promoted one)')
    .option('--horizon <days>', 'days that a portfolio is held and returns look ahead', wholeNumber, 10)
    .option('--in-sample', 'score days that a model was trained or validated on, and flag them')
    .option('--out <file>', 'the page; tables lie beside it as CSV and Parquet')
    .action(act((context) => backtest(context, command.opts<Flags>(), program.version() ?? '')))
}

async function backtest(context: Context, flags: Flags, version: string): Promise<void> {
  const { settings, progress, signal, clock, log } = context
  const { families } = await import('../../../models/network/spec.ts')
  const { openEngine } = await import('../../compose/engine.ts')
  const { runBacktest } = await import('../../backtest/backtest.ts')
  const { documentOf } = await import('../../backtest/document.ts')
  const { openStore } = await import('../../compose/store.ts')
  const { ModelsFolder } = await import('../../workers/models-folder.ts')
  const names = await factorNames(flags.set)
  const family = flags.family === undefined ? {} : { family: await oneOf('--family', flags.family, families) }
  if (flags.horizon < 1) throw await misuse(`--horizon: ${flags.horizon} is no number of days`)
  const engine = await openEngine(settings.engine)
  const store = await openStore(settings.store, 'read', { clock, log })
  try {
    await store.ensureTables()
    const stages: Stage[] = []
    let done = 0
    const result = await runBacktest({
      store,
      engine,
      models: new ModelsFolder(settings.models),
      profile: settings.profile,
      sets: names,
      ...family,
      from: flags.from,
      to: flags.to,
      horizon: flags.horizon,
      inSample: flags.inSample ?? false,
      onStart: (sections) => stages.push(progress.stage('score', sections, 'sections')),
      onDay: async () => {
        stages.at(-1)?.reach(++done)
        // A day holds the thread for a while: let the progress display and signals through.
        await clock.sleep(0)
        signal.throwIfAborted()
      },
    })
    stages.at(-1)?.end(`${done} sections scored`)
    const { writeBacktest } = await import('../backtest-files.ts')
    const provenance = { command: commandLine(flags), store: settings.store, models: settings.models, version }
    const files = flags.out === undefined ? [] : await writeBacktest(flags.out, result, provenance)
    const { summaryOf } = await import('../backtest-summary.ts')
    const document = documentOf(result)
    context.answer({ ...document, files }, () => summaryOf(document, files))
  } finally {
    await store.close()
  }
}

/** The command as it can be pasted again; store and models are named apart. */
function commandLine({ set, from, to, family, horizon, inSample, out }: Flags): string {
  const words = ['closebell backtest', `--set ${set.join(',')}`, `--from ${from}`, `--to ${to}`]
  if (family !== undefined) words.push(`--family ${family}`)
  words.push(`--horizon ${horizon}`)
  if (inSample === true) words.push('--in-sample')
  if (out !== undefined) words.push(`--out ${basename(out)}`)
  return words.join(' ')
}

const misuse = async (fact: string): Promise<Error> => {
  const { ClosebellError } = await import('../../../schemas/errors.ts')
  return new ClosebellError('CB_USAGE', fact)
}

async function oneOf<T extends string>(flag: string, text: string, known: readonly T[]): Promise<T> {
  const found = known.find((name) => name === text)
  if (found === undefined) throw await misuse(`${flag}: ${text} is none of ${known.join(', ')}`)
  return found
}

async function factorNames(given: readonly string[]): Promise<readonly FactorName[]> {
  const { sets } = await import('../../../schemas/topics.ts')
  const known = [...sets, 'ML_C'] as const
  return Promise.all(given.map((name) => oneOf('--set', name.toUpperCase(), known)))
}
