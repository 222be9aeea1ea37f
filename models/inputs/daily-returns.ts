import { ClosebellError } from '../../schemas/errors.ts'

/** Daily closes and caps of a market, from which exposures and style returns are made. */
export interface DailyHistory {
  /** Trading dates, ascending. */
  readonly dates: readonly string[]
  /** Sorted symbols. */
  readonly instruments: readonly string[]
  /** [dates][instruments] adjusted closes; NaN on a day without trades. */
  readonly close: Float64Array
  /** [dates][instruments] value of the float; NaN = carried. */
  readonly floatCap: Float64Array
  /** [dates][instruments] value of all shares; NaN = carried. */
  readonly totalCap: Float64Array
  /** [dates][instruments] volume over float shares; NaN on a day without trades. */
  readonly turnover?: Float64Array
  /** [dates] decimal returns of the index; without them the float-cap weighted market is the index. */
  readonly indexReturn?: Float64Array
}

/** The history by instrument, so that a window of one name lies together. */
export interface DailyReturns {
  readonly dates: readonly string[]
  readonly instruments: readonly string[]
  /** [instruments][dates] simple returns against the last close before; NaN on a day without trades. */
  readonly returns: Float64Array
  /** [instruments][dates] ln(1 + return). */
  readonly logReturns: Float64Array
  /** [dates] returns of the index; NaN on the first day. */
  readonly market: Float64Array
  /** [dates][instruments] caps, the last known one carried over days without. */
  readonly floatCap: Float64Array
  readonly totalCap: Float64Array
  /** [instruments][dates] volume over float shares, NaN on a day without trades; null = not known. */
  readonly turnover: Float64Array | null
}

/** Returns, carried caps and the index. Each value knows its own day and earlier ones only. */
export function dailyReturns(history: DailyHistory): DailyReturns {
  checkHistory(history)
  const days = history.dates.length
  const names = history.instruments.length
  const returns = new Float64Array(days * names).fill(NaN)
  for (let name = 0; name < names; name++) {
    let before = NaN
    for (let day = 0; day < days; day++) {
      const close = history.close[day * names + name]
      if (Number.isNaN(close)) continue
      returns[name * days + day] = close / before - 1
      before = close
    }
  }
  const floatCap = carried(history.floatCap, names)
  return {
    dates: history.dates,
    instruments: history.instruments,
    returns,
    logReturns: returns.map(Math.log1p),
    market: history.indexReturn ?? capWeighted(returns, floatCap, days, names),
    floatCap,
    totalCap: carried(history.totalCap, names),
    turnover: history.turnover === undefined ? null : byName(history.turnover, names),
  }
}

/** [dates][instruments] as [instruments][dates]. */
function byName(values: Float64Array, names: number): Float64Array {
  const days = values.length / names
  const turned = new Float64Array(values.length)
  for (let at = 0; at < values.length; at++) turned[(at % names) * days + Math.floor(at / names)] = values[at]
  return turned
}

/** Returns weighted by the float caps of the day before. */
function capWeighted(returns: Float64Array, floatCap: Float64Array, days: number, names: number): Float64Array {
  return Float64Array.from({ length: days }, (_, day) => {
    let sum = 0
    let weights = 0
    for (let name = 0; day > 0 && name < names; name++) {
      const weighted = floatCap[(day - 1) * names + name] * returns[name * days + day]
      if (Number.isNaN(weighted)) continue
      sum += weighted
      weights += floatCap[(day - 1) * names + name]
    }
    return sum / weights
  })
}

function carried(values: Float64Array, names: number): Float64Array {
  const filled = values.slice()
  for (let at = names; at < filled.length; at++) if (Number.isNaN(filled[at])) filled[at] = filled[at - names]
  return filled
}

function checkHistory(history: DailyHistory): void {
  const cells = history.dates.length * history.instruments.length
  const { close, floatCap, totalCap, turnover = close } = history
  const lengths = [close.length, floatCap.length, totalCap.length, turnover.length]
  const indexDays = history.indexReturn?.length ?? history.dates.length
  if (lengths.every((length) => length === cells) && indexDays === history.dates.length) return
  throw new ClosebellError(
    'CB_ENGINE_INPUT',
    `closes, caps and turnover need ${cells} values, the index ${history.dates.length}; ` +
      `there are ${lengths.join(', ')} and ${indexDays}`,
  )
}
