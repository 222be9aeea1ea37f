import { cn } from '../../schemas/profiles/index.ts'
import { Random } from './random.ts'
import type { MarketPath } from './path.ts'
import type { Instrument } from './universe.ts'

/** Daily bars before the first simulated day, [days][names]; NaN = suspended. Prices in CNY, volume in shares. */
export interface DailyBars {
  readonly dates: readonly string[]
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly vwap: Float64Array
  readonly volume: Float64Array
}

/** Turnover of a name of size factor 1 for each order or cancel sent, CNY: what the order flow trades on average. */
export const amountPerAction = 34_000
const suspensionChance = 0.003

/** Larger names trade larger orders. */
export const sizeFactorOf = ({ lnCap }: Instrument): number =>
  Math.max(0.5, Math.min(2.5, Math.exp(0.35 * (lnCap - Math.log(1.2e10)))))

export const isSuspended = (seed: number, day: number, instrument: number): boolean =>
  new Random(seed, 11, day, instrument).uniform() < suspensionChance

const cents = (price: number): number => Math.round(price / cn.priceTick) * cn.priceTick

/** Bars that trade around the path's levels as the simulated days do: same noise within the day, same turnover. */
export function drawEarlierBars(
  seed: number,
  instruments: readonly Instrument[],
  path: MarketPath,
  dates: readonly string[],
  actions: number,
): DailyBars {
  const random = new Random(seed, 10)
  const n = path.names
  const column = (): Float64Array => new Float64Array(dates.length * n).fill(NaN)
  const bars: DailyBars = {
    dates,
    open: column(),
    high: column(),
    low: column(),
    close: column(),
    vwap: column(),
    volume: column(),
  }
  const before = new Float64Array(n).fill(NaN)
  for (let k = 0; k < dates.length * n; k++) {
    const i = k % n
    const level = path.level[k]
    const overnight = Number.isNaN(before[i]) ? 0 : before[i] - level
    const open = level + 0.3 * overnight + 0.003 * random.normal()
    const close = level - 0.3 * overnight + 0.005 * random.normal()
    const swing = 0.003 + 0.003 * random.exponential()
    const busy = Math.exp(0.25 * random.normal() + 4 * Math.abs(overnight) - 0.1)
    if (random.uniform() < suspensionChance && k + n < dates.length * n) continue
    before[i] = close
    bars.open[k] = cents(Math.exp(open))
    bars.close[k] = cents(Math.exp(close))
    bars.high[k] = cents(Math.exp(Math.max(open, close, level) + swing))
    bars.low[k] = cents(Math.exp(Math.min(open, close, level) - swing))
    bars.vwap[k] = Math.max(bars.low[k], Math.min(bars.high[k], Math.exp(level)))
    const amount = actions * amountPerAction * sizeFactorOf(instruments[i]) * busy
    bars.volume[k] = Math.max(1, Math.round(amount / bars.vwap[k] / cn.lotSize)) * cn.lotSize
  }
  return bars
}

/** Float-cap-weighted index of the bars, 1000 at the first close; by date. A suspended name keeps its last close. */
export function indexOf(instruments: readonly Instrument[], path: MarketPath, bars: DailyBars): Float64Array {
  const n = path.names
  const level = new Float64Array(bars.dates.length).fill(1000)
  const lastClose = new Float64Array(n).fill(NaN)
  const floats = instruments.map((instrument, i) => sharesOf(instrument, path.start[i]).float)
  for (let t = 0; t < bars.dates.length; t++) {
    let now = 0
    let then = 0
    for (let i = 0; i < n; i++) {
      const close = bars.close[t * n + i]
      if (Number.isNaN(close)) continue
      if (!Number.isNaN(lastClose[i])) {
        now += floats[i] * close
        then += floats[i] * lastClose[i]
      }
      lastClose[i] = close
    }
    if (t > 0) level[t] = level[t - 1] * (then > 0 ? now / then : 1)
  }
  return level
}

/** Shares of a name: its market value over its price before the first bar. They never change. */
export function sharesOf({ lnCap, floatPart }: Instrument, start: number): { total: number; float: number } {
  const lots = (shares: number): number => Math.round(shares / cn.lotSize) * cn.lotSize
  const total = lots(Math.exp(lnCap - start))
  return { total, float: lots(total * floatPart) }
}
