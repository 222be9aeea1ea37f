/**
 * The planted signal.
 *
 * Every name i carries a latent state s(i,d), an AR(1) over days with coefficient φ = 0.5, standard normal in the
 * section. On day d it shows in the flow of the name, in three places with a noise of its own each (deviation 0.5):
 *   C   large and extra-large aggressive orders are buys with probability 1/(1+exp(-1.6 s_C)),
 *   HF  passive bids are larger by exp(0.4 s_HF), passive asks smaller by the same factor,
 *   PV  the last hour drifts by 0.7 % s_PV away from the day's average price, and sizes grow by exp(0.12 s_PV).
 * It says what the name, or its neighbours, will earn from the average price of d+1 to that of d+1+H, as a log return:
 *   own           e = K s(i,d)
 *   neighbours    e = K Z_industry, the mean of s(j,d) over the 6 other names of i's industry nearest in ln float cap
 *                 (cap at the average price of d-1; ties by symbol), less the mean over all other names of the
 *                 industry, standardised over the section; 0 in an industry of seven names or fewer. Factors are
 *                 industry-neutral, so that what an industry has in common could not be found in them
 *   regime        e = K [g Z_industry + (1-g) Z_financial]: Z_financial is sqrt(m) times the mean over the m other
 *                 names of i's financial group (names of one group have alike fundamentals, across industries), and
 *                 g = 1/(1+exp(-4 x)), x = mean size-factor return of the days d-19..d over 0.25 %. The size factor
 *                 earns +0.25 % or -0.25 % a day in turn, each for 15 to 25 days (it has mean 0 under other signals)
 *   fundamentals  e = K z, z the section's z-score of the sum of w_f times the percentile rank of indicator f as
 *                 known on d: 0.35 ROE, 0.25 net profit growth, 0.20 earnings yield, -0.20 debt to assets
 *   all           half the sum of the four
 *   none          e = 0
 * K = 0.55 % sqrt(H), which is near 0.38 of the spread of returns. The path pays it out daily: the step to the average
 * price of day j has the drift c e(i,j-2), with c = (1-φ)/(1-φ^H) for what follows s (then the sum over H days
 * has the expectation e(i,d) given day d, but for moves of the gate and the neighbours) and c = 1/H for fundamentals,
 * which stand still.
 */
import type { Signal } from './options.ts'
import { standardise } from './section.ts'

export const persistence = 0.5
export const visibilityNoise = 0.5
export const neighbourCount = 6
export const gateDays = 20
/** Daily mean of the size factor's return within a regime. */
export const regimeReturn = 0.0025
export const largeOrderTilt = 1.6
export const depthTilt = 0.4
export const closeTilt = 0.007
export const sizeTilt = 0.12

export const strength = (horizon: number): number => 0.0055 * Math.sqrt(horizon)

/** Share of e that one day's step pays. */
export const stateShare = (horizon: number): number => (1 - persistence) / (1 - persistence ** horizon)

/** How much of each part a signal plants. */
export const partsOf = (signal: Signal): { own: number; neighbours: number; regime: number; fundamentals: number } => ({
  own: signal === 'own' ? 1 : signal === 'all' ? 0.5 : 0,
  neighbours: signal === 'neighbours' ? 1 : signal === 'all' ? 0.5 : 0,
  regime: signal === 'regime' ? 1 : signal === 'all' ? 0.5 : 0,
  fundamentals: signal === 'fundamentals' ? 1 : signal === 'all' ? 0.5 : 0,
})

/** Weights on percentile ranks by the indicator's place in the 36 (0 = f01). */
export const fundamentalWeights: readonly (readonly [place: number, weight: number])[] = [
  [5, 0.35],
  [1, 0.25],
  [31, 0.2],
  [18, -0.2],
]

/** Weight of the industry's neighbours given the size factor's returns of the last 20 days (oldest first or not). */
export function regimeGate(sizeReturns: Float64Array): number {
  let sum = 0
  for (const value of sizeReturns) sum += value
  return 1 / (1 + Math.exp((-4 * sum) / sizeReturns.length / regimeReturn))
}

/** For each name its six nearest in ln float cap within the industry, -1 = none; ties by index, as symbols ascend. */
export function industryNeighbours(industries: Int32Array, lnFloatCap: Float64Array): Int32Array {
  const n = industries.length
  const result = new Int32Array(n * neighbourCount).fill(-1)
  const members = new Map<number, number[]>()
  for (let i = 0; i < n; i++) {
    const list = members.get(industries[i])
    if (list === undefined) members.set(industries[i], [i])
    else list.push(i)
  }
  for (let i = 0; i < n; i++) {
    const distance = (j: number): number => Math.abs(lnFloatCap[j] - lnFloatCap[i])
    const others = (members.get(industries[i]) ?? []).filter((j) => j !== i)
    others.sort((a, b) => distance(a) - distance(b) || a - b)
    for (let k = 0; k < Math.min(neighbourCount, others.length); k++) result[i * neighbourCount + k] = others[k]
  }
  return result
}

/** sqrt(m) x mean of the neighbours' states: unit deviation whatever m; 0 without neighbours. */
export function neighbourState(state: Float64Array, neighbours: Int32Array, i: number, width: number): number {
  let sum = 0
  let count = 0
  for (let k = i * width; k < (i + 1) * width; k++) {
    if (neighbours[k] < 0) continue
    sum += state[neighbours[k]]
    count++
  }
  return count === 0 ? 0 : sum / Math.sqrt(count)
}

/**
 * The nearest names' mean state less that of all other names of the industry, standardised over the section: 0 in an
 * industry whose every other name is among the nearest.
 */
export function nearestAgainstIndustry(state: Float64Array, nearest: Int32Array, industries: Int32Array): Float64Array {
  const count = 1 + industries.reduce((last, industry) => Math.max(last, industry), 0)
  const sums = new Float64Array(count)
  const members = new Float64Array(count)
  industries.forEach((industry, i) => {
    sums[industry] += state[i]
    members[industry] += 1
  })
  const apart = state.map((own, i) => {
    const others = members[industries[i]] - 1
    if (others <= neighbourCount) return 0
    const near = neighbourState(state, nearest, i, neighbourCount) / Math.sqrt(neighbourCount)
    return near - (sums[industries[i]] - own) / others
  })
  standardise(apart)
  return apart
}

/** The other names of each name's group, -1 = none; [names][widest group - 1]. */
export function groupNeighbours(groups: Int32Array): { neighbours: Int32Array; width: number } {
  const n = groups.length
  const lists = Array.from({ length: n }, (_, i) =>
    Array.from(groups.keys()).filter((j) => j !== i && groups[j] === groups[i]),
  )
  const width = Math.max(1, ...lists.map((list) => list.length))
  const neighbours = new Int32Array(n * width).fill(-1)
  lists.forEach((list, i) => neighbours.set(list, i * width))
  return { neighbours, width }
}
