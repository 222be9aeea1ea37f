import type { Register } from '../act.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'
import { wholeNumber } from '../values.ts'

interface Flags {
  readonly out: string
  readonly seed: number
  readonly instruments: number
  readonly days: number
}

export const registerDemo: Register = (program, act) => {
  const command = describe(
    program.command('demo'),
    'Run it all in one process: a simulated market, training, one day live to its close.',
    'closebell demo',
    'closebell demo --seed 7 --out demo --json',
  )
  withSettings(command)
    .option('--out <folder>', 'tape, store and models; made anew', '.closebell/demo')
    .option('--seed <number>', 'the same seed gives the same market', wholeNumber, 1)
    .option('--instruments <count>', 'names', wholeNumber, 96)
    .option('--days <count>', 'trading days, at least 40', wholeNumber, 48)
    .action(act((context) => demo(context, command.opts<Flags>())))
}

async function demo(context: Context, flags: Flags): Promise<void> {
  const { ClosebellError } = await import('../../../schemas/errors.ts')
  if (flags.days < 40)
    throw new ClosebellError('CB_USAGE', `--days: ${flags.days} leave too few to train on; at least 40`)
  const { runDemo } = await import('../demo/run-demo.ts')
  const { demoText } = await import('../demo/demo-text.ts')
  const outcome = await runDemo(context, flags)
  if (outcome !== null) context.answer(outcome, () => demoText(outcome))
}
