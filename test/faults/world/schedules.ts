import { Random } from '../../../src/simulator/random.ts'
import { drawPlan, nothing, type Extent, type Plan } from './faults.ts'
import { drawMarket, earlierDays, type Market } from './market.ts'
import { compare, compareTables, publishedOf, type Published } from './verify.ts'
import { World, type Outcome, type State } from './world.ts'

/** So many schedules in a row share a market, its earlier days and its run without faults. */
const schedulesPerMarket = 64
/** Days that faults are drawn over: what one leaves in the store goes into the next. */
const scheduledDays = 2
/** A failing schedule says this much. */
const toldMax = 5

/** A market, and what its days must come to. */
interface Expected {
  readonly number: number
  readonly market: Market
  readonly before: State
  readonly extent: Extent
  readonly published: Published
  readonly tables: State['tables']
}

export interface Verdict {
  readonly seed: number
  readonly plan: Plan
  readonly steps: number
  /** What workers died of on their own. */
  readonly errors: readonly string[]
  /** Empty when everything is as without faults. */
  readonly failures: readonly string[]
}

/** Runs schedules of faults one by one and holds each to the run of its market without faults. */
export class Schedules {
  #expected: Expected | null = null

  async run(seed: number): Promise<Verdict> {
    const number = Math.floor(seed / schedulesPerMarket)
    if (this.#expected?.number !== number) this.#expected = await expectedOf(number)
    const { market, before, extent, published, tables } = this.#expected
    const plan = drawPlan(new Random(seed, 2), extent)
    const outcome = await new World({ market, dates: datesOf(market), before, seed, plan }).run()
    const failures = [...outcome.broken, ...(outcome.isOver ? [] : ['it does not end'])]
    const actual = publishedOf(outcome.topics, before.topics, datesOf(market)[0], failures)
    failures.push(...compare(published, actual), ...compareTables(tables, outcome.tables, before.tables))
    return { seed, plan, steps: outcome.steps, errors: outcome.errors, failures: failures.slice(0, toldMax) }
  }
}

const datesOf = (market: Market): readonly string[] => market.dates.slice(earlierDays)

async function expectedOf(number: number): Promise<Expected> {
  const market = await drawMarket(number, earlierDays + scheduledDays)
  const quiet = { market, seed: number, plan: nothing }
  const empty: State = {
    topics: new Map(),
    tables: new Map([['instruments', market.listings]]),
    committed: new Map(),
    files: new Map(),
  }
  const before = whole(
    await new World({ ...quiet, dates: market.dates.slice(0, earlierDays), before: empty }).run(),
    empty,
  )
  const clean = await new World({ ...quiet, dates: datesOf(market), before }).run()
  const failures: string[] = []
  const published = publishedOf(clean.topics, before.topics, datesOf(market)[0], failures)
  if (failures.length > 0 || !clean.isOver || clean.errors.length > 0)
    throw new Error(`market ${number} fails without faults: ${[...failures, ...clean.errors].join('; ')}`)
  return { number, market, before, extent: clean.extent, published, tables: clean.tables }
}

/** Everything that stands after a run, what stood before it included. */
function whole({ topics, tables, committed, files }: Outcome, before: State): State {
  const names = new Set([...before.tables.keys(), ...tables.keys()])
  return {
    topics,
    committed,
    files,
    tables: new Map(
      [...names].map((name) => [name, new Map([...(before.tables.get(name) ?? []), ...(tables.get(name) ?? [])])]),
    ),
  }
}
