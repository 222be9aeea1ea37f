import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { Register } from '../act.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'
import { commaList, dateValue, positiveNumber } from '../values.ts'

export const registerFeed: Register = (program, act) => {
  const feed = program.command('feed').summary('Bring vendor data or a tape onto the bus.')
  feed.description('Bring vendor data or a tape onto the bus.\n\nExample:\n  $ closebell feed tape market')
  const level2 = describe(
    feed.command('cn-l2 <input...>'),
    'Publish A-share Level-2 files: a folder of dates, of one date or symbol, or CSV files.',
    'closebell feed cn-l2 level2/2023-02-01 --bus kafka://localhost:9092 --partitions 4',
    'closebell feed cn-l2 level2 --date 2023-02-01 --speed 60',
  )
  withSettings(level2, 'bus', 'partitions')
    .option('--speed <factor>', 'times real time (default: as fast as possible)', positiveNumber)
    .option('--date <date>', 'only this date; a comma list or the flag again names more', dates)
    .action(act((context) => feedLevel2(context, level2)))
  const tape = describe(
    feed.command('tape <folder>'),
    'Publish the market log of a tape again, on another bus.',
    'closebell feed tape market --bus kafka://localhost:9092/replay',
    'closebell feed tape market --bus kafka://localhost:9092/replay --speed 60',
  )
  withSettings(tape, 'bus')
    .option('--speed <factor>', 'times real time (default: as fast as possible)', positiveNumber)
    .action(act((context) => feedTape(context, tape.args[0], tape.opts<{ speed?: number }>())))
}

const dates = (text: string, before: readonly string[] | undefined): readonly string[] =>
  commaList(text, before).map(dateValue)

async function feedLevel2(context: Context, command: Command): Promise<void> {
  const { settings, origins, progress, clock, log, signal } = context
  const [{ cnL2Feed }, { publishFeed }, { openBus }, { partitionsOf }, { watchedFeed }] = await Promise.all([
    import('../../feeds/cn-l2/index.ts'),
    import('../../workers/feed.ts'),
    import('../../compose/bus.ts'),
    import('../partitions.ts'),
    import('../watched-feed.ts'),
  ])
  const { speed, date } = command.opts<{ speed?: number; date?: readonly string[] }>()
  const choice = { ...(speed === undefined ? {} : { speed }), ...(date === undefined ? {} : { dates: date }) }
  const bus = await openBus(settings.bus, { clock, log })
  try {
    const partitions = await partitionsOf(bus, settings, origins)
    const stage = progress.stage('cn-l2', null, 'events')
    const feed = watchedFeed(cnL2Feed(command.args), stage)
    const days = await publishFeed({ feed, bus, partitions, ...choice, clock, log, signal })
    const events = days.reduce((sum, day) => sum + day.events, 0)
    stage.end(`${events.toLocaleString('en-US')} events in ${days.length} days`)
    context.answer({ bus: settings.bus, partitions, days }, () =>
      days
        .map(
          ({ date, events, rejected, messages }) =>
            `${date}: ${events} events, ${rejected} refused, ${messages} messages`,
        )
        .join('\n'),
    )
  } finally {
    await bus.close()
  }
}

async function feedTape(context: Context, folder: string, speed: { readonly speed?: number }): Promise<void> {
  const { settings, progress, clock, log, signal, say } = context
  const { openBus } = await import('../../compose/bus.ts')
  const { countMarket, republishMarket } = await import('../republish.ts')
  const from = await openBus(`tape:${folder}`, { clock, log })
  const to = await openBus(settings.bus, { clock, log })
  try {
    const stage = progress.stage('tape', await countMarket(from), 'messages')
    const done = await republishMarket({ from, to, clock, ...speed, signal, onProgress: stage.reach })
    stage.end()
    const reference = existsSync(`${folder}/reference/instruments.csv`) ? `${folder}/reference` : null
    if (reference !== null) say(`reference data: closebell import market ${reference}`)
    const { dates } = done
    context.answer(
      { tape: folder, bus: settings.bus, ...done, reference },
      () => `${done.messages} messages, ${done.skipped} were there; ${dates[0]} to ${dates.at(-1)}`,
    )
  } finally {
    await Promise.all([from.close(), to.close()])
  }
}
