import { ClosebellError } from '../../schemas/errors.ts'
import { fundamentalCount, styleNames } from '../sample.ts'
import { type DailyReturns } from './daily-returns.ts'
import { type Descriptors, fundamentalStyles } from './fundamental-styles.ts'
import { dateIndex } from './panel.ts'
import { cumulativeRange, type Decay, decay, liquidity, momentum, riskOf } from './style-descriptors.ts'
import { combine, fillByIndustry, orthogonal, standardiseStyle, toUnits } from './style-scaling.ts'

/** Style exposures of a section on the close of a date. */
export interface Exposures {
  readonly date: string
  readonly instruments: readonly string[]
  /** [n] as known on the date; '' = unknown. */
  readonly industries: readonly string[]
  /** [n] total cap. */
  readonly cap: Float64Array
  /** [10][n] in the order of `styleNames`; NaN for styles that are masked and for names without a cap. */
  readonly values: Float64Array
}

type StyleName = (typeof styleNames)[number]

/** Weights of DASTD, CMRA and HSIGMA in residual volatility, of STOM, STOQ and STOA in liquidity (CNE5). */
const volatilityWeights = [0.74, 0.16, 0.1] as const
const liquidityWeights = [0.35, 0.35, 0.3] as const

/**
 * The ten styles of CNE5 on the close of a date, domain.md §7; what is substituted stands at `fundamentalStyles`.
 *
 * Descriptors and composites are winsorised at ±3 deviations and shifted and scaled to cap-weighted mean 0 and
 * equal-weighted deviation 1; missing values are filled by the median of the industry, then of the section. Residual
 * volatility is made orthogonal to beta and size, liquidity and the cube of size to size, weighted by √cap.
 *
 * A style is NaN for all, masked, where its inputs do not exist: until histories are long enough (see `riskOf`,
 * `momentum`, `liquidity`), without turnover, without indicators, and when fewer than half of the names have a value.
 * @param industries [n] as known on the date
 * @param indicators [n][36] as known on the date; null = no company reports
 * @throws ClosebellError CB_ENGINE_INPUT for indicators of other names
 */
export function exposuresOn(
  history: DailyReturns,
  date: string,
  industries: readonly string[],
  indicators: Float64Array | null = null,
): Exposures {
  const day = dateIndex(history, date)
  const names = history.instruments.length
  checkIndicators(indicators, names)
  const cap = history.totalCap.slice(day * names, (day + 1) * names).map((value) => (value > 0 ? value : NaN))
  const scale = (raw: Float64Array): Float64Array => standardiseStyle(fillByIndustry(raw, industries, cap), cap)
  const composite = ({ parts, weights }: Descriptors): Float64Array => scale(combine(parts, weights, cap))
  const styles = { ...marketStyles(history, day, cap, scale), ...reportedStyles(indicators, composite) }
  const values = new Float64Array(styleNames.length * names).fill(NaN)
  styleNames.forEach((name, style) => values.set(styles[name] ?? [], style * names))
  return { date, instruments: history.instruments, industries, cap, values }
}

/** Styles of prices, caps and turnover. @param scale fills, winsorises and standardises */
function marketStyles(
  history: DailyReturns,
  day: number,
  cap: Float64Array,
  scale: (raw: Float64Array) => Float64Array,
): Partial<Record<StyleName, Float64Array>> {
  const raw = descriptorsOn(history, day)
  const size = scale(cap.map(Math.log))
  const beta = scale(raw.beta)
  const parts = [raw.dastd, raw.cmra, raw.hsigma].map(scale)
  const volatility = parts[0].map((_, i) => parts.reduce((sum, part, p) => sum + volatilityWeights[p] * part[i], 0))
  const turned = scale(combine([raw.stom, raw.stoq, raw.stoa], liquidityWeights, cap))
  return {
    size,
    beta,
    momentum: scale(raw.momentum),
    residual_volatility: toUnits(orthogonal(standardiseStyle(volatility, cap), [beta, size], cap), cap),
    non_linear_size: standardiseStyle(
      orthogonal(
        size.map((z) => z * z * z),
        [size],
        cap,
      ),
      cap,
    ),
    liquidity: toUnits(orthogonal(turned, [size], cap), cap),
  }
}

/** Styles of company reports; none without any. */
function reportedStyles(
  indicators: Float64Array | null,
  composite: (descriptors: Descriptors) => Float64Array,
): Partial<Record<StyleName, Float64Array>> {
  if (indicators === null) return {}
  const { bookToPrice, earningsYield, growth, leverage } = fundamentalStyles(indicators)
  return {
    book_to_price: composite(bookToPrice),
    earnings_yield: composite(earningsYield),
    growth: composite(growth),
    leverage: composite(leverage),
  }
}

const slow: Decay = decay(252, 63)
const fast: Decay = decay(252, 42)
const longRun: Decay = decay(504, 126)

type MarketDescriptor = 'beta' | 'momentum' | 'dastd' | 'cmra' | 'hsigma' | 'stom' | 'stoq' | 'stoa'

function descriptorsOn(history: DailyReturns, day: number): Readonly<Record<MarketDescriptor, Float64Array>> {
  const names = history.instruments.length
  const days = history.dates.length
  const column = (): Float64Array => new Float64Array(names).fill(NaN)
  const all = {
    beta: column(), momentum: column(), dastd: column(), cmra: column(), hsigma: column(),
    stom: column(), stoq: column(), stoa: column(),
  } // prettier-ignore
  for (let name = 0; name < names; name++) {
    const upTo = (series: Float64Array): Float64Array => series.subarray(name * days, name * days + day + 1)
    const risk = riskOf(upTo(history.returns), history.market, slow, fast)
    all.beta[name] = risk.beta
    all.dastd[name] = risk.deviation
    all.hsigma[name] = risk.residualDeviation
    all.momentum[name] = momentum(upTo(history.logReturns), longRun)
    all.cmra[name] = cumulativeRange(upTo(history.logReturns))
    if (history.turnover === null) continue
    const { month, quarter, year } = liquidity(upTo(history.turnover))
    all.stom[name] = month
    all.stoq[name] = quarter
    all.stoa[name] = year
  }
  return all
}

function checkIndicators(indicators: Float64Array | null, names: number): void {
  if (indicators === null || indicators.length === names * fundamentalCount) return
  throw new ClosebellError(
    'CB_ENGINE_INPUT',
    `${names} names have ${names * fundamentalCount} indicators; there are ${indicators.length}`,
  )
}
