import { decodeBatches } from './decode.ts'
import { engines } from './engines.ts'
import { close } from './close/close.ts'
import { importYears } from './import.ts'
import { line } from './line.ts'
import { say } from './measure.ts'
import { monitor } from './monitor.ts'
import { reduceInMemory } from './reduce.ts'
import { report } from './report.ts'
import { store } from './store.ts'
import { restart } from './restart.ts'
import { stream } from './stream.ts'
import { trainRecipe } from './train.ts'

/** `npm run bench -- <name>`: one JSON document on stdout, progress on stderr. */
const benches: Readonly<Record<string, () => Promise<object>>> = {
  decode: decodeBatches,
  engines,
  close,
  import: importYears,
  line,
  monitor,
  reduce: reduceInMemory,
  report,
  restart,
  stream,
  store,
  train: trainRecipe,
}

const name = process.argv[2] ?? ''
const bench = Object.hasOwn(benches, name) ? benches[name] : null
if (bench === null) {
  say(`no bench ${JSON.stringify(name)}; known: ${Object.keys(benches).join(', ')}`)
  process.exitCode = 2
} else {
  process.stdout.write(`${JSON.stringify(await bench(), null, 2)}\n`)
}
