import type { Epoch } from '../../../models/training/train.ts'
import type { Store } from '../../ports/store.ts'
import type { TrainingStart } from '../../workers/training/train-set.ts'
import type { Register } from '../act.ts'
import type { Context } from '../context.ts'
import type { Stage } from '../progress.ts'
import type { Recipe, RecipeName } from '../recipes.ts'
import type { Kept } from '../train-and-keep.ts'
import { describe, withSettings } from '../flags.ts'
import { fullMarketNames, recipes } from '../recipes.ts'
import { dateRange, positiveNumber, wholeNumber, type DateRange } from '../values.ts'

interface Flags {
  readonly set: string
  readonly train: DateRange
  readonly validate: DateRange
  readonly recipe?: string
  readonly family?: string
  readonly horizon?: number
  readonly label?: string
  readonly lookback?: number
  readonly hidden?: number
  readonly epochs?: number
  readonly seeds?: number
  readonly seed?: number
  readonly learningRate?: number
  readonly selfLoopsOnly?: boolean
  readonly promote: boolean
}

export const registerTrain: Register = (program, act) => {
  const both = (name: keyof (typeof recipes)['full']): string =>
    `(default: ${recipes.full[name]}; small: ${recipes.small[name as keyof typeof recipes.small]})`
  const command = describe(
    program.command('train'),
    'Train the network of one set on stored days, and promote it. Run again after an interruption, it goes on.',
    'closebell train --set PV --train 2013-04-01..2014-12-31 --validate 2015-01-01..2015-12-31 --seeds 3',
  )
  withSettings(command, 'store', 'models', 'engine', 'profile')
    .requiredOption('--set <name>', 'PV, G, C, HF or DP')
    .requiredOption('--train <range>', 'days A..B that weights are fitted to', dateRange)
    .requiredOption('--validate <range>', 'days C..D that choose the epochs', dateRange)
    .option('--recipe <name>', `full or small (default: full from ${fullMarketNames} names on)`)
    .option('--family <name>', `gru, gru+gat, gru+gat_sa or gru+gat_sa+fin ${both('family')}`)
    .option('--horizon <days>', `days the label looks ahead ${both('horizon')}`, wholeNumber)
    .option('--label <price>', `close or vwap: what the label buys and sells at ${both('labelPrice')}`)
    .option('--lookback <days>', `days in the window ${both('lookback')}`, wholeNumber)
    .option('--hidden <width>', `width of the state ${both('hidden')}`, wholeNumber)
    .option('--epochs <count>', `at most ${both('epochs')}`, wholeNumber)
    .option('--seeds <count>', `networks that are averaged ${both('seeds')}`, wholeNumber)
    .option('--seed <number>', `first seed ${both('seed')}`, wholeNumber)
    .option('--learning-rate <rate>', `of Adam ${both('learningRate')}`, positiveNumber)
    .option('--self-loops-only', 'replace every graph by self loops')
    .option('--no-promote', 'keep the artifact without putting it in force')
    .action(act((context) => train(context, command.opts<Flags>())))
}

async function train(context: Context, flags: Flags): Promise<void> {
  const { settings } = context
  const { ClosebellError } = await import('../../../schemas/errors.ts')
  const { sets } = await import('../../../schemas/topics.ts')
  const set = sets.find((name) => name === flags.set.toUpperCase())
  if (set === undefined) throw new ClosebellError('CB_USAGE', `--set: ${flags.set} is none of ${sets.join(', ')}`)
  const asked = await askedFor(flags)
  const { openEngine } = await import('../../compose/engine.ts')
  const { trainAndKeep } = await import('../train-and-keep.ts')
  const { withStore } = await import('../with-stores.ts')
  const { ModelsFolder } = await import('../../workers/models-folder.ts')
  const engine = await openEngine(settings.engine)
  await withStore(context, async (store) => {
    const name = asked.recipe ?? (await fittingRecipe(store, flags.train))
    const given: Recipe = { ...recipes[name], ...asked.given }
    const progress = epochProgress(context, `train ${set}`, given, name, engine.name)
    const kept = await trainAndKeep({
      store,
      engine,
      models: new ModelsFolder(settings.models),
      profile: settings.profile,
      set,
      ...given,
      train: flags.train,
      validate: flags.validate,
      selfLoopsOnly: flags.selfLoopsOnly ?? false,
      promote: flags.promote,
      command: ['closebell', ...process.argv.slice(2)].join(' '),
      clock: context.clock,
      ...progress,
    })
    progress.end(kept)
    context.answer(kept, () => sentence(kept))
  })
}

interface Asked {
  readonly recipe: RecipeName | undefined
  readonly given: Partial<Recipe>
}

/** What the flags say in place of the recipe. @throws ClosebellError CB_USAGE for names that are none */
async function askedFor(flags: Flags): Promise<Asked> {
  const { ClosebellError } = await import('../../../schemas/errors.ts')
  const { families } = await import('../../../models/network/spec.ts')
  const oneOf = <Name extends string>(flag: string, value: string | undefined, names: readonly Name[]) => {
    const found = names.find((name) => name === value)
    if (value !== undefined && found === undefined)
      throw new ClosebellError('CB_USAGE', `${flag}: ${value} is none of ${names.join(', ')}`)
    return found
  }
  const { horizon, lookback, hidden, epochs, seeds, seed, learningRate } = flags
  const given = {
    family: oneOf('--family', flags.family, families),
    labelPrice: oneOf('--label', flags.label, ['close', 'vwap'] as const),
    ...{ horizon, lookback, hidden, epochs, seeds, seed, learningRate },
  }
  return {
    recipe: oneOf('--recipe', flags.recipe, Object.keys(recipes) as RecipeName[]),
    given: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  }
}

/** By the number of names that have prices on the last stored day of the training span. */
async function fittingRecipe(store: Store, span: DateRange): Promise<RecipeName> {
  const last = (await store.dates('pv', span.from, span.to)).at(-1)
  if (last === undefined) return 'small'
  const { count } = await store.panel({ table: 'pv', columns: ['instrument'], from: last, to: last })
  return count >= fullMarketNames ? 'full' : 'small'
}

/** One line an epoch: loss, RankIC, and the time left if no seed stops early. */
function epochProgress(context: Context, name: string, recipe: Recipe, recipeName: string, engine: string) {
  const { progress, clock, say, signal } = context
  const epochs = (recipe.epochs ?? 1) * recipe.seeds
  const stage: Stage = progress.stage(name, epochs, 'epochs')
  let done = 0
  let fresh = 0
  let started = clock.elapsed()
  return {
    onStart: ({ trainDays, validateDays, masked, resumed }: TrainingStart): void => {
      done = resumed.length
      started = clock.elapsed()
      say(`${name}: ${recipe.family}, ${recipeName} recipe, ${trainDays} + ${validateDays} days, engine ${engine}`)
      if (masked.length > 0) say(`${name}: not in the store, so masked: ${masked.join(', ')}`)
      if (resumed.length > 0) say(`${name}: goes on after ${resumed.length} epochs of a run that was interrupted`)
    },
    onEpoch: async ({ seed, epoch, loss, rankIc }: Epoch): Promise<void> => {
      done++
      fresh++
      const left = ((clock.elapsed() - started) / fresh) * (epochs - done)
      const told = `seed ${seed} epoch ${epoch}: loss ${loss.toFixed(4)}, RankIC ${rankIc.toFixed(4)}`
      stage.reach(done, `${told}, at most ${minutes(left)} left`)
      // An epoch holds the thread for a while: let the display and signals through.
      await clock.sleep(0)
      signal.throwIfAborted()
    },
    end: (kept: Kept): void => stage.end(`${done} epochs, RankIC ${kept.rankIc.toFixed(4)} on validation`),
  }
}

const minutes = (ms: number): string =>
  ms < 60_000 ? `${Math.round(ms / 1000)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`

const sentence = ({ set, artifact, trainDays, validateDays, rankIc, promoted }: Kept): string =>
  `${set} ${artifact.slice(0, 12)}: ${trainDays} + ${validateDays} days, RankIC ${rankIc.toFixed(4)}` +
  (promoted ? ', promoted' : '')
