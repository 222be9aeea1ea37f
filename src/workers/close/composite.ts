import type { Factor, Input, MlC } from '../../../schemas/day.ts'
import { shiftTradingDays, tradingDays } from '../../../schemas/calendars/index.ts'
import { profileOf } from '../../../schemas/profiles/index.ts'
import { composeMlC, requiredSets } from '../../../models/composite/compose.ts'
import { longOnlyExcess, longOnlyWeights, type SetWeights } from '../../../models/composite/long-only-weights.ts'
import { equalWeights } from '../../../models/composite/long-only-weights.ts'
import { stateWeights } from '../../../models/composite/state-weights.ts'
import { forwardReturns, knownReturns } from '../../../models/inputs/labels.ts'
import { areSame, daysOf } from '../../../models/inputs/panel.ts'
import { styleWindow, type StyleHistory } from '../../../models/inputs/style-window.ts'
import type { FeaturePanel } from '../../../models/sample.ts'
import { numbers, texts, type Store } from '../../ports/store.ts'
import { comparablePrices } from '../history/prices.ts'
import type { CompositeModel } from '../models-folder.ts'
import { neutralisers } from '../scoring/inputs.ts'
import { styleHistoryOf } from '../scoring/score-job.ts'

/** Periods of long-only returns that count. */
const periods = 12

export interface CompositeContext {
  readonly earlier: EarlierFactors
  readonly profile: string
  readonly date: string
  readonly revision: number
  /** PV up to and including the date. */
  readonly pv: FeaturePanel
  readonly exposures: Input
  readonly styles: readonly Input[]
  readonly model: CompositeModel | null
  /** Number of promoted sets. */
  readonly promoted: number
  readonly universe: number
}

/** ML_C of the factors that are there; null below 60 % of the promoted sets. */
export async function compositeOf(context: CompositeContext, factors: readonly Factor[]): Promise<MlC | null> {
  if (factors.length === 0 || factors.length < requiredSets(context.promoted)) return null
  const horizon = (factors[0] as Factor).horizon
  const instruments = [...new Set(factors.flatMap((factor) => factor.instruments))].sort()
  const sa = setWeightsOn(context.model, styleHistoryOf(context.styles), context.date, factors)
  const longOnly = await longOnlyWeightsOf(context, factors, horizon)
  const { lnFloatCap, industries } = neutralisers(context.exposures, instruments)
  const composite = composeMlC({
    factors: factors.map((factor) => spread(factor, instruments)),
    saWeights: sa.weights,
    longOnlyWeights: longOnly.weights,
    requireAtLeast: requiredSets(context.promoted),
    lnFloatCap,
    industries,
  })
  const kept = [...composite.neutral.keys()].filter((i) => Number.isFinite(composite.neutral[i]))
  return {
    date: context.date,
    revision: context.revision,
    horizon,
    coverage: kept.length / context.universe,
    sets: factors.map((factor) => factor.set),
    weights: [...composite.weights],
    saWeights: [...sa.weights],
    longOnlyWeights: [...longOnly.weights],
    flags: [...sa.flags, ...longOnly.flags],
    count: kept.length,
    instruments: kept.map((i) => instruments[i] as string),
    raw: Float64Array.from(kept, (i) => composite.raw[i]),
    neutral: Float64Array.from(kept, (i) => composite.neutral[i]),
    crc: 0,
  }
}

/** Neutral values of a factor over other names; NaN where it has none. */
function spread(factor: Factor, instruments: readonly string[]): Float64Array {
  const valueOf = new Map(factor.instruments.map((symbol, i) => [symbol, factor.neutral[i]]))
  return Float64Array.from(instruments, (symbol) => valueOf.get(symbol) ?? Number.NaN)
}

/** SA weights of the sets that are there, scaled to sum to 1; equal when the model was trained over other artifacts. */
export function setWeightsOn(
  model: CompositeModel | null,
  styles: StyleHistory,
  date: string,
  factors: readonly { readonly set: string; readonly artifactHash: string }[],
): SetWeights {
  const fits = model !== null && factors.every((factor) => model.artifacts[factor.set] === factor.artifactHash)
  if (!fits) return { weights: equalWeights(factors.length), flags: ['equal-sa'] }
  const all = stateWeights(model.model, model.model.sets, styleWindow(styles, date))
  const own = Float64Array.from(factors, (factor) => all.weights[model.model.sets.indexOf(factor.set)])
  const sum = own.reduce((total, weight) => total + weight, 0)
  return { weights: own.map((weight) => weight / sum), flags: all.flags }
}

/** Long-only weights from stored factors of earlier days and the returns that have been earned since. */
async function longOnlyWeightsOf(
  context: CompositeContext,
  factors: readonly Factor[],
  horizon: number,
): Promise<SetWeights> {
  const { date, pv, earlier } = context
  const dates = longOnlyDates(context.profile, date, horizon)
  const sets = factors.length
  const excess = new Float64Array(dates.length * sets).fill(Number.NaN)
  const published = await earlier.of(horizon)
  const begins = periodsOf(dates, horizon)
  const oldest = begins.at(-1) ?? date
  // Returns look ahead alone.
  const recent = daysOf(pv, pv.dates.filter((day) => day < oldest).length, pv.dates.length)
  const grid = { dates: recent.dates, instruments: pv.instruments, prices: vwapGrid(recent) }
  const forward = forwardReturns(grid, horizon)
  for (const day of begins) {
    const place = grid.dates.indexOf(day)
    if (place < 0) continue
    factors.forEach((factor, k) => {
      const known = published.get(`${day}|${factor.set}`)
      if (known === undefined) return
      const earned = knownReturns(forward, place, known.instruments)
      excess[dates.indexOf(day) * sets + k] = longOnlyExcess(known.neutral, earned)
    })
  }
  return longOnlyWeights({ dates, excess, sets }, date, horizon)
}

/** [dates][instruments] VWAP of a PV panel, comparable across days. */
export const vwapGrid = (pv: FeaturePanel): Float64Array => comparablePrices(pv, 'pv_vwap')

interface StoredFactor {
  readonly instruments: readonly string[]
  readonly neutral: Float64Array
}

/** Dates that the long-only weights of a horizon look back over, the day's own included. */
function longOnlyDates(name: string, date: string, horizon: number): string[] {
  const profile = profileOf(name)
  return tradingDays(profile, shiftTradingDays(profile, date, -(1 + horizon * (periods + 1))), date)
}

/** The days on which their periods begin, the newest first. */
function periodsOf(dates: readonly string[], horizon: number): string[] {
  const last = dates.length - 2 - horizon
  return Array.from({ length: periods }, (_, period) => dates[last - period * horizon]).filter(
    (day) => day !== undefined,
  )
}

/** Factors that the store has of the days before a date, read once for each horizon. */
export class EarlierFactors {
  readonly #store: Store
  readonly #profile: string
  readonly #date: string
  readonly #read = new Map<number, Promise<ReadonlyMap<string, StoredFactor>>>()

  constructor(store: Store, profile: string, date: string) {
    this.#store = store
    this.#profile = profile
    this.#date = date
  }

  /** Neutral values by `date|set`; what could not be read is asked for again. */
  of(horizon: number): Promise<ReadonlyMap<string, StoredFactor>> {
    const wanted = periodsOf(longOnlyDates(this.#profile, this.#date, horizon), horizon)
    const reading = this.#read.get(horizon) ?? storedFactors(this.#store, wanted)
    this.#read.set(horizon, reading)
    reading.catch(() => this.#read.delete(horizon))
    return reading
  }
}

/** Each date is asked for alone: between two of them lie days that nobody reads. */
async function storedFactors(store: Store, dates: readonly string[]): Promise<Map<string, StoredFactor>> {
  const found = new Map<string, { instruments: string[]; neutral: number[] }>()
  const columns = ['instrument', 'set', 'neutral']
  const days = await Promise.all(dates.map((date) => store.panel({ table: 'factors', columns, from: date, to: date })))
  days.forEach((rows, day) => {
    const ofSets = texts(rows, 'set')
    const values = numbers(rows, 'neutral')
    texts(rows, 'instrument').forEach((symbol, i) => {
      const key = `${dates[day]}|${ofSets[i]}`
      const known = found.get(key) ?? { instruments: [], neutral: [] }
      known.instruments.push(symbol)
      known.neutral.push(values[i])
      found.set(key, known)
    })
  })
  let names: readonly string[] = []
  return new Map(
    [...found].map(([key, { instruments, neutral }]) => {
      // Most are of the same names, and share them.
      names = areSame(instruments, names) ? names : instruments
      return [key, { instruments: names, neutral: Float64Array.from(neutral) }]
    }),
  )
}
