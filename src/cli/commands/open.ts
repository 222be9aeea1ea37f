import type { Register } from '../act.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'
import { commaList, dateValue, wholeNumber } from '../values.ts'

interface Flags {
  readonly date: string
  readonly chains?: readonly string[]
  readonly neighbours?: number
}

/** Neighbours in each graph unless said: enough for a market of a hundred names. */
export const neighboursDefault = 6

export const registerOpen: Register = (program, act) => {
  const command = describe(
    program.command('open'),
    'Open a day: graphs, exposures and fundamentals of the day before, then the session records.',
    'closebell open --date 2024-03-15 --bus kafka://localhost:9092 --store questdb://localhost:9000',
    'closebell open --date 2023-02-01 --chains cn-l2/sse-6,cn-l2/sse-books',
  )
  withSettings(command, 'bus', 'store', 'partitions', 'profile')
    .requiredOption('--date <date>', 'the trading day', dateValue)
    .option('--chains <list>', 'producer/channel of every chain (default: those of the last day)', commaList)
    .option('--neighbours <count>', `names in each list of a graph (default: ${neighboursDefault})`, wholeNumber)
    .action(act((context) => open(context, command.opts<Flags>())))
}

async function open(context: Context, { date, chains, neighbours = neighboursDefault }: Flags): Promise<void> {
  const { settings, log } = context
  const { withBusAndStore } = await import('../with-stores.ts')
  const { openDay } = await import('../../workers/open/open-worker.ts')
  await withBusAndStore(context, 'command', async (bus, store) => {
    const done = await openDay({
      bus,
      store,
      log,
      date,
      profile: settings.profile,
      neighbours,
      ...(chains === undefined ? {} : { chains: chains.map(chainOf) }),
    })
    context.answer(
      done,
      () => `${date}: ${done.universe} names, ${done.inputs.length} inputs${done.opened ? ', opened' : ''}`,
    )
  })
}

const chainOf = (text: string): { producer: string; channel: string } => {
  const [producer = '', ...channel] = text.split('/')
  return { producer, channel: channel.join('/') }
}
