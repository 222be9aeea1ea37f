import { sets, type SetName } from '../../../schemas/topics.ts'
import type { ModelsFolder } from '../../workers/models-folder.ts'
import type { Register } from '../act.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'

interface Row {
  readonly set: string
  readonly artifact: string
  readonly promoted: boolean
  readonly horizon: number
  readonly family: string
  readonly train: string
  readonly validate: string
}

export const registerModels: Register = (program, act) => {
  const command = describe(
    program.command('models [action] [set] [artifact]'),
    'List artifacts (list), put one in force (promote), take the last promotion back (roll-back), check them (verify).',
    'closebell models list --models models',
    'closebell models promote PV 3f2a9c --models models',
  )
  withSettings(command, 'models').action(act((context) => models(context, command.args)))
}

async function models(context: Context, [action = 'list', set = '', artifact = '']: readonly string[]): Promise<void> {
  const { ModelsFolder } = await import('../../workers/models-folder.ts')
  const { ClosebellError } = await import('../../../schemas/errors.ts')
  const folder = new ModelsFolder(context.settings.models)
  const known = sets.find((name) => name === set.toUpperCase())
  if (action === 'list' || action === 'verify') return list(context, folder)
  if (known === undefined) throw new ClosebellError('CB_USAGE', `models ${action} needs a set: ${sets.join(', ')}`)
  if (action === 'promote') {
    const hash = await wholeHash(folder, known, artifact)
    await folder.promote(known, hash)
    context.answer({ set: known, artifact: hash }, () => `${known}: ${hash} is in force`)
  } else if (action === 'roll-back') {
    const hash = await folder.rollBack(known)
    context.answer({ set: known, artifact: hash }, () => `${known}: ${hash} is in force again`)
  } else throw new ClosebellError('CB_USAGE', `models cannot ${action}; known: list, promote, roll-back, verify`)
}

/** Every artifact is read whole, so that a damaged one is found here. */
async function list(context: Context, folder: ModelsFolder): Promise<void> {
  const rows: Row[] = []
  for (const set of sets) {
    const promoted = (await folder.promotions(set)).at(-1)
    for (const hash of await folder.list(set)) {
      const { manifest } = await folder.load(set, hash)
      rows.push({
        set,
        artifact: hash,
        promoted: hash === promoted,
        horizon: manifest.horizon,
        family: manifest.spec.family,
        train: `${manifest.train.from}..${manifest.train.to}`,
        validate: `${manifest.validate.from}..${manifest.validate.to}`,
      })
    }
  }
  const { table } = await import('../table.ts')
  const columns = ['set', 'artifact', 'promoted', 'horizon', 'family', 'train', 'validate'] as const
  context.answer(rows, () =>
    table(
      columns.map((name) => ({ name, align: name === 'horizon' ? ('right' as const) : ('left' as const) })),
      rows.map((row) => columns.map((name) => (name === 'artifact' ? row.artifact.slice(0, 12) : String(row[name])))),
    ),
  )
}

async function wholeHash(folder: ModelsFolder, set: SetName, start: string): Promise<string> {
  const { ClosebellError } = await import('../../../schemas/errors.ts')
  const found = (await folder.list(set)).filter((hash) => start !== '' && hash.startsWith(start))
  if (found.length !== 1)
    throw new ClosebellError('CB_ABSENT', `${found.length} artifacts of ${set} begin with "${start}"`)
  return found[0] as string
}
