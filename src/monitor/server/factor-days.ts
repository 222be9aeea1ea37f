import type { Completed, Factor, MlC, Result } from '../../../schemas/day.ts'
import type { FactorTable, FactorWeights } from '../protocol/messages.ts'

/** What was published of one revision of one date. */
interface Published {
  readonly date: string
  readonly revision: number
  readonly factors: Map<string, Factor>
  readonly graphs: Map<string, readonly number[]>
  mlC: MlC | null
  completed: Completed | null
  completedAt: number
}

/** Days that are held: the newest completed one, the one before, and one that is being published. */
const daysMax = 4

/** Factors of the newest days, put together from their topics in whatever order these are read. */
export class FactorDays {
  readonly #published = new Map<string, Published>()
  #version = 0

  get version(): number {
    return this.#version
  }

  /** Names with an ML_C value in the newest completed day. */
  get published(): number {
    return this.#completedDays().at(-1)?.completed?.published ?? 0
  }

  factor(factor: Factor): void {
    this.#of(factor).factors.set(factor.set, factor)
    this.#version++
  }

  mlC(mlC: MlC): void {
    this.#of(mlC).mlC = mlC
    this.#version++
  }

  result({ date, revision, set, graphWeights }: Result): void {
    const published = this.#of({ date, revision })
    // The first logged result of a job wins.
    if (!published.graphs.has(set)) published.graphs.set(set, graphWeights)
  }

  completed(completed: Completed, at: number): void {
    const published = this.#of(completed)
    if (published.completed !== null) return
    published.completed = completed
    published.completedAt = at
    this.#version++
  }

  /** The newest completed day; `timeText` prints a time in ms UTC. */
  table(timeText: (at: number) => string, nameOf: (symbol: string) => string): FactorTable {
    const days = this.#completedDays()
    const newest = days.at(-1)
    if (newest === undefined) return nothing
    const before = days.findLast(({ date, completed }) => date < newest.date && completed?.retracted === false)
    return tableOf(newest, before, timeText, nameOf)
  }

  #completedDays(): Published[] {
    return [...this.#published.values()].filter(({ completed }) => completed !== null).sort(byAge)
  }

  #of({ date, revision }: { readonly date: string; readonly revision: number }): Published {
    const key = `${date}|${revision}`
    let published = this.#published.get(key)
    if (published === undefined) {
      const factors = new Map<string, Factor>()
      published = { date, revision, factors, graphs: new Map(), mlC: null, completed: null, completedAt: NaN }
      this.#published.set(key, published)
      this.#forget()
    }
    return published
  }

  #forget(): void {
    const dates = [...new Set([...this.#published.values()].map(({ date }) => date))].sort()
    const oldest = dates.at(-daysMax) ?? ''
    for (const [key, { date }] of this.#published) if (date < oldest) this.#published.delete(key)
  }
}

const byAge = (a: Published, b: Published): number =>
  a.date === b.date ? a.revision - b.revision : a.date < b.date ? -1 : 1

const nothing: FactorTable = {
  date: '',
  revision: 0,
  state: 'none',
  cause: '',
  completedAt: '',
  previousDate: '',
  universe: 0,
  symbols: [],
  names: [],
  raw: {},
  neutral: {},
  change: [],
  weights: [],
  flags: [],
  exclusions: [],
}

type Section = Pick<Factor, 'instruments' | 'raw' | 'neutral'>

const json = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** Values in the order of `symbols`; null where a section has none. */
function along(symbols: readonly string[], section: Section, column: 'raw' | 'neutral'): (number | null)[] {
  const values = new Map(section.instruments.map((symbol, row) => [symbol, section[column][row]]))
  return symbols.map((symbol) => json(values.get(symbol) ?? NaN))
}

function sectionsOf({ completed, factors, mlC }: Published): Map<string, Section> {
  const present = completed?.sets.filter(({ present }) => present).map(({ set }) => set) ?? []
  const sections = new Map<string, Section>()
  // A retraction has no values, whatever an earlier revision published.
  if (completed?.retracted === true) return sections
  for (const set of present) {
    const factor = factors.get(set)
    if (factor !== undefined) sections.set(set, factor)
  }
  if (mlC !== null && completed?.mlCHash !== '') sections.set('ML_C', mlC)
  return sections
}

function tableOf(
  day: Published,
  before: Published | undefined,
  timeText: (at: number) => string,
  nameOf: (symbol: string) => string,
): FactorTable {
  const completed = day.completed as Completed
  const sections = sectionsOf(day)
  const symbols = [...new Set([...sections.values()].flatMap(({ instruments }) => instruments))].sort()
  const columns = (column: 'raw' | 'neutral') =>
    Object.fromEntries([...sections].map(([name, section]) => [name, along(symbols, section, column)]))
  const neutral = columns('neutral')
  const earlier = before?.mlC === undefined || before.mlC === null ? null : along(symbols, before.mlC, 'neutral')
  return {
    date: day.date,
    revision: day.revision,
    state: completed.retracted ? 'retracted' : completed.degraded ? 'degraded' : 'complete',
    cause: completed.cause,
    completedAt: timeText(day.completedAt),
    previousDate: earlier === null ? '' : (before?.date ?? ''),
    universe: completed.universe,
    symbols,
    names: symbols.map(nameOf),
    raw: columns('raw'),
    neutral,
    change: symbols.map((_, row) => difference(neutral['ML_C']?.[row], earlier?.[row])),
    weights: completed.sets.map(({ set, present, reason }) => weightsOf(day, set, present ? '' : reason)),
    flags: day.mlC?.flags ?? [],
    exclusions: completed.exclusions,
  }
}

const difference = (now: number | null | undefined, then: number | null | undefined): number | null =>
  typeof now === 'number' && typeof then === 'number' ? now - then : null

function weightsOf({ mlC, graphs, completed }: Published, set: string, reason: string): FactorWeights {
  const index = completed?.retracted === true ? -1 : (mlC?.sets.indexOf(set) ?? -1)
  const weight = (values: readonly number[] | undefined): number | null => json(values?.[index] ?? NaN)
  return {
    set,
    weight: weight(mlC?.weights),
    stateAdaptive: weight(mlC?.saWeights),
    longOnly: weight(mlC?.longOnlyWeights),
    graphs: (graphs.get(set) ?? []).filter(Number.isFinite),
    reason,
  }
}
