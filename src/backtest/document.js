import { meansBy } from '../../models/evaluation/factor-series.js'
/** The JSON document of a backtest: what a notebook or a script reads. Fields are only ever added. */
export function documentOf(result) {
  return {
    from: result.from,
    to: result.to,
    horizon: result.horizon,
    label_price: result.labelPrice,
    in_sample: result.inSample,
    days_per_year: result.rules.daysPerYear,
    factors: result.factors.map((measured) => factorDocument(measured, result)),
    correlation: {
      sets: result.factors.map(({ factor }) => factor.set),
      values: result.correlation.map((row) => row.map(figure)),
    },
  }
}
function factorDocument({ factor, manifest, raw, neutral, capacity }, result) {
  const { rankIc } = raw
  const { dates } = result.prices
  return {
    set: factor.set,
    family: manifest?.spec.family ?? null,
    rank_ic: figure(rankIc.byOffset.mean),
    rank_ic_ir: figure(rankIc.ratio.ratio),
    long_short: legDocument(raw.longShort),
    long_only: legDocument(raw.longOnly),
    neutral: {
      rank_ic: figure(neutral.rankIc.byOffset.mean),
      rank_ic_ir: figure(neutral.rankIc.ratio.ratio),
      rank_ic_standard_error: figure(neutral.rankIc.test.standardError),
      long_short: legDocument(neutral.longShort),
      long_only: legDocument(neutral.longOnly),
    },
    coverage: figure(coverageOf(factor, raw)),
    turnover: figure(raw.turnover),
    days: rankIc.test.n,
    offsets: result.horizon,
    artifact: manifest?.hash ?? null,
    masked: factor.masked,
    rank_ic_standard_error: figure(rankIc.test.standardError),
    rank_ic_t: figure(rankIc.test.t),
    rank_ic_offsets: spreadDocument(rankIc.byOffset),
    rank_ic_ir_spread: figure(rankIc.ratio.spread),
    rank_autocorrelation: figure(raw.autocorrelation),
    decay: raw.decay.map(({ horizon, test }) => ({
      horizon,
      rank_ic: figure(test.mean),
      standard_error: figure(test.standardError),
    })),
    by_year: meansBy(dates, rankIc.daily, 4)
      .filter(({ days }) => days > 0)
      .map(({ label, mean, days }) => ({ year: label, rank_ic: figure(mean), days })),
    entries: raw.entries,
    capacity: { low: figure(capacity.low), median: figure(capacity.median) },
  }
}
function legDocument(leg) {
  const [first] = leg.byCost
  return {
    annual_return: figure(first.annualReturn.mean),
    information_ratio: figure(first.informationRatio.mean),
    max_drawdown: figure(first.maxDrawdown.mean),
    break_even_cost: figure(leg.breakEven),
    by_cost: leg.byCost.map(({ cost, annualReturn, informationRatio, maxDrawdown }) => ({
      cost_a_side: cost,
      annual_return: spreadDocument(annualReturn),
      information_ratio: spreadDocument(informationRatio),
      max_drawdown: spreadDocument(maxDrawdown),
    })),
  }
}
const spreadDocument = ({ mean, deviation, lowest, highest }) => ({
  mean: figure(mean),
  deviation: figure(deviation),
  lowest: figure(lowest),
  highest: figure(highest),
})
/** Scored over scorable names, mean over the days that were scored. */
export function coverageOf(factor, { names }) {
  let sum = 0
  let days = 0
  factor.universe.forEach((universe, day) => {
    if (!(universe > 0)) return
    sum += names[day] / universe
    days++
  })
  return days === 0 ? NaN : sum / days
}
const figure = (value) => (Number.isFinite(value) ? value : null)
//# sourceMappingURL=document.js.map
