import { Random } from './random.ts'

export type Exchange = 'SSE' | 'SZSE'

/** One listed name. Everything here stays as it is over the whole simulation. */
export interface Instrument {
  readonly symbol: string
  readonly exchange: Exchange
  readonly name: string
  readonly industry: string
  readonly industryIndex: number
  /** Names of one group have alike fundamentals, across industries. */
  readonly group: number
  readonly listDate: string
  /** ln of total market value on the day before the first earlier bar. */
  readonly lnCap: number
  /** Part of the shares that floats. */
  readonly floatPart: number
  /** Loading on the market's return. */
  readonly beta: number
  /** Standard normal: how volatile the name's own returns are among its peers. */
  readonly residualVolatility: number
}

/** Names of one financial group: each then has six others. */
const groupSize = 7
const namesPerIndustry = 13
const fewestIndustries = 5

const industryNames = [
  'banks', 'chemicals', 'electronics', 'pharmaceuticals', 'machinery', 'power equipment', 'food', 'computers', 'steel',
  'autos', 'utilities', 'transport', 'real estate', 'media', 'defence', 'textiles', 'building materials', 'telecoms',
  'agriculture', 'retail', 'coal', 'environment', 'home appliances', 'construction', 'leisure', 'petroleum', 'metals',
  'light industry', 'beauty care', 'conglomerates', 'insurance',
] // prettier-ignore

const industryName = (index: number): string => {
  const round = Math.floor(index / industryNames.length)
  return industryNames[index % industryNames.length] + (round === 0 ? '' : ` ${round + 1}`)
}

const symbolOf = (exchange: Exchange, index: number): string =>
  exchange === 'SSE' ? `${600_000 + index}.SH` : `${String(index + 1).padStart(6, '0')}.SZ`

/**
 * Half of the names trade in Shenzhen, half in Shanghai; symbols ascend. Industries hold about 13 names (five
 * industries at least), financial groups seven, both drawn apart.
 */
export function drawUniverse(seed: number, count: number): Instrument[] {
  const random = new Random(seed, 1)
  const industries = Math.max(fewestIndustries, Math.round(count / namesPerIndustry))
  const groups = Math.max(1, Math.floor(count / groupSize))
  const industryPlaces = random.permutation(count)
  const groupPlaces = random.permutation(count)
  const shenzhen = Math.floor(count / 2)
  return Array.from({ length: count }, (_, i) => {
    const exchange: Exchange = i < shenzhen ? 'SZSE' : 'SSE'
    const industryIndex = industryPlaces[i] % industries
    const industry = industryName(industryIndex)
    const listYear = 1994 + random.below(16)
    const listMonth = String(1 + random.below(12)).padStart(2, '0')
    return {
      symbol: symbolOf(exchange, i < shenzhen ? i : i - shenzhen),
      exchange,
      name: `${industry} ${Math.floor(industryPlaces[i] / industries) + 1}`,
      industry,
      industryIndex,
      group: groupPlaces[i] % groups,
      listDate: `${listYear}-${listMonth}-15`,
      lnCap: Math.log(1.2e10) + 0.9 * random.normal(),
      floatPart: 0.45 + 0.5 * random.uniform(),
      beta: 1 + 0.3 * random.normal(),
      residualVolatility: Math.max(-2.5, Math.min(2.5, random.normal())),
    }
  })
}
