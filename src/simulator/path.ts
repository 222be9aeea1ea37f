import { fundamentalScores, type FundamentalReport } from './fundamentals.ts'
import type { SimulationOptions } from './options.ts'
import { Random } from './random.ts'
import { standardise } from './section.ts'
import * as planted from './signal.ts'
import type { Instrument } from './universe.ts'

/** Daily levels of the market, before any order is sent. Rows are earlier days, then simulated days. */
export interface MarketPath {
  readonly names: number
  readonly earlier: number
  readonly days: number
  /** [earlier + days][names]: ln of the price around which the day trades, CNY. */
  readonly level: Float64Array
  /** [names]: ln of the price before the first earlier bar; a name's shares are exp(lnCap - start). */
  readonly start: Float64Array
  /** [earlier + days][4]: returns of size, beta, momentum and residual volatility. */
  readonly styles: Float64Array
  /** [days][names]: the latent state s, and how it shows in each set's flow. */
  readonly state: Float64Array
  readonly shown: { readonly pv: Float64Array; readonly c: Float64Array; readonly hf: Float64Array }
  /** [days][names]: the planted log return of the average price of d+1 to that of d+1+H. */
  readonly expected: Float64Array
}

const marketVolatility = 0.008
const styleVolatility = [0.0025, 0.002, 0.002, 0.002]
const industryVolatility = 0.004
const ownVolatility = 0.011
/** No name moves further in a day, so that the limits of 10 % leave room for the day's own swings. */
const widestStep = 0.07
const momentumFrom = 252
const momentumTo = 21

/** Style returns: volatility changes every 15 to 25 days, so does the size factor's mean where a signal needs it. */
function drawStyles(random: Random, days: number, trending: boolean): Float64Array {
  const returns = new Float64Array(days * 4)
  let sign = random.uniform() < 0.5 ? 1 : -1
  let left = 0
  let volatility = 1
  for (let d = 0; d < days; d++) {
    if (left-- === 0) {
      left = 14 + random.below(11)
      sign = -sign
      volatility = random.uniform() < 0.5 ? 0.8 : 1.2
    }
    for (let k = 0; k < 4; k++) returns[d * 4 + k] = styleVolatility[k] * volatility * random.normal()
    if (trending) returns[d * 4] += sign * planted.regimeReturn
  }
  return returns
}

/** [days][names]: AR(1) over days, standard normal in the section. */
function drawState(random: Random, days: number, names: number): Float64Array {
  const state = new Float64Array(days * names)
  const fresh = Math.sqrt(1 - planted.persistence ** 2)
  for (let k = 0; k < state.length; k++) {
    state[k] = k < names ? random.normal() : planted.persistence * state[k - names] + fresh * random.normal()
  }
  return state
}

const withNoise = (random: Random, state: Float64Array): Float64Array =>
  state.map((value) => value + planted.visibilityNoise * random.normal())

/** Prices of the last earlier day: what the levels are anchored at. */
const anchorPrice = (random: Random): number => Math.max(7, Math.min(80, 20 * Math.exp(0.5 * random.normal())))

interface Drift {
  readonly expected: Float64Array
  readonly daily: Float64Array
}

/** e and its daily part on one simulated day, from what is known on that day. */
function plant(
  options: SimulationOptions,
  today: { state: Float64Array; fundamentals: Float64Array; gate: number; industry: Int32Array },
  groups: { neighbours: Int32Array; width: number },
  industries: Int32Array,
  out: Drift,
): void {
  const parts = planted.partsOf(options.signal)
  const size = planted.strength(options.horizon)
  const nearest = planted.nearestAgainstIndustry(today.state, today.industry, industries)
  for (let i = 0; i < out.expected.length; i++) {
    const near = nearest[i]
    const alike = planted.neighbourState(today.state, groups.neighbours, i, groups.width)
    const fromState =
      parts.own * today.state[i] +
      parts.neighbours * near +
      parts.regime * (today.gate * near + (1 - today.gate) * alike)
    const fromFundamentals = parts.fundamentals * today.fundamentals[i]
    out.expected[i] = size * (fromState + fromFundamentals)
    out.daily[i] = size * (planted.stateShare(options.horizon) * fromState + fromFundamentals / options.horizon)
  }
}

/** Exposures to size, momentum and residual volatility before day t: standardised over the section. */
function exposuresBefore(t: number, instruments: readonly Instrument[], level: Float64Array): Float64Array[] {
  const n = instruments.length
  const size = Float64Array.from(instruments, ({ lnCap }, i) => lnCap + (t > 0 ? level[(t - 1) * n + i] : 0))
  const momentum = Float64Array.from(instruments, (_, i) =>
    t > momentumFrom ? level[(t - momentumTo) * n + i] - level[(t - momentumFrom) * n + i] : 0,
  )
  const volatility = Float64Array.from(instruments, ({ residualVolatility }) => residualVolatility)
  const beta = Float64Array.from(instruments, (one) => one.beta)
  const exposures = [size, beta, momentum, volatility]
  for (const exposure of exposures) standardise(exposure)
  return exposures
}

/** Draws all levels. `dates` are those of the simulated days. */
export function drawPath(
  options: SimulationOptions,
  instruments: readonly Instrument[],
  reports: readonly FundamentalReport[],
  dates: readonly string[],
): MarketPath {
  const n = instruments.length
  const { seed, days, earlierDays: earlier } = options
  const random = new Random(seed, 3)
  const parts = planted.partsOf(options.signal)
  const styles = drawStyles(new Random(seed, 4), earlier + days, parts.regime > 0)
  const state = drawState(new Random(seed, 5), days, n)
  const fundamentals = fundamentalScores(reports, dates, n)
  const industries = Int32Array.from(instruments, ({ industryIndex }) => industryIndex)
  const groups = planted.groupNeighbours(Int32Array.from(instruments, ({ group }) => group))
  const level = new Float64Array((earlier + days) * n)
  const expected = new Float64Array(days * n)
  const daily = new Float64Array(days * n)
  for (let t = 0; t < earlier + days; t++) {
    const d = t - earlier
    stepLevels(random, t, instruments, level, styles)
    if (d >= 2) for (let i = 0; i < n; i++) level[t * n + i] += daily[(d - 2) * n + i]
    if (d < 0) continue
    const row = (values: Float64Array): Float64Array => values.subarray(d * n, (d + 1) * n)
    const floatCap = instruments.map(({ lnCap, floatPart }, i) => lnCap + level[(t - 1) * n + i] + Math.log(floatPart))
    const today = {
      state: row(state),
      fundamentals: row(fundamentals),
      gate: planted.regimeGate(lastSizeReturns(styles, t)),
      industry: planted.industryNeighbours(industries, Float64Array.from(floatCap)),
    }
    plant(options, today, groups, industries, { expected: row(expected), daily: row(daily) })
  }
  const start = anchor(new Random(seed, 6), level, n, earlier)
  const shown = {
    pv: withNoise(new Random(seed, 7), state),
    c: withNoise(new Random(seed, 8), state),
    hf: withNoise(new Random(seed, 9), state),
  }
  return { names: n, earlier, days, level, start, styles, state, shown, expected }
}

function lastSizeReturns(styles: Float64Array, t: number): Float64Array {
  const first = Math.max(0, t - planted.gateDays + 1)
  return Float64Array.from({ length: t - first + 1 }, (_, k) => styles[(first + k) * 4])
}

/** Adds day t's level: the one before, plus market, styles, industry and the name's own return. */
function stepLevels(
  random: Random,
  t: number,
  instruments: readonly Instrument[],
  level: Float64Array,
  styles: Float64Array,
): void {
  const n = instruments.length
  const exposures = exposuresBefore(t, instruments, level)
  const market = 0.0002 + marketVolatility * random.normal()
  const industryReturns = Array.from({ length: 1 + Math.max(...instruments.map((one) => one.industryIndex)) }, () =>
    industryVolatility * random.normal(),
  ) // prettier-ignore
  for (let i = 0; i < n; i++) {
    const { beta, industryIndex, residualVolatility } = instruments[i]
    let step = beta * market + industryReturns[industryIndex]
    for (let k = 0; k < 4; k++) step += exposures[k][i] * styles[t * 4 + k]
    step += ownVolatility * Math.exp(0.25 * residualVolatility) * random.normal()
    const before = t > 0 ? level[(t - 1) * n + i] : 0
    level[t * n + i] = before + Math.max(-widestStep, Math.min(widestStep, step))
  }
}

/** Shifts each name's levels so that its last earlier day has the price drawn for it, and answers the shifts. */
function anchor(random: Random, level: Float64Array, names: number, earlier: number): Float64Array {
  const shifts = new Float64Array(names)
  for (let i = 0; i < names; i++) {
    shifts[i] = Math.log(anchorPrice(random)) - level[(earlier - 1) * names + i]
    for (let k = i; k < level.length; k += names) level[k] += shifts[i]
  }
  return shifts
}
