import { fundamentalCount } from '../sample.ts'

/** Places of the indicators that styles are made of, f01 being 0; domain.md §5 has their order. */
const indicator = {
  revenueGrowth: 0,
  profitGrowth: 1,
  debtToAssets: 18,
  longDebtToAssets: 20,
  minusEquityMultiplier: 21,
  earningsToPrice: 31,
  bookToPrice: 32,
  cashFlowToPrice: 34,
} as const

/** Descriptors of one style, each [n] with NaN where its indicator is missing, and their weights. */
export interface Descriptors {
  readonly parts: readonly Float64Array[]
  readonly weights: readonly number[]
}

/**
 * The four styles of company reports, by the descriptors of CNE5 (domain.md §7) that the 36 indicators give:
 *
 * - book to price: BTOP from BP.
 * - earnings yield: CETOP from CFO/P and ETOP from EP; EPFWD needs forecasts of analysts and is absent.
 * - growth: YoY growth of net profit stands for the five-year slope EGRO, that of revenue for SGRO; EGRLF and EGRSF
 *   need forecasts and are absent.
 * - leverage: MLEV = 1 + LD/ME, DTOA, BLEV = 1 + LD/BE, with LD/BE = LT debt/assets · equity multiplier and
 *   LD/ME = LD/BE · BP; preferred equity is taken as 0.
 *
 * @param indicators [n][36] as known on the date
 */
export function fundamentalStyles(
  indicators: Float64Array,
): Readonly<Record<'bookToPrice' | 'earningsYield' | 'growth' | 'leverage', Descriptors>> {
  const n = indicators.length / fundamentalCount
  const of = (name: keyof typeof indicator): Float64Array =>
    Float64Array.from({ length: n }, (_, i) => indicators[i * fundamentalCount + indicator[name]])
  const book = of('bookToPrice')
  const multiplier = of('minusEquityMultiplier')
  const longDebtToBook = of('longDebtToAssets').map((share, i) => -share * multiplier[i])
  return {
    bookToPrice: { parts: [book], weights: [1] },
    earningsYield: { parts: [of('cashFlowToPrice'), of('earningsToPrice')], weights: [0.21, 0.11] },
    growth: { parts: [of('profitGrowth'), of('revenueGrowth')], weights: [0.24, 0.47] },
    leverage: {
      parts: [
        longDebtToBook.map((debt, i) => 1 + debt * book[i]),
        of('debtToAssets'),
        longDebtToBook.map((x) => 1 + x),
      ],
      weights: [0.38, 0.35, 0.27],
    },
  }
}
