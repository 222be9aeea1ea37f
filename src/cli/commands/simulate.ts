import type { SimulationOptions } from '../../simulator/options.ts'
import type { Register } from '../act.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'
import { dateValue, wholeNumber } from '../values.ts'

interface Flags extends Partial<Omit<SimulationOptions, 'eventsPerDay'>> {
  readonly out: string
  readonly events?: number
}

export const registerSimulate: Register = (program, act) => {
  const command = describe(
    program.command('simulate'),
    'Write a seeded market as a tape, with its reference data and the returns it planted.',
    'closebell simulate --out market --instruments 96 --days 48 --seed 7',
    'closebell simulate --out market --signal neighbours --horizon 5 --first-date 2024-01-02',
  )
  withSettings(command, 'partitions')
    .requiredOption('--out <folder>', 'folder of the tape; the reference data goes to <folder>/reference')
    .option('--instruments <count>', 'names (default: 96)', wholeNumber)
    .option('--days <count>', 'trading days (default: 48)', wholeNumber)
    .option('--seed <number>', 'the same seed gives the same market (default: 1)', wholeNumber)
    .option('--signal <name>', 'none, own, neighbours, regime, fundamentals or all (default: own)')
    .option('--horizon <days>', 'days over which the planted return is earned (default: 1)', wholeNumber)
    .option('--first-date <date>', 'first day, or the first trading day after it (default: 2024-01-02)', dateValue)
    .option('--events <count>', 'events of one name and day, about (default: 900)', wholeNumber)
    .action(act((context) => simulate(context, command.opts<Flags>())))
}

async function simulate(context: Context, { out, events, ...shape }: Flags): Promise<void> {
  const { settings, origins, progress, clock, log, signal } = context
  const [{ simulateMarket }, { writeReference }, { publishFeed }, { openBus }, { partitionsOf }, { watchedFeed }] =
    await Promise.all([
      import('../../simulator/market.ts'),
      import('../../simulator/reference-files.ts'),
      import('../../workers/feed.ts'),
      import('../../compose/bus.ts'),
      import('../partitions.ts'),
      import('../watched-feed.ts'),
    ])
  const market = simulateMarket({ ...ownOptions(shape), ...(events === undefined ? {} : { eventsPerDay: events }) })
  const { options } = market
  const reference = `${out}/reference`
  const bus = await openBus(`tape:${out}`, { clock, log })
  try {
    const partitions = await partitionsOf(bus, settings, origins)
    const writing = progress.stage('reference', null, 'files')
    await writeReference(reference, market)
    writing.end(reference)
    const stage = progress.stage('market', options.days * options.instruments * options.eventsPerDay, 'events')
    const days = await publishFeed({ feed: watchedFeed(market, stage), bus, partitions, clock, log, signal })
    const published = days.reduce((sum, day) => sum + day.events, 0)
    stage.end(`${published.toLocaleString('en-US')} events in ${days.length} days`)
    const messages = days.reduce((sum, day) => sum + day.messages, 0)
    const dates = { from: market.dates[0], to: market.dates.at(-1) }
    context.answer({ tape: out, reference, partitions, ...options, ...dates, events: published, messages }, () =>
      summary(out, options, dates),
    )
  } finally {
    await bus.close()
  }
}

/** The simulator's options among the flags: --json and the settings lie beside them. */
const ownOptions = ({ instruments, days, seed, signal, horizon, firstDate }: Omit<Flags, 'out' | 'events'>) =>
  Object.fromEntries(
    Object.entries({ instruments, days, seed, signal, horizon, firstDate }).filter(([, value]) => value !== undefined),
  )

const summary = (
  out: string,
  { instruments, seed, signal }: SimulationOptions,
  { from, to }: { readonly from: string; readonly to: string | undefined },
): string =>
  `${instruments} names, ${from} to ${to}, seed ${seed}, signal ${signal}: --bus tape:${out}\n` +
  `reference data: closebell import market ${out}/reference`
