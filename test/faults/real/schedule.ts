import { Random } from '../../../src/simulator/random.ts'
import type { Phase, Sight } from './proxy.ts'

/** Workers whose doings are seen, and the services below them. */
export type Actor = 'feed' | 'open' | 'features-a' | 'features-b' | 'close' | 'model' | 'sink' | 'subscriber'
export type Victim = Actor | 'kafka' | 'questdb'
export type Act = 'kill' | 'stop' | 'restart' | 'cut' | 'stall' | 'full-disk'

/** An instant in the life of an actor: the `count`-th time that it does this. */
export interface Point {
  readonly name: string
  readonly actor: Actor
  readonly what: Sight['what'] | 'snapshot-written' | 'snapshot-renamed'
  /** Short name of the topic; '' = any. */
  readonly topic: string
  readonly phase: Phase
  readonly count: number
}

export interface Schedule {
  readonly seed: number
  readonly victim: Victim
  readonly act: Act
  readonly point: Point
  /** How long a stop, a stall or a full disk lasts. */
  readonly ms: number
}

/** Beyond the session of a group member, 6 s, so that its partitions move. */
const stopMs = 7500

type PointKind = Omit<Point, 'actor' | 'count'> & { readonly most: number }

const point = (name: string, what: Point['what'], topic: string, phase: Phase, most: number): PointKind => ({
  name,
  what,
  topic,
  phase,
  most,
})

const features: readonly PointKind[] = [
  point('read→emit', 'fetch', 'market', 'answered', 4),
  point('mid-publish', 'produce', 'minutes', 'asked', 3),
  point('emit→acknowledge', 'produce', 'minutes', 'answered', 3),
  point('mid-publish', 'produce', 'days', 'asked', 1),
  point('emit→acknowledge', 'produce', 'days', 'answered', 1),
  point('snapshot→rename', 'snapshot-written', '', 'answered', 3),
  point('rename→commit', 'snapshot-renamed', '', 'answered', 3),
  point('commit→acknowledge', 'commit', '', 'answered', 3),
]

const publishing = (topic: string, most = 1): readonly PointKind[] => [
  point('mid-publish', 'produce', topic, 'asked', most),
  point('emit→acknowledge', 'produce', topic, 'answered', most),
]

const kinds: Readonly<Record<Actor, readonly PointKind[]>> = {
  feed: publishing('market', 30),
  open: [...publishing('inputs'), ...publishing('market', 2)],
  'features-a': features,
  'features-b': features,
  close: [
    point('read→emit', 'fetch', 'days', 'answered', 1),
    ...publishing('panels', 2),
    ...publishing('inputs'),
    ...publishing('jobs'),
    point('job→result', 'fetch', 'results', 'answered', 1),
    ...publishing('factor-pv'),
    ...publishing('ml-c'),
    ...publishing('completed'),
  ],
  model: [
    point('job→result', 'fetch', 'jobs', 'answered', 1),
    ...publishing('results'),
    point('commit→acknowledge', 'commit', 'jobs', 'answered', 1),
  ],
  sink: [
    point('read→emit', 'fetch', 'days', 'answered', 1),
    point('mid-publish', 'write', '', 'asked', 20),
    point('write→apply', 'write', '', 'answered', 20),
    point('commit→acknowledge', 'commit', '', 'answered', 6),
  ],
  subscriber: [
    point('read→emit', 'fetch', 'completed', 'answered', 1),
    point('commit→acknowledge', 'commit', 'completed', 'asked', 1),
    point('commit→acknowledge', 'commit', 'completed', 'answered', 1),
  ],
}

/** How often each is drawn; a restart of the broker is dear. */
const victims: readonly (readonly [Victim, number])[] = [
  ['features-a', 3],
  ['features-b', 3],
  ['feed', 3],
  ['open', 2],
  ['close', 4],
  ['model', 3],
  ['sink', 3],
  ['subscriber', 2],
  ['questdb', 2],
  ['kafka', 2],
]

const acts: Readonly<Record<'worker' | 'service', readonly (readonly [Act, number])[]>> = {
  worker: [
    ['kill', 8],
    ['cut', 4],
    ['stall', 3],
    ['stop', 3],
    ['restart', 2],
  ],
  service: [
    ['kill', 3],
    ['restart', 2],
    ['stop', 1],
    ['cut', 2],
  ],
}

function weighted<T>(random: Random, choices: readonly (readonly [T, number])[]): T {
  const total = choices.reduce((sum, [, weight]) => sum + weight, 0)
  let left = random.below(total)
  for (const [choice, weight] of choices) if ((left -= weight) < 0) return choice
  throw new Error('no choice has a weight')
}

/** What a seed does to a day. Without a mount there is no disk to fill. */
export function drawSchedule(seed: number, mayMount: boolean): Schedule {
  const random = new Random(seed, 79)
  const victim = weighted(random, victims)
  const isService = victim === 'kafka' || victim === 'questdb'
  const actors = Object.keys(kinds) as Actor[]
  const actor = victim === 'questdb' ? 'sink' : victim === 'kafka' ? actors[random.below(actors.length)] : victim
  const points = kinds[actor].filter(({ what }) => victim !== 'questdb' || what === 'write')
  const { most, ...kind } = points[random.below(points.length)]
  const drawn = weighted(random, acts[isService ? 'service' : 'worker'])
  const isOnDisk = kind.what === 'snapshot-written' || kind.what === 'snapshot-renamed'
  const act: Act = isOnDisk && mayMount && !isService && random.below(3) === 0 ? 'full-disk' : drawn
  const ms = act === 'stop' ? stopMs : 500 + random.below(5000)
  return { seed, victim, act, point: { ...kind, actor, count: 1 + random.below(most) }, ms }
}
