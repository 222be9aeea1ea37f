import { execFile, execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { liveDays, prepareBase, type Base } from './base.ts'
import { Deployment, Lane, type Outcome } from './lane.ts'
import { drawSchedule, type Schedule } from './schedule.ts'

/**
 * Fault schedules on real services: `--schedules N --seed S` runs the schedules S, S+1, ... S+N-1, each on a day of a
 * deployment; `--day K` puts a single one on the K-th day, as a line of the log says. `--lanes L` runs so many
 * deployments side by side, each on services of its own; `--record FILE` appends a line of JSON for each schedule.
 */
const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    day: { type: 'string', default: '1' },
    lanes: { type: 'string', default: '1' },
    record: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})
const root = resolve(import.meta.dirname, '../../../..')
const sources = join(root, 'test/faults/real')
const python = join(root, '.python/bin/python')

const folder = mkdtempSync(join(tmpdir(), 'closebell-schedules-'))
const cleanFile = join(folder, 'clean.json')

async function verify(lane: Lane, base: Base, deployment: Deployment, more: object): Promise<Record<string, string[]>> {
  const task = {
    broker: lane.broker,
    store: lane.store,
    prefix: deployment.prefix,
    days: deployment.days,
    dates: base.live,
    schemas: join(root, 'schemas/published'),
    clean: cleanFile,
    ...more,
  }
  // The broker is behind a proxy of this process, which must not stand still.
  const { stdout } = await promisify(execFile)(python, [join(sources, 'verify.py'), JSON.stringify(task)])
  return JSON.parse(stdout) as Record<string, string[]>
}

/** What the fault-free days gave, for all lanes. */
async function runClean(lane: Lane, base: Base): Promise<void> {
  const deployment = new Deployment(lane, base, 'clean')
  await deployment.begin()
  for (const date of base.live) await deployment.day(date, null)
  await deployment.end()
  const strange = Object.values(await verify(lane, base, deployment, { keep: cleanFile })).flat()
  await lane.forget(deployment.prefix)
  if (strange.length > 0) throw new Error(`the fault-free run is not whole: ${strange.join('; ')}`)
}

interface Planned {
  readonly schedule: Schedule
  /** From 0. */
  readonly day: number
}

/** The schedules of each deployment: one on each of its days, or a single one on the day that is named. */
function plan(mayMount: boolean): Planned[][] {
  const first = Number(values.seed)
  const all = Array.from({ length: Number(values.schedules) }, (_, i) => drawSchedule(first + i, mayMount))
  if (all.length === 1) return [[{ schedule: all[0] as Schedule, day: Number(values.day) - 1 }]]
  const deployments: Planned[][] = []
  all.forEach((schedule, i) => {
    if (i % liveDays === 0) deployments.push([])
    deployments.at(-1)?.push({ schedule, day: i % liveDays })
  })
  return deployments
}

const counts = { passed: 0, failed: 0, unreached: 0 }

function tell({ schedule, struck, seconds, day }: Outcome, dayNumber: number, differences: readonly string[]): void {
  if (schedule === null) return
  const { seed, victim, act, point, ms } = schedule
  const result = differences.length > 0 ? 'failed' : struck === null ? 'unreached' : 'passed'
  counts[result]++
  const line = {
    result,
    seed,
    day: dayNumber,
    date: day,
    victim,
    act,
    ms: act === 'kill' || act === 'cut' || act === 'restart' ? 0 : ms,
    point: `${point.actor} ${point.name} ${point.what} ${point.topic} ${point.phase} ${point.count}`.replaceAll(
      '  ',
      ' ',
    ),
    pid: struck?.pid ?? -1,
    offset: struck?.offset ?? -1,
    seconds,
    ...(differences.length > 0 ? { differences: differences.slice(0, 10) } : {}),
  }
  console.log(JSON.stringify(line))
  if (values.record !== undefined) appendFileSync(values.record, `${JSON.stringify(line)}\n`)
}

async function runDeployment(lane: Lane, base: Base, planned: readonly Planned[], clean: Promise<void>): Promise<void> {
  const deployment = new Deployment(lane, base, `s${planned[0]?.schedule.seed}`)
  const outcomes: { outcome: Outcome; day: number }[] = []
  const last = Math.max(...planned.map(({ day }) => day))
  let failure = ''
  let at = 0
  try {
    await deployment.begin()
    for (at = 0; at <= last; at++) {
      const schedule = planned.find(({ day }) => day === at)?.schedule ?? null
      outcomes.push({ outcome: await deployment.day(base.live[at] as string, schedule), day: at + 1 })
    }
  } catch (error) {
    failure = (error as Error).message
  }
  await deployment.end()
  await clean
  const differences = await verify(lane, base, deployment, {})
  await lane.forget(deployment.prefix)
  for (const { outcome, day } of outcomes) tell(outcome, day, differences[outcome.day] ?? [])
  // A day that did not end takes the days after it along.
  for (const { schedule, day } of failure === '' ? [] : planned.filter(({ day }) => day >= at)) {
    const why = day === at ? failure : 'the day before did not end'
    tell({ schedule, struck: null, seconds: 0, day: base.live[day] as string }, day + 1, [why])
  }
}

function canMount(): boolean {
  const place = join(folder, 'mount')
  mkdirSync(place)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place], { stdio: 'ignore' })
    execFileSync('umount', [place], { stdio: 'ignore' })
    return true
  } catch {
    console.error('no small disk can be mounted here: schedules with a full disk do something else instead')
    return false
  }
}

if (!existsSync(python)) throw new Error('no Python for the verifier: run npm run setup:python')
const mayMount = canMount()
const base = await prepareBase(join(folder, 'base'))
const queue = plan(mayMount)
// Told to stop, it ends the deployments that run: services that were left alone would run on.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => queue.splice(0))
const lanes = Array.from(
  { length: Math.min(Number(values.lanes), queue.length) },
  (_, i) => new Lane(join(folder, `lane-${i}`), mayMount),
)
try {
  await Promise.all(lanes.map((lane) => lane.start()))
  const [first] = lanes
  // One lane begins without faults, and the others need its outcome only when they compare.
  const clean = first === undefined ? Promise.resolve() : runClean(first, base)
  const work = async (lane: Lane): Promise<void> => {
    if (lane === first) await clean
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      await runDeployment(lane, base, next, clean)
    }
  }
  await Promise.all(lanes.map(work))
} finally {
  await Promise.all(lanes.map((lane) => lane.stop()))
  if (values.keep || counts.failed > 0) console.error(`logs are in ${folder}`)
  else rmSync(folder, { recursive: true, force: true })
}
console.log(JSON.stringify(counts))
process.exit(counts.failed > 0 ? 1 : 0)
