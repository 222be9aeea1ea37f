import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { openEngine } from '../../src/compose/engine.ts'
import { recipes } from '../../src/cli/recipes.ts'
import { trainAndKeep } from '../../src/cli/train-and-keep.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { ModelsFolder } from '../../src/workers/models-folder.ts'

/**
 * A training that dies by its own SIGKILL before or after the `count`-th state is put in its place.
 * Arguments: store, models, last training day, first and last day of validation and the first of training, instant,
 * count. Prints the hash of its artifact and how many epochs it ran itself.
 */
const [file, folder, from, trainTo, validateFrom, to, instant, count] = process.argv.slice(2)

let left = Number(count)
const { rename } = promises
promises.rename = async (source, target) => {
  const dies = String(target).endsWith('.state') && --left === 0
  if (dies && instant === 'before') process.kill(process.pid, 'SIGKILL')
  await rename(source, target)
  if (dies && instant === 'after') process.kill(process.pid, 'SIGKILL')
}
syncBuiltinESMExports()

let epochs = 0
const store = await openDuckdb(file)
const kept = await trainAndKeep({
  ...recipes.full,
  store,
  engine: await openEngine('reference'),
  models: new ModelsFolder(folder),
  profile: 'cn',
  set: 'PV',
  lookback: 6,
  hidden: 8,
  horizon: 2,
  epochs: 4,
  seeds: 2,
  train: { from, to: trainTo },
  validate: { from: validateFrom, to },
  selfLoopsOnly: false,
  promote: false,
  onEpoch: () => {
    epochs++
  },
})
await store.close()
process.stdout.write(`${kept.artifact} ${epochs}\n`)
