import type { Store } from '../../ports/store.ts'
import type { ReplayOutcome, Scoring } from '../../workers/replay/replay.ts'
import type { Register } from '../act.ts'
import { AnsweredNo, type Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'
import { dateRange, type DateRange } from '../values.ts'

interface Flags {
  readonly date: DateRange
  readonly score?: boolean
  readonly history?: boolean
}

export const registerReplay: Register = (program, act) => {
  const command = describe(
    program.command('replay'),
    'Compute past days again from the log and compare with what was published; writes nothing.',
    'closebell replay --bus tape:market --date 2024-03-15',
    'closebell replay --bus kafka://localhost:9092 --date 2024-03-01..2024-03-15 --score --models models',
    'closebell replay --bus tape:market --date 2024-03-15 --history --store duckdb:market.duckdb',
  )
  withSettings(command, 'bus', 'store', 'models', 'engine', 'profile')
    .requiredOption('--date <range>', 'a date or A..B', dateRange)
    .option('--score', 'score the jobs again too, with the artifacts of --models')
    .option('--history', 'compute G and DP again too, from the earlier bars of --store')
    .action(act((context) => run(context, command.opts<Flags>())))
}

async function run(context: Context, { date, score, history }: Flags): Promise<void> {
  const { settings, clock, log, progress, signal } = context
  const { openBus } = await import('../../compose/bus.ts')
  const { replay } = await import('../../workers/replay/replay.ts')
  const bus = await openBus(settings.bus, { clock, log })
  let store: Store | null = null
  try {
    if (history === true) store = await storeOf(context)
    const stage = progress.stage('replay', null, 'days')
    const outcome = await replay({
      bus,
      profile: settings.profile,
      ...date,
      scoring: score === true ? await scoringOf(context) : null,
      history: store,
      signal,
      onDay: (_, done) => stage.reach(done),
    })
    stage.end(outcome.verdict)
    context.answer(outcome, () => sentence(outcome))
    if (outcome.verdict === 'different') throw new AnsweredNo()
  } finally {
    await store?.close()
    await bus.close()
  }
}

async function storeOf({ settings, clock, log }: Context): Promise<Store> {
  const { openStore } = await import('../../compose/store.ts')
  const store = await openStore(settings.store, 'read', { clock, log })
  await store.ensureTables()
  return store
}

async function scoringOf({ settings }: Context): Promise<Scoring> {
  const { openEngine } = await import('../../compose/engine.ts')
  const { ModelsFolder } = await import('../../workers/models-folder.ts')
  return { engine: await openEngine(settings.engine), models: new ModelsFolder(settings.models) }
}

function sentence({ verdict, dates, compared, difference }: ReplayOutcome): string {
  const counts = Object.entries(compared).map(([name, count]) => `${count} ${name}`)
  if (difference === null) return `${verdict}: ${dates.length} days, ${counts.join(', ')}`
  const { topic, partition, offset, date, reason, rule, id, instrument, minute, published, recomputed } = difference
  const where = [rule ?? id, instrument, minute === null ? null : `minute ${minute}`].filter((part) => part !== null)
  const values = published === null && recomputed === null ? '' : `: published ${published}, recomputed ${recomputed}`
  return (
    `different on ${date}: ${reason}${where.length === 0 ? '' : ` (${where.join(', ')})`}${values}\n` +
    `${topic}/${partition} offset ${offset ?? '-'}`
  )
}
