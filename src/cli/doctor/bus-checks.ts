import { jobPartitions, topicPath, topics, type TopicName } from '../../../schemas/topics.ts'
import { healthOf, limits } from '../../../schemas/limits.ts'
import type { Bus } from '../../ports/bus.ts'
import type { BusInspection } from '../../ports/inspection.ts'
import { codecs, kindOf } from '../../wire/index.ts'
import { livenessOf, readStatusBoard } from '../../workers/status/status-board.ts'
import { fail, ok, warn, type Finding } from './finding.ts'

const dayMs = 86_400_000

/** Whether every topic is there with the partitions that it should have. `wanted`: P if somebody named it. */
export async function checkTopics(bus: Bus, wanted: number | null): Promise<Finding> {
  const counts = new Map<TopicName, number>()
  for (const { name } of topics) counts.set(name, await bus.partitions(name))
  const market = counts.get('market') ?? 0
  if ([...counts.values()].every((count) => count === 0)) {
    return warn('topics', 'there are none yet', 'Run closebell open, which makes them.')
  }
  const missing = topics.filter(({ name }) => counts.get(name) === 0)
  if (missing.length > 0) {
    const names = missing.map(({ name }) => topicPath(name)).join(', ')
    return warn('topics', `${missing.length} of ${topics.length} are missing: ${names}`, 'Run closebell open.')
  }
  if (wanted !== null && market !== wanted) {
    const remedy = 'P is fixed when the topic is made: set --partitions to it.'
    return fail('topics', `the market topic has ${market} partitions, ${wanted} are set`, remedy)
  }
  const expected = { market, jobs: jobPartitions }
  const wrong = topics.filter(({ name, partitions }) => {
    const count = typeof partitions === 'number' ? partitions : expected[partitions]
    return counts.get(name) !== count
  })
  if (wrong.length > 0) {
    const names = wrong.map(({ name }) => `${topicPath(name)} has ${counts.get(name)}`).join(', ')
    return fail(
      'topics',
      `partitions differ: ${names}`,
      'Make those topics again with the partitions of schemas/topics.',
    )
  }
  return ok('topics', `${topics.length}, market with ${market} partitions`)
}

/** Messages that are needed later may not be deleted earlier than the definition says. */
export async function checkRetention(inspection: BusInspection | null): Promise<Finding> {
  if (inspection === null) return ok('retention', 'a tape keeps everything')
  const kept = await inspection.retention()
  const short = topics.filter(({ name, retentionDays }) => {
    const ms = kept.get(name)
    return ms !== undefined && ms < (retentionDays ?? Infinity) * dayMs
  })
  if (short.length === 0) return ok('retention', `${kept.size} topics keep what they should`)
  const names = short.map(({ name, retentionDays }) => {
    const days = ((kept.get(name) as number) / dayMs).toFixed(1)
    return `${name} ${days} days for ${retentionDays ?? 'ever'}`
  })
  return fail('retention', `too short: ${names.join(', ')}`, 'Set retention.ms of those topics; -1 is for ever.')
}

/** Which services report. Before the session they have to be up, at other times they may be. */
export async function checkWorkers(bus: Bus, now: number, isPreflight: boolean): Promise<Finding> {
  const partitions = await bus.partitions('market')
  const board = await readStatusBoard(bus)
  const live = board.reports().filter((status) => livenessOf(status, now) === 'live')
  const owned = new Set(live.filter(({ worker }) => worker === 'features').map(({ partition }) => partition))
  const others = (['close', 'model', 'sink'] as const).map((worker) => ({
    worker,
    count: live.filter((status) => status.worker === worker).length,
  }))
  const said = [
    `features on ${owned.size} of ${partitions} partitions`,
    ...others.map(({ worker, count }) => `${count} ${worker}`),
  ].join(', ')
  const absent = [
    ...(owned.size < partitions || partitions === 0 ? ['features'] : []),
    ...others.filter(({ count }) => count === 0).map(({ worker }) => worker),
  ]
  if (absent.length === 0) return ok('workers', said)
  const remedy = `Start closebell ${absent.join(', closebell ')}.`
  return (isPreflight ? fail : warn)('workers', `heartbeats of ${said}`, remedy)
}

/** Workers' clocks against the broker's, which stamps what they report; null when nobody reports. */
export async function workerClockSkew(bus: Bus): Promise<number | null> {
  if ((await bus.partitions('status')) === 0) return null
  const { first, next } = await bus.offsets('status', 0)
  if (first === next) return null
  const least = new Map<string, number>()
  for await (const messages of bus.read('status', 0, { from: Math.max(first, next - 200), until: 'end' })) {
    for (const { value, appendedAt } of messages) {
      if (kindOf(value) !== 'status') continue
      const { owner, reportedAt } = codecs.status.decode(value)
      // What a report was on its way adds to the difference, so that the smallest comes nearest to the clocks'.
      least.set(owner, Math.min(least.get(owner) ?? Infinity, (appendedAt - reportedAt) / 1000))
    }
  }
  return least.size === 0 ? null : Math.max(...[...least.values()].map(Math.abs))
}

/** The clock of this machine against the store's server, and those of the workers against the broker. */
export function judgeClock(skews: readonly { readonly against: string; readonly seconds: number }[]): Finding {
  if (skews.length === 0) return ok('clock', 'no server to compare with')
  const worst = skews.reduce((a, b) => (b.seconds > a.seconds ? b : a))
  const fact = `${worst.seconds.toFixed(2)} s off ${worst.against}`
  const health = healthOf('clock', worst.seconds)
  if (health === 'green')
    return ok('clock', `within ${limits.clock.green} s of ${skews.map((s) => s.against).join(', ')}`)
  return (health === 'red' ? fail : warn)('clock', fact, 'Keep the clocks by NTP, such as with chrony.')
}
