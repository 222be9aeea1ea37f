import type { SetName } from '../../../schemas/topics.ts'
import type { Epoch } from '../../../models/training/train.ts'
import type { Family } from '../../../models/network/spec.ts'
import type { Register } from '../act.ts'
import type { Context } from '../context.ts'
import type { Kept } from '../train-and-keep.ts'
import { describe, withSettings } from '../flags.ts'
import { dateRange, positiveNumber, wholeNumber, type DateRange } from '../values.ts'

interface Flags {
  readonly set: string
  readonly train: DateRange
  readonly validate: DateRange
  readonly horizon: number
  readonly family?: string
  readonly lookback?: number
  readonly hidden?: number
  readonly epochs?: number
  readonly seeds?: number
  readonly seed?: number
  readonly learningRate?: number
  readonly selfLoopsOnly?: boolean
  readonly promote: boolean
}

/** Sizes and schedule of a small market; ARCHITECTURE.md has what they were measured to give. */
export const trainDefaults = {
  family: 'gru+gat_sa+fin',
  lookback: 10,
  hidden: 16,
  epochs: 20,
  patience: 6,
  warmUp: 20,
  sectionShare: 1,
  decay: 0,
  seeds: 1,
  seed: 0,
  learningRate: 3e-3,
} as const

export const registerTrain: Register = (program, act) => {
  const d = trainDefaults
  const command = describe(
    program.command('train'),
    'Train the network of one set on stored days, and promote it.',
    'closebell train --set PV --train 2024-01-18..2024-03-04 --validate 2024-03-05..2024-03-14 --horizon 1',
  )
  withSettings(command, 'store', 'models', 'engine', 'profile')
    .requiredOption('--set <name>', 'PV, G, C, HF or DP')
    .requiredOption('--train <range>', 'days A..B that weights are fitted to', dateRange)
    .requiredOption('--validate <range>', 'days C..D that choose the epochs', dateRange)
    .requiredOption('--horizon <days>', 'days the label looks ahead', wholeNumber)
    .option('--family <name>', `gru, gru+gat, gru+gat_sa or gru+gat_sa+fin (default: ${d.family})`)
    .option('--lookback <days>', `days in the window (default: ${d.lookback})`, wholeNumber)
    .option('--hidden <width>', `width of the state (default: ${d.hidden})`, wholeNumber)
    .option('--epochs <count>', `at most (default: ${d.epochs})`, wholeNumber)
    .option('--seeds <count>', `networks that are averaged (default: ${d.seeds})`, wholeNumber)
    .option('--seed <number>', `first seed (default: ${d.seed})`, wholeNumber)
    .option('--learning-rate <rate>', `of Adam (default: ${d.learningRate})`, positiveNumber)
    .option('--self-loops-only', 'replace every graph by self loops')
    .option('--no-promote', 'keep the artifact without putting it in force')
    .action(act((context) => train(context, command.opts<Flags>())))
}

async function train(context: Context, flags: Flags): Promise<void> {
  const { settings, progress, log } = context
  const { ClosebellError } = await import('../../../schemas/errors.ts')
  const { families } = await import('../../../models/network/spec.ts')
  const family = families.find((name) => name === (flags.family ?? trainDefaults.family))
  if (family === undefined)
    throw new ClosebellError('CB_USAGE', `--family: ${flags.family} is none of ${families.join(', ')}`)
  const { openEngine } = await import('../../compose/engine.ts')
  const { trainAndKeep } = await import('../train-and-keep.ts')
  const { withStore } = await import('../with-stores.ts')
  const { ModelsFolder } = await import('../../workers/models-folder.ts')
  const engine = await openEngine(settings.engine)
  const models = new ModelsFolder(settings.models)
  const given = { ...trainDefaults, ...defined(flags) }
  await withStore(context, async (store) => {
    const stage = progress.stage(`train ${flags.set}`, given.epochs * given.seeds, 'epochs')
    let done = 0
    const kept = await trainAndKeep({
      store,
      engine,
      models,
      profile: settings.profile,
      set: flags.set.toUpperCase() as SetName,
      ...given,
      family: family satisfies Family,
      train: flags.train,
      validate: flags.validate,
      horizon: flags.horizon,
      selfLoopsOnly: flags.selfLoopsOnly ?? false,
      promote: flags.promote,
      onEpoch: (epoch: Epoch) => {
        stage.reach(++done)
        log.debug('epoch', { ...epoch })
      },
    })
    stage.end(`${done} epochs, RankIC ${kept.rankIc.toFixed(4)} on validation`)
    context.answer(kept, () => sentence(kept))
  })
}

/** The numbers among the flags that were given. */
const defined = ({
  lookback,
  hidden,
  epochs,
  seeds,
  seed,
  learningRate,
}: Flags): Partial<Record<'lookback' | 'hidden' | 'epochs' | 'seeds' | 'seed' | 'learningRate', number>> =>
  Object.fromEntries(
    Object.entries({ lookback, hidden, epochs, seeds, seed, learningRate }).filter(([, value]) => value !== undefined),
  )

const sentence = ({ set, artifact, trainDays, validateDays, rankIc, promoted }: Kept): string =>
  `${set} ${artifact.slice(0, 12)}: ${trainDays} + ${validateDays} days, RankIC ${rankIc.toFixed(4)}` +
  (promoted ? ', promoted' : '')
