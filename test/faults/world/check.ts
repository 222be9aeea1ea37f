import { parseArgs } from 'node:util'
import { Schedules } from './schedules.ts'

/** `npm run check:world -- --schedules N --seed S [--json]`: N schedules from seed S on; exit 1 when one fails. */
const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
})
const [count, first] = [Number(values.schedules), Number(values.seed)]
const schedules = new Schedules()
const started = process.cpuUsage()
const failed: number[] = []
let steps = 0
for (let seed = first; seed < first + count; seed++) {
  const verdict = await schedules.run(seed)
  steps += verdict.steps
  if (verdict.failures.length === 0) continue
  failed.push(seed)
  if (count === 1) process.stderr.write(`${JSON.stringify(verdict, null, 1)}\n`)
  else process.stderr.write(`seed ${seed}: ${verdict.failures.join('; ')}\n`)
}
const { user, system } = process.cpuUsage(started)
const summary = { seed: first, schedules: count, failed, steps, cpuSeconds: Math.round((user + system) / 1e5) / 10 }
const text = `seeds ${first} to ${first + count - 1}: ${failed.length} failed, ${summary.cpuSeconds} CPU seconds`
process.stdout.write(`${values.json ? JSON.stringify(summary) : text}\n`)
process.exitCode = failed.length === 0 ? 0 : 1
