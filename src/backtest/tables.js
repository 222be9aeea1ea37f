import { meansBy } from '../../models/evaluation/factor-series.js'
import { coverageOf } from './document.js'
/** The numbers of the report once more, factors and returns included, so that a notebook can go on from there. */
export const tablesOf = (result) => [metricsTable(result), dailyTable(result), factorsTable(result)]
const symbol = (name) => ({ name, kind: 'symbol' })
const double = (name) => ({ name, kind: 'double' })
/** A row per factor, raw or neutral, and metric. `error`: Newey-West for RankIC, else the deviation of the offsets. */
function metricsTable(result) {
  const rows = result.factors.flatMap((measured) => [
    ...metricsOf(measured.raw, result).map((metric) => ({ set: measured.factor.set, version: 'raw', ...metric })),
    ...metricsOf(measured.neutral, result).map((metric) => ({
      set: measured.factor.set,
      version: 'neutral',
      ...metric,
    })),
    { set: measured.factor.set, version: 'raw', name: 'coverage', mean: coverageOf(measured.factor, measured.raw) },
    { set: measured.factor.set, version: 'raw', name: 'capacity_low', mean: measured.capacity.low },
    { set: measured.factor.set, version: 'raw', name: 'capacity_median', mean: measured.capacity.median },
  ])
  const pick = (value) => Float64Array.from(rows, (row) => value(row) ?? NaN)
  return {
    name: 'metrics',
    columns: [
      ...['set', 'version', 'metric'].map(symbol),
      ...['cost_a_side', 'mean', 'error', 'lowest', 'highest'].map(double),
    ],
    rows: {
      count: rows.length,
      columns: {
        set: rows.map(({ set }) => set),
        version: rows.map(({ version }) => version),
        metric: rows.map(({ name }) => name),
        cost_a_side: pick(({ cost }) => cost),
        mean: pick(({ mean }) => mean),
        error: pick(({ error }) => error),
        lowest: pick(({ lowest }) => lowest),
        highest: pick(({ highest }) => highest),
      },
    },
  }
}
function metricsOf(evaluation, { prices, horizon }) {
  const { rankIc, decay } = evaluation
  const { byOffset, test, ratio } = rankIc
  return [
    {
      name: `rank_ic_${horizon}d`,
      mean: byOffset.mean,
      error: test.standardError,
      lowest: byOffset.lowest,
      highest: byOffset.highest,
    },
    { name: 'rank_ic_ir', mean: ratio.ratio, error: ratio.spread },
    ...legMetrics('long_short', evaluation.longShort),
    ...legMetrics('long_only', evaluation.longOnly),
    { name: 'turnover', mean: evaluation.turnover },
    { name: 'rank_autocorrelation', mean: evaluation.autocorrelation },
    ...decay.map(({ horizon: days, test: one }) => ({
      name: `decay_${days}d`,
      mean: one.mean,
      error: one.standardError,
    })),
    ...[4, 7].flatMap((characters) =>
      meansBy(prices.dates, rankIc.daily, characters)
        .filter(({ days }) => days > 0)
        .map(({ label, mean }) => ({ name: `rank_ic_${label}`, mean })),
    ),
  ]
}
function legMetrics(name, leg) {
  return leg.byCost.flatMap(({ cost, annualReturn, informationRatio, maxDrawdown }) => [
    { name: `${name}_annual_return`, cost, error: annualReturn.deviation, ...annualReturn },
    { name: `${name}_information_ratio`, cost, error: informationRatio.deviation, ...informationRatio },
    { name: `${name}_max_drawdown`, cost, error: maxDrawdown.deviation, ...maxDrawdown },
  ])
}
/** The daily series of one factor, under their column names. */
function seriesOf({ factor, raw, neutral }, days) {
  const groups = raw.groupDaily.length / days - 1
  const group = (g) => raw.groupDaily.subarray(g * days, (g + 1) * days)
  const costs = raw.longShort.byCost
  return {
    rank_ic: raw.rankIc.daily,
    rank_ic_neutral: neutral.rankIc.daily,
    long_short: costs[0].daily,
    long_only: raw.longOnly.byCost[0].daily,
    ...Object.fromEntries(costs.slice(1).map(({ cost, daily }) => [`long_short_at_${cost}`, daily])),
    ...Object.fromEntries(raw.longOnly.byCost.slice(1).map(({ cost, daily }) => [`long_only_at_${cost}`, daily])),
    long_short_neutral: neutral.longShort.byCost[0].daily,
    long_only_neutral: neutral.longOnly.byCost[0].daily,
    ...Object.fromEntries(Array.from({ length: groups }, (_, g) => [`group_${g + 1}`, group(g)])),
    universe_return: group(groups),
    turnover: raw.turnoverDaily,
    scored: raw.names,
    universe: factor.universe,
  }
}
/** A row per factor and day: what the figures draw; portfolios are the mean of the rebalance offsets. */
function dailyTable({ factors, prices }) {
  const { dates, first } = prices
  const days = dates.length
  const all = factors.map((measured) => seriesOf(measured, days))
  const names = Object.keys(all[0] ?? {})
  const isDay = (at) => all.some((series) => names.some((name) => !Number.isNaN(series[name][at])))
  const kept = [...dates.keys()].filter((day) => day >= first && isDay(day))
  // Weights have names of their own for each factor: graphs of a set, sets of ML_C.
  const weightNames = [...new Set(factors.flatMap(({ factor }) => factor.weights.map(({ name }) => name)))]
  const weightOf = (measured, name) => measured.factor.weights.find((weight) => weight.name === name)?.daily
  const columns = {
    set: factors.flatMap(({ factor }) => kept.map(() => factor.set)),
    date: factors.flatMap(() => kept.map((day) => dates[day])),
  }
  for (const name of names) columns[name] = joined(all.map((series) => kept.map((day) => series[name][day])))
  for (const name of weightNames) {
    const values = factors.map((measured) => kept.map((day) => weightOf(measured, name)?.[day] ?? NaN))
    columns[`weight ${name}`.replaceAll(' ', '_')] = joined(values)
  }
  return {
    name: 'daily',
    columns: [symbol('set'), symbol('date'), ...Object.keys(columns).slice(2).map(double)],
    rows: { count: factors.length * kept.length, columns },
  }
}
const joined = (parts) => Float64Array.from(parts.flat())
/** A row per factor, day and name that was scored: the factor and what followed, limit-up entries without a return. */
function factorsTable({ factors, prices, horizon }) {
  const { dates, instruments, first, last, market } = prices
  const names = instruments.length
  const outcomes = market.outcomes.get(horizon) ?? new Float64Array(market.days * names).fill(NaN)
  const places = []
  const owners = []
  for (const { factor } of factors) {
    for (let at = first * names; at < (last + 1) * names; at++) {
      if (Number.isNaN(factor.raw[at])) continue
      places.push(at)
      owners.push(factor)
    }
  }
  return {
    name: 'factors',
    columns: [...['set', 'date', 'instrument'].map(symbol), ...['raw', 'neutral', 'forward_return'].map(double)],
    rows: {
      count: places.length,
      columns: {
        set: owners.map(({ set }) => set),
        date: places.map((at) => dates[Math.floor(at / names)]),
        instrument: places.map((at) => instruments[at % names]),
        raw: Float64Array.from(places, (at, row) => owners[row].raw[at]),
        neutral: Float64Array.from(places, (at, row) => owners[row].neutral[at]),
        forward_return: Float64Array.from(places, (at) => outcomes[at]),
      },
    },
  }
}
//# sourceMappingURL=tables.js.map
