import type { Register } from '../act.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'
import { dateValue, someText } from '../values.ts'

interface Flags {
  readonly date: string
  readonly cause: string
  readonly retract?: boolean
}

export const registerCorrect: Register = (program, act) => {
  const command = describe(
    program.command('correct'),
    'Start a new revision of a closed day, with late events in their places, or take its values back.',
    'closebell correct --date 2024-03-15 --cause channel-6-was-resent --bus kafka://localhost:9092',
    'closebell correct --date 2024-03-15 --retract --cause prices-of-another-day --bus tape:market',
  )
  withSettings(command, 'bus')
    .requiredOption('--date <date>', 'the day', dateValue)
    .requiredOption('--cause <text>', 'why, as subscribers are told', someText)
    .option('--retract', 'the revision has no values: none of the day’s hold any more')
    .action(act((context) => correct(context, command.opts<Flags>())))
}

async function correct({ settings, clock, log, answer }: Context, { date, cause, retract = false }: Flags) {
  const { openBus } = await import('../../compose/bus.ts')
  const { correctDate } = await import('../../workers/correct.ts')
  const bus = await openBus(settings.bus, { clock, log })
  try {
    const { revision } = await correctDate({ bus, date, cause, retract })
    const said = retract ? 'is retracted by' : 'gets'
    answer({ date, revision, retracted: retract, cause }, () => `${date} ${said} r${revision + 1}: ${cause}`)
  } finally {
    await bus.close()
  }
}
