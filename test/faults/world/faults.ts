import type { Random } from '../../../src/simulator/random.ts'

/** Workers by what they do. */
export const kinds = ['open', 'feed', 'features', 'close', 'model', 'sink'] as const
export type Kind = (typeof kinds)[number]

/** What befalls one call of a process to the outside. */
export type Act =
  /** It dies before it has asked, or between the effect and the answer. */
  | 'crash before'
  | 'crash after'
  /** It is told that the call failed; it did, or only the answer was lost. */
  | 'fail before'
  | 'fail after'
  /** The effect happens twice, where it is one that can. */
  | 'repeat'
  /** It stands still with the answer on its way, longer or shorter than a group waits for its members. */
  | 'pause'

export interface Fault {
  readonly kind: Kind
  /** Number of the call over all processes of the kind; of half of the faults among those that publish or append. */
  readonly call: number
  readonly ofWrites: boolean
  readonly act: Act
  /** Of a pause. */
  readonly ms: number
  /** With the process its machine dies, and with it what was not yet safe on its disk. */
  readonly losesDisk: boolean
}

/** A stretch of time in which something outside is not as it should be, ms from the start. */
export interface Spell {
  readonly what: 'store suspended' | 'store slow' | 'disk full'
  readonly from: number
  readonly to: number
}

/** How often each kind of process called and how long everything took when nothing failed. */
export interface Extent {
  readonly calls: Readonly<Record<Kind, number>>
  readonly writes: Readonly<Record<Kind, number>>
  readonly ms: number
}

export interface Plan {
  readonly faults: readonly Fault[]
  readonly spells: readonly Spell[]
}

export const nothing: Plan = { faults: [], spells: [] }

const acts: readonly Act[] = ['crash before', 'crash after', 'fail before', 'fail after', 'repeat', 'pause', 'pause']
const spells: readonly Spell['what'][] = ['store suspended', 'store slow', 'disk full']

/** One to eight faults, and now and then a spell. */
export function drawPlan(random: Random, extent: Extent): Plan {
  const faults = Array.from({ length: 1 + random.below(8) }, (): Fault => {
    const kind = kinds[random.below(kinds.length)]
    const ofWrites = random.below(2) === 0
    return {
      kind,
      call: 1 + random.below((ofWrites ? extent.writes : extent.calls)[kind]),
      ofWrites,
      act: acts[random.below(acts.length)],
      ms: random.below(2) === 0 ? random.below(100) : random.below(extent.ms),
      losesDisk: random.below(2) === 0,
    }
  })
  const drawn = Array.from({ length: random.below(3) }, (): Spell => {
    const from = random.below(extent.ms)
    return { what: spells[random.below(spells.length)], from, to: from + random.below(extent.ms / 2) }
  })
  return { faults, spells: drawn }
}

const newCounts = (): Record<Kind, number> => ({ open: 0, feed: 0, features: 0, close: 0, model: 0, sink: 0 })

const placeOf = (kind: Kind, ofWrites: boolean, call: number): string =>
  `${kind} ${ofWrites ? 'write' : 'call'} ${call}`

/** Counts the calls of a run and says what befalls each. */
export class Faults {
  readonly calls = newCounts()
  readonly writes = newCounts()
  readonly #byCall: ReadonlyMap<string, Fault>
  readonly #spells: readonly Spell[]

  constructor({ faults, spells }: Plan) {
    this.#byCall = new Map(faults.map((fault) => [placeOf(fault.kind, fault.ofWrites, fault.call), fault]))
    this.#spells = spells
  }

  next(kind: Kind, isWrite: boolean): Fault | undefined {
    const fault = this.#byCall.get(placeOf(kind, false, ++this.calls[kind]))
    return isWrite ? (this.#byCall.get(placeOf(kind, true, ++this.writes[kind])) ?? fault) : fault
  }

  /** When the spell that holds at `ms` from the start ends; 0 when none does. */
  until(what: Spell['what'], ms: number): number {
    const spell = this.#spells.find((one) => one.what === what && one.from <= ms && ms < one.to)
    return spell?.to ?? 0
  }
}
